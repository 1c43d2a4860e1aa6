"""`Plan.freeze_statistics`: running statistics of what is frozen stay as they are, and LRS410 without it."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import nn

import lrspec
from tests.optim.thawing.test_advance import compiled

SPEC = """
lrspec: 1
optimizer: {type: SGD, lr: 0.01}
rules:
  - {name: stem, match: '^stem', freeze: true}
  - {name: late, match: '^late', lr_mult: 1, freeze: {until: 3}}
  - {name: rest, fallback: true, lr_mult: 1}
"""


class Net(nn.Module):
    """Norms with parameters of their own and without, frozen, thawing and trained."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.BatchNorm1d(4, affine=False)), nn.BatchNorm1d(4))
        self.stem_without = nn.BatchNorm1d(4, track_running_stats=False)
        self.late = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.late_layer_norm = nn.LayerNorm(4)
        self.head = nn.Sequential(nn.Linear(4, 4), nn.SyncBatchNorm(4), nn.BatchNorm1d(4), nn.Linear(4, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.late_layer_norm(self.late(self.stem_without(self.stem(x))))
        out: torch.Tensor = self.head[3](self.head[2](self.head[0](x)))
        return out


def fresh(spec: str = SPEC) -> tuple[Net, lrspec.Plan, torch.optim.Optimizer]:
    model = Net()
    plan = lrspec.compile(lrspec.loads(spec), model)
    plan.freeze(model)
    return model, plan, lrspec.build_optimizer(plan, model)


def statistics(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.named_buffers()}


def run(steps: int, *, holding: bool) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    model, plan, optimizer = fresh(SPEC.replace("until: 3", "until: 100"))
    before = statistics(model)
    for step in range(steps):
        model.train()
        plan.advance(model, step)
        if holding:
            plan.freeze_statistics(model)
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().sum().backward()
        optimizer.step()
    return before, statistics(model)


@pytest.mark.parametrize("holding", [True, False])
def test_statistics_of_what_is_frozen_are_the_same_bits_after_100_steps(holding: bool) -> None:
    before, after = run(100, holding=holding)
    same = {name for name, value in after.items() if torch.equal(value, before[name])}
    frozen = {f"{name}.{of}" for name in ("stem.1.0", "stem.2", "late.1") for of in ("running_mean", "running_var")}
    untouched = {name for name in after if name.startswith("head.1.")}
    counters = {f"{name}.num_batches_tracked" for name in ("stem.1.0", "stem.2", "late.1")}
    assert same == untouched | (frozen | counters if holding else set())


def test_it_returns_what_is_frozen_now_and_gives_back_what_has_thawed() -> None:
    model, plan, _ = fresh()
    plan.advance(model, 0)
    assert plan.freeze_statistics(model) == ["stem.1.0", "stem.2", "late.1"]
    assert plan.freeze_statistics(model) == ["stem.1.0", "stem.2", "late.1"]
    assert [name for name, module in model.named_modules() if not module.training] == ["stem.1.0", "stem.2", "late.1"]
    plan.advance(model, 3)
    assert plan.freeze_statistics(model) == ["stem.1.0", "stem.2"]
    assert model.late[1].training
    plan.advance(model, 0)
    plan.freeze_statistics(model)
    model.eval()
    plan.advance(model, 3)
    plan.freeze_statistics(model)
    assert not model.late[1].training  # the model's own mode


def test_it_touches_no_others() -> None:
    model, plan, _ = fresh()
    model.head[2].eval()
    plan.advance(model, 3)
    plan.freeze_statistics(model)
    assert not model.head[2].training


def test_parameterless_norms_go_with_the_nearest_module_around_them_that_has_parameters() -> None:
    model, plan, _ = fresh()
    model.stem[0].bias.requires_grad_(True)
    model.stem[2].requires_grad_(True)
    assert plan.freeze_statistics(model) == []
    model.stem[0].bias.requires_grad_(False)
    assert plan.freeze_statistics(model) == []  # the stem has a norm that trains
    model.stem[2].requires_grad_(False)
    assert plan.freeze_statistics(model) == ["stem.1.0", "stem.2"]


def test_wrappers_and_tied_modules_are_seen_through() -> None:
    model, plan, _ = fresh()
    model.late[1] = model.stem[2]
    assert plan.freeze_statistics(nn.DataParallel(compiled(model))) == ["stem.1.0", "stem.2"]


def test_under_wrappers_the_mode_is_that_of_the_model_inside() -> None:
    model, plan, _ = fresh()
    wrapped = nn.DataParallel(model)
    plan.advance(wrapped, 0)
    assert plan.freeze_statistics(wrapped) == ["stem.1.0", "stem.2", "late.1"]
    wrapped.training = False  # as if `model.train()` had followed `wrapped.eval()`
    plan.advance(wrapped, 3)
    plan.freeze_statistics(wrapped)
    assert model.late[1].training


def test_norms_of_other_libraries_count() -> None:
    model = timm.create_model("efficientnet_b0", num_classes=2)
    spec: Any = {
        "lrspec": 1,
        "optimizer": {"type": "SGD", "lr": 0.1},
        "rules": [{"match": "^conv_stem|^bn1", "freeze": True}, {"fallback": True, "lr_mult": 1}],
    }
    plan = lrspec.compile(spec, model)
    plan.freeze(model)
    assert type(model.bn1).__name__ == "BatchNormAct2d"
    assert plan.freeze_statistics(model) == ["bn1"]


def test_verify_reports_what_would_be_put_into_eval() -> None:
    model, plan, optimizer = fresh()
    plan.advance(model, 0)
    found = plan.verify(optimizer, model, step=0)
    assert [(each.code, each.severity, each.rule) for each in found] == [
        ("LRS410", "warning", "stem"),
        ("LRS410", "warning", "late"),
    ]
    assert [(each.line, each.column) for each in found] == [(5, 42), (6, 54)]
    assert "2 frozen modules in training mode (stem.1.0, stem.2)" in found[0].message
    assert found[0].parameters == ("stem.2.weight", "stem.2.bias")
    plan.freeze_statistics(model)
    assert not plan.verify(optimizer, model, step=0)
    model.train()
    assert len(plan.verify(optimizer, model, step=0)) == 2
    model.eval()
    assert not plan.verify(optimizer, model, step=0)


def test_a_norm_whose_momentum_is_0_is_put_into_eval_but_not_reported() -> None:
    model, plan, optimizer = fresh()
    plan.advance(model, 3)
    norms: list[Any] = [each for each in model.stem.modules() if isinstance(each, nn.BatchNorm1d)]
    for norm in norms:
        norm.momentum = 0.0
    assert not plan.verify(optimizer, model, step=3)
    norms[-1].momentum = None
    (found,) = plan.verify(optimizer, model, step=3)
    assert "1 frozen module in training mode (stem.2)" in found.message
    assert plan.freeze_statistics(model) == ["stem.1.0", "stem.2"]


def test_what_the_model_has_frozen_is_reported_at_the_rules() -> None:
    model = Net()
    model.stem.requires_grad_(False)
    plan = lrspec.compile(lrspec.loads(SPEC.replace("  - {name: stem, match: '^stem', freeze: true}\n", "")), model)
    (found,) = plan.verify(lrspec.build_optimizer(plan, model), model)
    assert (found.code, found.rule, found.line, found.column) == ("LRS410", None, 4, 1)


def test_a_norm_in_a_module_without_parameters_is_not_frozen() -> None:
    _, plan, _ = fresh()
    assert plan.freeze_statistics(nn.Sequential(nn.BatchNorm1d(4, affine=False))) == []
    assert plan.freeze_statistics(nn.BatchNorm1d(4, affine=False)) == []
