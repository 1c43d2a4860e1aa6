"""Ten steps, a checkpoint, another grouping, ten more: bit for bit as if the state had been moved by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import lrspec

STEPS = 10
BEFORE = r"""
  - {name: body, match: '^(embed|blocks)\.', lr_mult: 0.5}
  - {name: head, match: '^head\.', lr_mult: 1}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
AFTER = r"""
  - {name: depth, layers: ['^embed\.', '^blocks\.(\d+)\.', '^head\.'], layer_decay: 0.5}
  - {name: norms, match: 'norm\.', weight_decay: 0.02}
"""
ONE = {
    "AdamW": "type: AdamW, lr: 1e-2, weight_decay: 0.1",
    "AdamW, fused": "type: AdamW, lr: 1e-2, weight_decay: 0.1, fused: true",
    "AdamW, foreach": "type: AdamW, lr: 1e-2, weight_decay: 0.1, foreach: true",
    "AdamW, amsgrad": "type: AdamW, lr: 1e-2, weight_decay: 0.1, amsgrad: true, betas: [0.8, 0.9]",
    "SGD": "type: SGD, lr: 1e-2, weight_decay: 0.1, momentum: 0.9",
    "SGD, fused": "type: SGD, lr: 1e-2, weight_decay: 0.1, momentum: 0.9, nesterov: true, fused: true",
    "SGD, plain": "type: SGD, lr: 1e-2, weight_decay: 0.1",
    "Adafactor": "type: Adafactor, lr: 1e-2, weight_decay: 0.1",
    "RMSprop": "type: RMSprop, lr: 1e-3, weight_decay: 0.1, centered: true, momentum: 0.5",
}


class Model(nn.Module):
    """Two matrices and two vectors a block, and a head whose weight is the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({"norm": nn.LayerNorm(8), "up": nn.Linear(8, 12), "down": nn.Linear(12, 8)}) for _ in range(3)
        )
        self.head = nn.Linear(8, 11)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for block in self.blocks.children():
            assert isinstance(block, nn.ModuleDict)
            x = x + block["down"](block["up"](block["norm"](x)).relu())
        scores: Tensor = self.head(x)
        return scores


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def built() -> Model:
    torch.manual_seed(0)
    return Model()


def train(model: nn.Module, optimizers: list[Optimizer], first: int) -> None:
    for step in range(first, first + STEPS):
        torch.manual_seed(step)
        tokens, wanted = torch.randint(11, (4, 6)), torch.randint(11, (24,))
        model.zero_grad()
        nn.functional.cross_entropy(model(tokens).flatten(0, 1), wanted).backward()  # type: ignore[no-untyped-call]
        for optimizer in optimizers:
            optimizer.step()


def through_a_file(value: Any, folder: Path) -> Any:
    torch.save(value, folder / "checkpoint.pt")
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def by_hand(optimizer: Optimizer, names: Mapping[Tensor, str], saved: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the state of each parameter where torch looks for it."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if names[parameter] in saved:
                optimizer.state[parameter] = {
                    key: value.clone() if isinstance(value, Tensor) else value
                    for key, value in saved[names[parameter]].items()
                }


def named(model: nn.Module) -> dict[Tensor, str]:
    return {parameter: name for name, parameter in model.named_parameters()}


def numbered(plan: lrspec.Plan, state: Mapping[int, Any], optimizer: str | None = None) -> dict[str, Any]:
    """What was saved of each parameter, by the order of the plan alone."""
    groups = [group for group in plan.groups or () if group.settings.optimizer == optimizer]
    order = [name for group in groups for name in group.params]
    return {name: state[number] for number, name in enumerate(order) if number in state}


def assert_equal(one: nn.Module, other: nn.Module) -> None:
    for (name, a), (_, b) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        assert torch.equal(a, b), name


def compiled(optimizer: str, rules: str, model: nn.Module) -> lrspec.Plan:
    return lrspec.compile(lrspec.loads(f"lrspec: 1\n{optimizer}\nrules:{rules}"), model)


@pytest.mark.parametrize("described", ONE.values(), ids=ONE)
def test_resuming_with_other_groups_is_moving_the_state_by_hand(described: str, tmp_path: Path) -> None:
    model = built()
    before, after = (compiled(f"optimizer: {{{described}}}", rules, model) for rules in (BEFORE, AFTER))
    optimizer = lrspec.build_optimizer(before, model)
    train(model, [optimizer], 0)
    saved, weights = through_a_file((optimizer.state_dict(), model.state_dict()), tmp_path)

    resumed, moved = built(), built()
    for each in (resumed, moved):
        each.load_state_dict(weights)
    loaded, hand = lrspec.build_optimizer(after, resumed), lrspec.build_optimizer(after, moved)
    report = lrspec.load_optimizer_state(loaded, saved, after)
    by_hand(hand, named(moved), numbered(before, saved["state"]))
    train(resumed, [loaded], STEPS)
    train(moved, [hand], STEPS)

    assert_equal(resumed, moved)
    assert (len(report.kept), report.new, report.dropped) == (20, (), ())
    assert [group.params for group in before.groups or ()] != [group.params for group in after.groups or ()]
    assert any(not torch.equal(parameter, weights[name]) for name, parameter in resumed.named_parameters())


def test_by_position_it_would_have_gone_wrong(tmp_path: Path) -> None:
    """What this is for: as many groups of as many parameters, in another order, and torch sees nothing."""
    model = nn.ModuleDict({"a": nn.Linear(3, 3, bias=False), "b": nn.Linear(3, 3, bias=False)})
    rules = "\n  - {name: one, match: '^a', lr_mult: 1}\n  - {name: two, match: '^b', lr_mult: 2}"
    plan = compiled("optimizer: {type: SGD, lr: 0.1, momentum: 0.9}", rules, model)
    optimizer = lrspec.build_optimizer(plan, model)
    model["a"].weight.grad, model["b"].weight.grad = torch.zeros(3, 3), torch.ones(3, 3)
    optimizer.step()
    saved = through_a_file(optimizer.state_dict(), tmp_path)

    turned = nn.ModuleDict({"b": model["b"], "a": model["a"]})
    after = lrspec.compile(plan.file, turned)
    resumed = lrspec.build_optimizer(after, turned)
    resumed.load_state_dict(saved)
    assert torch.equal(resumed.state[model["a"].weight]["momentum_buffer"], torch.ones(3, 3))
    lrspec.load_optimizer_state(resumed, saved, after)
    assert torch.equal(resumed.state[model["a"].weight]["momentum_buffer"], torch.zeros(3, 3))
