"""Schedulers that a plan builds: the rates that they set, what torch does with them, and what they refuse."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ChainedScheduler, ConstantLR, LambdaLR, LRScheduler, OneCycleLR, SequentialLR

import lrspec
from lrspec.optim.live.schedules import schedules, unwrap_schedulers

STEPS = 60
SPEC = r"""
lrspec: 1
optimizer: {type: AdamW, lr: 3e-3, weight_decay: 0.05}
schedules:
  main: [{until: 10%, from: 0}, {to: 0.1, shape: cosine}]
  head: [{until: 20, from: 0.5}, {until: 40}, {to: 0, shape: sqrt}]
rules:
  - {name: depth, layers: '^(\d+)\.', layer_decay: 0.65}
  - {name: head, match: '^3\.', schedule: head}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
THREE = r"""
lrspec: 1
optimizers:
  adamw: {type: AdamW, lr: 1e-3}
  muon: {type: Muon, lr: 0.02}
  sgd: {type: SGD, lr: 0.1}
schedules:
  main: [{to: 0, shape: cosine}]
  late: [{until: 10, from: 0, to: 0}, {}]
rules:
  - {name: first, match: '^0\.', optimizer: sgd, schedule: late}
  - {name: matrices, where: {ndim: 2}, fallback: true, optimizer: muon}
  - {name: all, match: '.', lr_mult: 1}
"""


def step_of(given: Any) -> int | None:
    """The step of a scheduler of ours among those that a call was given, if there is one."""
    parts = (part for scheduler in unwrap_schedulers(given) for part in schedules(scheduler))
    return next((part.position[0] for part in parts if part.position), None)


def current(optimizer: Optimizer) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]


def planned(plan: lrspec.Plan, optimizer: Optimizer, step: int, steps: int = STEPS) -> list[float | None]:
    """What the groups of an optimizer should be at, by the names of the plan's groups."""
    rates = plan.rates_at(step, steps)
    return [rates[group["name"]] for group in optimizer.param_groups]


def go_on(scheduler: LRScheduler, steps: int = 1) -> None:
    for _ in range(steps):
        for group in scheduler.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.ones_like(parameter)
        scheduler.optimizer.step()
        scheduler.step()


def test_two_groups_follow_two_schedules_at_every_step(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    assert isinstance(scheduler, LRScheduler)
    assert plan.rates_at(6, STEPS)["depth.3/head"] == 3e-3 * 0.65
    for step in range(STEPS + 5):
        assert current(optimizer) == planned(plan, optimizer, step) == scheduler.get_last_lr()
        assert scheduler.last_epoch == step_of(scheduler) == step
        go_on(scheduler)


def test_groups_on_one_schedule_keep_their_ratios_exactly(plan: lrspec.Plan) -> None:
    for step in range(STEPS):
        rates = plan.rates_at(step, STEPS)
        factors = {rates[f"depth.{layer}"] / (3e-3 * 0.65 ** (3 - layer)) for layer in range(3)}  # type: ignore[operator]
        assert max(factors) == pytest.approx(min(factors), rel=1e-15)


def test_it_starts_at_any_step(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    for step in (0, 1, 17, STEPS - 1, STEPS + 9):
        scheduler = lrspec.build_scheduler(plan, optimizer, STEPS, step=step)
        assert current(optimizer) == planned(plan, optimizer, step)
        go_on(scheduler)
        assert current(optimizer) == planned(plan, optimizer, step + 1)


def test_rates_that_other_schedulers_have_left_do_not_matter(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    go_on(OneCycleLR(optimizer, max_lr=7, total_steps=20, cycle_momentum=False), 3)
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    assert scheduler.base_lrs == plan.rates(optimizer) == [group["initial_lr"] for group in optimizer.param_groups]
    assert current(optimizer) == planned(plan, optimizer, 0)


def test_stopped_and_resumed_at_50_steps_all_bits_are_the_same(plan: lrspec.Plan, model: nn.Module) -> None:
    steps = 1000
    straight = [list(plan.rates_at(step, steps).values()) for step in range(steps)]
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = lrspec.build_scheduler(plan, optimizer, steps)
    stops = set(random.Random(16).sample(range(1, steps), 50))
    for step in range(steps):
        assert current(optimizer) == straight[step]
        if step in stops:
            saved = {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
            optimizer = lrspec.build_optimizer(plan, model)
            scheduler = lrspec.build_scheduler(plan, optimizer, steps)
            if step % 2:  # either order will do
                optimizer.load_state_dict(saved["optimizer"])
                scheduler.load_state_dict(saved["scheduler"])
            else:
                scheduler.load_state_dict(saved["scheduler"])
                lrspec.load_optimizer_state(optimizer, saved["optimizer"], plan)
            assert current(optimizer) == straight[step]
        go_on(scheduler)


def test_resuming_by_names_and_building_at_the_step_is_the_same(plan: lrspec.Plan, model: nn.Module) -> None:
    optimizer = lrspec.build_optimizer(plan, model)
    go_on(lrspec.build_scheduler(plan, optimizer, STEPS), 23)
    resumed = lrspec.build_optimizer(plan, model)
    lrspec.load_optimizer_state(resumed, optimizer.state_dict(), plan)
    lrspec.build_scheduler(plan, resumed, STEPS, step=23)
    assert current(resumed) == current(optimizer)


def test_its_state_is_plain_numbers(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    go_on(scheduler, 3)
    assert scheduler.state_dict() == {"last_epoch": 3, "_step_count": 4, "steps": STEPS}


def test_loading_sets_all_rates_at_once(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    scheduler.load_state_dict({"last_epoch": 30, "_step_count": 31, "steps": STEPS})
    assert current(optimizer) == planned(plan, optimizer, 30) == scheduler.get_last_lr()
    assert scheduler.state_dict() == {"last_epoch": 30, "_step_count": 31, "steps": STEPS}


def test_the_state_of_another_scheduler_gives_it_the_step(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    other = LambdaLR(optimizer, lambda step: 1 / (step + 1))
    go_on(other, 9)
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    scheduler.load_state_dict(other.state_dict())
    assert current(optimizer) == planned(plan, optimizer, 9)
    assert scheduler.base_lrs == plan.rates(optimizer)


def test_another_number_of_steps_is_a_warning_and_the_one_given_holds(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    with pytest.warns(lrspec.SpecWarning, match=r"for 500 steps, and this one is for 60") as issued:
        scheduler.load_state_dict({"last_epoch": 30, "_step_count": 31, "steps": 500})
    assert [warning.filename for warning in issued] == [__file__]
    assert current(optimizer) == planned(plan, optimizer, 30)


def test_it_goes_to_a_given_step_without_a_warning(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    with warnings.catch_warnings(action="error"):
        for step in (40, 3, 0):
            scheduler.step(step)
            assert current(optimizer) == planned(plan, optimizer, step) == scheduler.get_last_lr()


def test_rates_that_are_tensors_are_filled(plan: lrspec.Plan, model: nn.Module) -> None:
    groups = [{**group, "lr": torch.tensor(group["lr"])} for group in plan.param_groups(model)]
    optimizer = torch.optim.AdamW(groups, lr=torch.tensor(1.0), capturable=False, foreach=False)
    tensors = [group["lr"] for group in optimizer.param_groups]
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    go_on(scheduler, 5)
    scheduler.step(7)
    scheduler.load_state_dict({"last_epoch": 9, "steps": STEPS})
    assert all(group["lr"] is tensor for group, tensor in zip(optimizer.param_groups, tensors, strict=True))
    assert current(optimizer) == pytest.approx(planned(plan, optimizer, 9), rel=1e-6)
    assert all(isinstance(rate, float) for rate in scheduler.base_lrs)
    assert plan.verify(optimizer, model, scheduler) == []


def test_in_a_sequence_it_begins_at_0_where_its_turn_comes(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    constant = ConstantLR(optimizer, factor=0.5, total_iters=100)
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    sequence = SequentialLR(optimizer, [constant, scheduler], milestones=[10])
    assert current(optimizer) == pytest.approx(plan.rates(optimizer, 0.5))
    for step in range(1, 40):
        go_on(sequence)
        if step >= 10:
            assert current(optimizer) == planned(plan, optimizer, step - 10)


def test_first_in_a_sequence_it_begins_at_once(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    sequence = SequentialLR(optimizer, [scheduler, ConstantLR(optimizer, factor=0.5)], milestones=[10])
    for step in range(10):
        assert current(optimizer) == planned(plan, optimizer, step)
        go_on(sequence)
    assert current(optimizer) == pytest.approx(plan.rates(optimizer, 0.5))


def test_in_a_chain_it_sets_what_others_then_multiply(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    chain = ChainedScheduler([lrspec.build_scheduler(plan, optimizer, STEPS)], optimizer)
    for step in range(STEPS):
        assert current(optimizer) == planned(plan, optimizer, step)
        go_on(chain)
    saved = chain.state_dict()
    chain.load_state_dict(saved)
    assert current(optimizer) == planned(plan, optimizer, STEPS)


def test_a_part_of_the_model_has_the_same_rates(plan: lrspec.Plan, model: nn.Module) -> None:
    part = nn.ModuleDict({name: module for name, module in model.named_children() if name in "23"})
    optimizer = torch.optim.AdamW(plan.param_groups(part))
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    assert 0 < len(optimizer.param_groups) < len(plan.groups or ())
    go_on(scheduler, 25)
    assert current(optimizer) == planned(plan, optimizer, 25)
    assert plan.verify(optimizer, part, scheduler) == []


def test_each_of_three_optimizers_has_a_scheduler(model: nn.Module) -> None:
    plan = lrspec.compile(lrspec.loads(THREE), model)
    optimizers = lrspec.build_optimizers(plan, model)
    schedulers = lrspec.build_schedulers(plan, optimizers, STEPS)
    assert list(schedulers) == ["adamw", "muon", "sgd"]
    for step in range(STEPS):
        for name, scheduler in schedulers.items():
            assert current(optimizers[name]) == planned(plan, optimizers[name], step)
            go_on(scheduler)
    assert plan.verify(optimizers, model, schedulers) == []
    assert step_of(schedulers) == STEPS
    alone = lrspec.build_scheduler(plan, optimizers["sgd"], STEPS, step=9)
    assert current(alone.optimizer) == [0.0]


def test_where_the_plan_has_no_rate_the_optimizers_own_moves(model: nn.Module) -> None:
    spec = {"lrspec": 1, "schedules": {"main": [{"to": 0}]}, "rules": [{"match": ".", "freeze": False}]}
    plan = lrspec.compile({**spec, "check": {"unmatched-parameter": "ignore"}}, model)
    optimizer = torch.optim.SGD(plan.param_groups(model), lr=0.5)
    lrspec.build_scheduler(plan, optimizer, 10, step=5)
    assert current(optimizer) == [0.25]
    assert list(plan.rates_at(5, 10).values()) == [None]


def test_without_schedules_rates_are_level_and_nothing_is_built(model: nn.Module) -> None:
    plan = lrspec.compile({"lrspec": 1, "optimizer": {"type": "SGD"}, "rules": [{"match": ".", "lr": 1}]}, model)
    assert list(plan.rates_at(5, 10).values()) == [1]
    with pytest.raises(lrspec.BuildError, match="the spec has no `schedules`"):
        lrspec.build_scheduler(plan, lrspec.build_optimizer(plan, model), STEPS)


def test_groups_without_names_are_refused(plan: lrspec.Plan, model: nn.Module) -> None:
    optimizer = torch.optim.AdamW(plan.param_groups(model, names=False))
    with pytest.raises(lrspec.BindError, match="group 0 of the optimizer does not name its parameters"):
        lrspec.build_scheduler(plan, optimizer, STEPS)


def test_a_group_on_two_schedules_is_refused_and_nothing_is_changed(model: nn.Module) -> None:
    spec = lrspec.loads(THREE.replace("lr: 0.1", "lr: 1e-3"))
    plan = lrspec.compile(spec, model)
    tensors = [model[0].bias, model[1].bias]  # type: ignore[index]
    optimizer = torch.optim.SGD([{"params": tensors, "param_names": ["0.bias", "1.bias"], "lr": 7.0}])
    with pytest.raises(lrspec.BindError, match=r"different schedules in the plan, 0\.bias \('late'\), 1\.bias"):
        lrspec.build_scheduler(plan, optimizer, STEPS)
    assert current(optimizer) == [7.0]
    assert "initial_lr" not in optimizer.param_groups[0]


@pytest.mark.parametrize("steps", [0, -1, 2.5, 10.0, True, "10", None])
def test_steps_are_a_whole_number_from_1(steps: Any, plan: lrspec.Plan, optimizer: Optimizer) -> None:
    for call in (lrspec.build_scheduler, lambda *args: plan.rates_at(0, args[-1])):
        with pytest.raises(ValueError, match="steps: expected a whole number of at least 1"):
            call(plan, optimizer, steps)


def test_a_step_is_a_whole_number_from_0(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    with pytest.raises(ValueError, match="step: expected a whole number of at least 0, found -1"):
        lrspec.build_scheduler(plan, optimizer, STEPS, step=-1)
    with pytest.raises(ValueError, match="step: expected"):
        plan.rates_at(0.5, STEPS)  # type: ignore[arg-type]
    scheduler = lrspec.build_scheduler(plan, optimizer, np.int64(STEPS), np.int64(3))  # type: ignore[arg-type]
    assert [type(value) for value in scheduler.state_dict().values()] == [int, int, int]


def test_other_things_are_refused(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    with pytest.raises(TypeError, match="expected a plan"):
        lrspec.build_scheduler("spec.yaml", optimizer, STEPS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected an optimizer"):
        lrspec.build_scheduler(plan, {"optimizer": optimizer}, STEPS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a mapping of names to optimizers"):
        lrspec.build_schedulers(plan, optimizer, STEPS)  # type: ignore[arg-type]
    with pytest.raises(lrspec.BindError, match="no optimizer `adam`"):
        lrspec.build_schedulers(plan, {"adam": optimizer}, STEPS)
    assert list(lrspec.build_schedulers(plan, {"optimizer": optimizer}, STEPS)) == ["optimizer"]


def test_segments_that_a_short_run_cuts_off_are_warnings(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    with pytest.warns(lrspec.SpecWarning) as issued:
        lrspec.build_scheduler(plan, optimizer, 30)
    said = [str(warning.message) for warning in issued]
    start = "<text>: schedule head, in a run of 30 steps: segment"
    assert said == [
        f"{start} 2 is cut off: it ends at step 40 (`until: 40`)",
        f"{start} 3 is empty: it begins at step 40 and would end at step 30",
    ]
    assert {warning.filename for warning in issued} == {__file__}


def test_schedules_of_other_optimizers_are_no_concern(model: nn.Module) -> None:
    plan = lrspec.compile(lrspec.loads(THREE), model)
    optimizers = lrspec.build_optimizers(plan, model)
    with warnings.catch_warnings(action="error"):
        lrspec.build_scheduler(plan, optimizers["muon"], 5)
    with pytest.warns(lrspec.SpecWarning, match="schedule late") as issued:
        lrspec.build_schedulers(plan, optimizers, 5)
    assert len(issued) == 2, "once, not for each optimizer"


def test_verify_knows_the_rates_of_every_step(plan: lrspec.Plan, model: nn.Module, optimizer: Optimizer) -> None:
    assert plan.verify(optimizer, model) == []
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS)
    for _ in range(STEPS):
        assert plan.verify(optimizer, model, scheduler) == []
        assert plan.verify(optimizer, model) == [], "nor if it is not shown"
        go_on(scheduler)


def test_verify_finds_a_rate_that_is_not_on_schedule(plan: lrspec.Plan, model: nn.Module, optimizer: Optimizer) -> None:
    scheduler = lrspec.build_scheduler(plan, optimizer, STEPS, step=9)
    optimizer.param_groups[-1]["lr"] *= 2
    (found,) = plan.verify(optimizer, model, [scheduler])
    assert (found.code, found.parameters) == ("LRS405", tuple(optimizer.param_groups[-1]["param_names"]))
    assert "is 0.00435 at step 9 of 60, not 0.002175" in found.message


def test_verify_finds_another_scheduler_than_the_spec_says(
    plan: lrspec.Plan, model: nn.Module, optimizer: Optimizer
) -> None:
    other = LambdaLR(optimizer, lambda step: 1.0)
    (found,) = plan.verify(optimizer, model, other)
    assert (found.code, found.line, found.column) == ("LRS406", 4, 1)
    both = SequentialLR(optimizer, [other, lrspec.build_scheduler(plan, optimizer, STEPS)], milestones=[5])
    assert [found.code for found in plan.verify(optimizer, model, both)] == ["LRS406"]


def test_verify_compares_with_the_plan_and_not_with_the_schedulers_own(
    plan: lrspec.Plan, model: nn.Module, optimizer: Optimizer
) -> None:
    changed = lrspec.compile(lrspec.loads(SPEC).override({"schedules.main.1.to": 0.2}), model)
    scheduler = lrspec.build_scheduler(changed, optimizer, STEPS, step=50)
    assert changed.verify(optimizer, model, scheduler) == []
    assert {found.code for found in plan.verify(optimizer, model, scheduler)} == {"LRS405"}


def test_no_step_is_known_of_other_schedulers(optimizer: Optimizer) -> None:
    assert step_of(None) is None
    assert step_of(LambdaLR(optimizer, lambda step: 1.0)) is None
