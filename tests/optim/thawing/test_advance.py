"""`Plan.advance`: twelve layers thaw one by one, and nothing else changes."""

from __future__ import annotations

import io
from typing import Any
from unittest import mock

import pytest
import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from torch.optim.swa_utils import AveragedModel
from torch.utils.checkpoint import checkpoint

import lrspec
from lrspec.optim.thawing import advance as advancing

LAYERS, EVERY = 12, 2
SPEC = rf"""
lrspec: 1
optimizer: {{type: AdamW, lr: 1e-2, weight_decay: 0.1}}
rules:
  - name: all
    layers: ['^embed\.', '^blocks\.(\d+)\.', '^head\.']
    layer_decay: {{first: 0.1}}
    freeze: {{but_last: 1, until: {EVERY}, every: {EVERY}}}
  - {{name: no-decay, where: {{ndim: 1}}, weight_decay: 0}}
"""
STEPS = (LAYERS + 1) * EVERY + 3


class Net(nn.Module):
    """An embedding, twelve blocks and a head."""

    def __init__(self, use_reentrant: bool | None = None) -> None:
        super().__init__()
        self.embed = nn.Linear(4, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(LAYERS)])
        self.head = nn.Linear(4, 2)
        self.use_reentrant = use_reentrant

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embed(x)
        for block in self.blocks:
            if self.use_reentrant is None:
                x = x + block(x).tanh()
            else:
                x = x + checkpoint(block, x, use_reentrant=self.use_reentrant).tanh()
        out: torch.Tensor = self.head(x)
        return out


def fresh(spec: str = SPEC) -> tuple[Net, lrspec.Plan, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = Net()
    plan = lrspec.compile(lrspec.loads(spec), model)
    plan.freeze(model)
    return model, plan, lrspec.build_optimizer(plan, model)


def train(model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    batch = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
    optimizer.zero_grad()
    model(batch).square().sum().backward()
    optimizer.step()


def compiled(model: nn.Module, **arguments: Any) -> nn.Module:
    wrapped: Any = torch.compile(model, **arguments)
    assert isinstance(wrapped, nn.Module)
    return wrapped


def values(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def thaws_at(name: str) -> int:
    """When a parameter thaws, by hand: the head is there from the start, block 11 comes first."""
    if name.startswith("head"):
        return 0
    distance = LAYERS + 1 if name.startswith("embed") else LAYERS - int(name.split(".")[1])
    return distance * EVERY


def of_layer_at(step: int) -> list[str]:
    """The parameters that thaw at a step."""
    return [name for name, _ in Net().named_parameters() if thaws_at(name) == step]


def test_the_plan_has_all_groups_from_the_start_and_says_when_each_thaws() -> None:
    _, plan, optimizer = fresh()
    until = {each["name"]: each.get("frozen_until", 0) for each in plan.to_dict()["parameters"]}
    assert until == {name: thaws_at(name) for name in until}
    assert {each.status for each in plan.parameters} == {lrspec.Status.trained}
    assert len(optimizer.param_groups) == 2 * (LAYERS + 2)


def test_layers_thaw_one_by_one_and_groups_never_change() -> None:
    model, plan, optimizer = fresh()
    groups = [(group["name"], group["param_names"], list(map(id, group["params"]))) for group in optimizer.param_groups]
    for step in range(STEPS):
        changed = plan.advance(model, step)
        frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
        assert changed == (frozen if step == 0 else of_layer_at(step))
        assert frozen == [name for name, _ in model.named_parameters() if thaws_at(name) > step]
        assert not plan.verify(optimizer, model, step=step)
        before = values(model)
        train(model, optimizer, step)
        moved = {name for name, value in values(model).items() if not torch.equal(value, before[name])}
        assert moved == before.keys() - set(frozen)
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        assert {names[id(parameter)] for parameter in optimizer.state} == before.keys() - set(frozen)
    assert groups == [
        (group["name"], group["param_names"], list(map(id, group["params"]))) for group in optimizer.param_groups
    ]


def test_they_move_as_in_a_run_that_is_frozen_by_hand() -> None:
    model, plan, optimizer = fresh()
    other, _, by_hand = fresh()
    for step in range(STEPS):
        plan.advance(model, step)
        train(model, optimizer, step)
        for name, parameter in other.named_parameters():
            parameter.requires_grad_(thaws_at(name) <= step)
        train(other, by_hand, step)
    after = values(other)
    assert all(torch.equal(value, after[name]) for name, value in values(model).items())


def test_it_goes_both_ways_and_frees_the_gradients_of_what_it_freezes() -> None:
    model, plan, optimizer = fresh()
    assert plan.advance(model, 1000) == []
    train(model, optimizer, 0)
    changed = plan.advance(model, LAYERS * EVERY)
    assert changed == ["embed.weight", "embed.bias"]
    assert model.embed.weight.grad is None
    assert model.head.weight.grad is not None
    assert len(plan.advance(model, 0)) == 2 * LAYERS
    assert plan.advance(model, 1000) == [name for name, _ in model.named_parameters() if thaws_at(name)]


def test_it_touches_no_other_parameters() -> None:
    model, plan, _ = fresh()
    model.head.bias.requires_grad_(False)
    plan.advance(model, 0)
    plan.advance(model, 1000)
    assert not model.head.bias.requires_grad


def test_a_call_that_changes_nothing_takes_no_walk_through_the_model() -> None:
    model, plan, _ = fresh()
    plan.advance(model, 0)
    with mock.patch.object(advancing, "walk", side_effect=AssertionError):
        assert plan.advance(model, 1) == []
        with pytest.raises(AssertionError):
            plan.advance(model, 2)


def test_what_something_else_has_changed_is_put_right() -> None:
    model, plan, _ = fresh()
    plan.advance(model, 0)
    plan.freeze(model)
    assert len(plan.advance(model, 0)) == 2 * (LAYERS + 1)


def test_a_plan_in_which_nothing_thaws_has_nothing_to_do() -> None:
    model = Net()
    plan = lrspec.compile({"lrspec": 1, "optimizer": {"lr": 1}, "rules": [{"match": ".", "lr_mult": 1}]}, model)
    assert plan.advance(model, 0) == []


def test_a_part_and_a_wrapped_model_are_found_by_name() -> None:
    model, plan, _ = fresh()
    assert plan.advance(nn.DataParallel(compiled(model)), 0)[0] == "embed.weight"
    part = nn.Module()
    part.blocks = nn.ModuleDict({"11": model.blocks[11]})
    assert plan.advance(part, 2) == ["blocks.11.weight", "blocks.11.bias"]


def test_another_model_is_refused() -> None:
    model, plan, _ = fresh()
    with pytest.raises(lrspec.BindError, match="bind to the model that trains"):
        plan.advance(AveragedModel(model), 0)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_an_engine_of_deepspeed_is_refused() -> None:
    model, plan, _ = fresh()
    engine = type("DeepSpeedEngine", (nn.Module,), {"__module__": "deepspeed.runtime.engine"})()
    engine.module = model
    with pytest.raises(lrspec.BindError, match="DeepSpeed trains what required grad when its engine was built"):
        plan.advance(engine, 0)
    assert all(parameter.requires_grad for parameter in model.parameters())


PERCENT = SPEC.replace(f"until: {EVERY}, every: {EVERY}", "until: 12.5%, every: 0.1%")


def test_percentages_become_steps_exactly() -> None:
    model, plan, _ = fresh(PERCENT)
    (last, *_), *_ = [[each["frozen_until"]] for each in plan.to_dict()["parameters"] if "frozen_until" in each]
    assert last == "13.7%"
    plan.advance(model, 136, 1000)
    assert not model.embed.weight.requires_grad
    assert plan.advance(model, 137, 1000) == ["embed.weight", "embed.bias"]
    with pytest.raises(ValueError, match="pass the number of all steps"):
        plan.advance(model, 0)


@pytest.mark.parametrize("wrong", [-1, 2.0, True, "2", None])
def test_a_step_and_all_steps_are_whole_numbers(wrong: Any) -> None:
    model, plan, _ = fresh()
    with pytest.raises(ValueError, match="step: expected a whole number of at least 0"):
        plan.advance(model, wrong)
    if wrong is not None:
        with pytest.raises(ValueError, match="steps: expected a whole number of at least 1"):
            plan.advance(model, 0, wrong)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert plan.advance(model, torch.tensor(EVERY), torch.tensor(1000))  # type: ignore[arg-type]


def test_what_thaws_is_bound_whatever_its_requires_grad() -> None:
    model, plan, optimizer = fresh()
    plan.advance(model, 0)
    again = lrspec.build_optimizer(plan, model)
    assert [group["param_names"] for group in again.param_groups] == [
        group["param_names"] for group in optimizer.param_groups
    ]


def test_what_the_model_has_frozen_thaws_too() -> None:
    model = Net().requires_grad_(False)
    plan = lrspec.compile(lrspec.loads(SPEC.replace("but_last: 1, ", "")), model)
    assert {each.status for each in plan.parameters} == {lrspec.Status.trained}
    plan.freeze(model)
    assert all(parameter.requires_grad for parameter in model.parameters())


# ------------------------------------------------------------------------------------------------ checkpoints


def half_way(stop: int) -> tuple[Net, torch.optim.Optimizer]:
    model, plan, optimizer = fresh()
    for step in range(stop):
        plan.advance(model, step)
        train(model, optimizer, step)
    return model, optimizer


def on(model: Net, plan: lrspec.Plan, optimizer: torch.optim.Optimizer, start: int) -> dict[str, torch.Tensor]:
    for step in range(start, STEPS):
        plan.advance(model, step)
        train(model, optimizer, step)
    return values(model)


def by_torch(saved: dict[str, Any], model: Net, plan: lrspec.Plan, optimizer: torch.optim.Optimizer) -> None:
    optimizer.load_state_dict(saved["optimizer"])


def by_name(saved: dict[str, Any], model: Net, plan: lrspec.Plan, optimizer: torch.optim.Optimizer) -> None:
    resumed = lrspec.load_optimizer_state(optimizer, saved["optimizer"], plan)
    assert not resumed.dropped
    assert set(resumed.kept) == {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def by_distributed(saved: dict[str, Any], model: Net, plan: lrspec.Plan, optimizer: torch.optim.Optimizer) -> None:
    set_optimizer_state_dict(model, optimizer, saved["distributed"])


@pytest.mark.parametrize("load", [by_torch, by_name, by_distributed])
@pytest.mark.parametrize("stop", [1, 9, 10, STEPS - 1])
def test_a_checkpoint_in_the_middle_resumes_in_the_same_phase(load: Any, stop: int) -> None:
    model, optimizer = half_way(STEPS)
    expected = values(model)
    model, optimizer = half_way(stop)
    saved = {"optimizer": optimizer.state_dict(), "model": model.state_dict()}
    saved["distributed"] = get_optimizer_state_dict(model, optimizer)
    file = io.BytesIO()
    torch.save(saved, file)
    saved = torch.load(io.BytesIO(file.getvalue()))
    model, plan, optimizer = fresh()
    plan.advance(model, stop - 1)  # the phase in which it was saved
    model.load_state_dict(saved["model"])
    load(saved, model, plan, optimizer)
    after = on(model, plan, optimizer, stop)
    assert all(torch.equal(value, after[name]) for name, value in expected.items())


def test_a_state_without_what_thaws_can_be_resumed() -> None:
    spec = SPEC.replace("but_last: 1, ", "")
    _, plan, optimizer = fresh(spec)
    resumed = lrspec.load_optimizer_state(optimizer, optimizer.state_dict(), plan)
    assert not resumed.kept
    assert len(resumed.new) == 2 * (LAYERS + 2)


# ------------------------------------------------------------------------------------------------ what torch does


def test_torch_compile_compiles_once_more_for_each_phase_and_then_runs_eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch._dynamo.config, "recompile_limit", 8)  # its default, which a trainer may have raised
    torch._dynamo.reset()
    times = 0

    def backend(graph: Any, inputs: Any) -> Any:
        nonlocal times
        times += 1
        return graph.forward

    model, plan, optimizer = fresh()
    wrapped = compiled(model, backend=backend)
    counts = []
    for step in range(STEPS):
        plan.advance(wrapped, step)
        train(wrapped, optimizer, step)
        counts.append(times)
    expected, _ = half_way(STEPS)
    after = values(expected)
    assert all(torch.allclose(value, after[name], atol=1e-6) for name, value in values(model).items())
    assert counts[: 8 * EVERY] == [1 + step // EVERY for step in range(8 * EVERY)]
    assert counts[-1] == 8


@pytest.mark.parametrize(("use_reentrant", "moves"), [(False, True), (True, False)])
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_reentrant_checkpoints_give_no_gradients_behind_a_frozen_input(use_reentrant: bool, moves: bool) -> None:
    model, plan, optimizer = fresh()
    model.use_reentrant = use_reentrant
    plan.advance(model, EVERY)  # block 11, whose input is frozen
    train(model, optimizer, 0)
    assert (model.blocks[11].weight.grad is not None) == moves


def test_the_gradient_scaler_fails_on_an_optimizer_without_gradients() -> None:
    model, plan, optimizer = fresh(SPEC.replace("but_last: 1, ", ""))
    scaler = torch.amp.GradScaler("cpu")
    plan.advance(model, 0)
    trains = nn.Linear(2, 2)
    scaler.scale(trains(torch.ones(1, 2)).sum()).backward()
    with pytest.raises(AssertionError, match="No inf checks were recorded"):
        scaler.step(optimizer)
