"""Schedulers of torch, timm and transformers, stepped from the first step to the last on the groups of a plan.

With what docs/schedulers.md says to give them, every rate is the plan's times the schedule, at every step. The
schedules are written here anew, as functions of the number of steps done.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from accelerate import Accelerator
from lightning.pytorch.core.optimizer import LightningOptimizer
from timm.optim import Lookahead, create_optimizer_v2  # type: ignore[attr-defined]
from timm.scheduler import CosineLRScheduler, create_scheduler_v2  # type: ignore[attr-defined]
from torch import nn
from torch.optim import Optimizer, lr_scheduler
from transformers import get_cosine_schedule_with_warmup, get_cosine_with_min_lr_schedule_with_warmup, get_scheduler

import lrspec

STEPS = 40
SPEC = r"""
lrspec: 1
optimizer: {type: AdamW, lr: 3e-3, weight_decay: 0.05, betas: [0.8, 0.99]}
rules:
  - {name: depth, layers: '^(\d+)\.', layer_decay: 0.65}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
REGROUPED = SPEC.replace("where: {ndim: [0, 1]}", "match: '^[03]'").replace("0.65", "0.4")
"""Other rates, and a group for each layer."""


def current(optimizer: Optimizer) -> list[float]:
    return [group["lr"] for group in optimizer.param_groups]


def approximately(rates: list[float]) -> Any:
    return pytest.approx(rates, rel=1e-12, abs=0)


def advance(scheduler: Any, step: int) -> None:
    """What a training loop does after a batch; `step` counts from 1."""
    scheduler.optimizer.step()
    if hasattr(scheduler, "step_update"):
        scheduler.step_update(step)
    elif isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        scheduler.step(1.0)  # a loss that never falls
    else:
        scheduler.step()


def trajectory(scheduler: Any, first: int = 0, last: int = STEPS - 1) -> list[list[float]]:
    """The rates of all groups after each step, the one that they are at now first."""
    rates = [current(scheduler.optimizer)]
    for step in range(first + 1, last + 1):
        advance(scheduler, step)
        rates.append(current(scheduler.optimizer))
    return rates


# ------------------------------------------------------------------------------------------------ schedules, anew


def line(start: float, end: float, progress: float) -> float:
    return start + (end - start) * progress


def half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def one_cycle(step: int) -> float:
    """Up from 1/25 in the first 30 % of the steps, and down to 1/25/10,000 in the others."""
    peak = 0.3 * STEPS - 1
    if step <= peak:
        return half_cosine(1 / 25, 1, step / peak)
    return half_cosine(1, 1 / 25 / 1e4, (step - peak) / (STEPS - 1 - peak))


def triangles(step: int) -> float:
    """From a tenth up in five steps and down again in five."""
    return line(0.1, 1, 1 - abs(step % 10 - 5) / 5)


def plateau(step: int) -> float:
    """Halved at every second step, the first of which finds the best loss, and never less than a tenth."""
    return max(0.5 ** max(0, (step - 1) // 2), 0.1)


def warmed_up(start: float, end: float) -> Callable[[int], float]:
    """A line in five steps, then half a cosine in the others."""

    def schedule(step: int) -> float:
        return line(start, 1, step / 5) if step < 5 else half_cosine(1, end, (step - 5) / (STEPS - 5))

    return schedule


# ---------------------------------------------------------------------------------- recipes of docs/schedulers.md


class Recipe(NamedTuple):
    """How a scheduler is made for a plan's optimizer, and by what it multiplies the plan's rates at a step."""

    make: Callable[[Any, lrspec.Plan], Any]
    factor: Callable[[int], float]


def made_in_a_row(optimizer: Optimizer, plan: lrspec.Plan) -> lr_scheduler.SequentialLR:
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS - 5)
    return lr_scheduler.SequentialLR(optimizer, [warm_up, cosine], milestones=[5])


def made_by_timm(optimizer: Optimizer, plan: lrspec.Plan) -> Any:
    by_epochs: Any = {
        "num_epochs": (STEPS - 5) // 5,
        "warmup_epochs": 1,
        "updates_per_epoch": 5,
        "step_on_epochs": False,
    }
    return create_scheduler_v2(optimizer, "cosine", **by_epochs, warmup_prefix=True, warmup_lr=0, min_lr=0)[0]


FLOORED = warmed_up(0.2, 0.1)
RECIPES = {
    "OneCycleLR": Recipe(
        lambda optimizer, plan: lr_scheduler.OneCycleLR(
            optimizer, max_lr=plan.rates(optimizer), total_steps=STEPS, cycle_momentum=False
        ),
        one_cycle,
    ),
    "CyclicLR": Recipe(
        lambda optimizer, plan: lr_scheduler.CyclicLR(
            optimizer, plan.rates(optimizer, mult=0.1), plan.rates(optimizer), step_size_up=5, cycle_momentum=False
        ),
        triangles,
    ),
    "LambdaLR, warm-up and cosine with a floor": Recipe(
        lambda optimizer, plan: lr_scheduler.LambdaLR(optimizer, FLOORED), FLOORED
    ),
    "CosineAnnealingLR": Recipe(
        lambda optimizer, plan: lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS),
        lambda step: half_cosine(1, 0, step / STEPS),
    ),
    "CosineAnnealingWarmRestarts": Recipe(
        lambda optimizer, plan: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=10),
        lambda step: half_cosine(1, 0, step % 10 / 10),
    ),
    "LinearLR": Recipe(
        lambda optimizer, plan: lr_scheduler.LinearLR(optimizer, 0.1, total_iters=10),
        lambda step: line(0.1, 1, min(step / 10, 1)),
    ),
    "ConstantLR": Recipe(
        lambda optimizer, plan: lr_scheduler.ConstantLR(optimizer, 0.1, total_iters=10),
        lambda step: 0.1 if step < 10 else 1,
    ),
    "PolynomialLR": Recipe(
        lambda optimizer, plan: lr_scheduler.PolynomialLR(optimizer, total_iters=STEPS, power=2),
        lambda step: (1 - step / STEPS) ** 2,
    ),
    "StepLR": Recipe(
        lambda optimizer, plan: lr_scheduler.StepLR(optimizer, step_size=10), lambda step: 0.1 ** (step // 10)
    ),
    "MultiStepLR": Recipe(
        lambda optimizer, plan: lr_scheduler.MultiStepLR(optimizer, milestones=[10, 30]),
        lambda step: 0.1 ** ((step >= 10) + (step >= 30)),
    ),
    "ExponentialLR": Recipe(
        lambda optimizer, plan: lr_scheduler.ExponentialLR(optimizer, gamma=0.9), lambda step: 0.9**step
    ),
    "SequentialLR": Recipe(made_in_a_row, warmed_up(0.1, 0)),
    "ReduceLROnPlateau": Recipe(
        lambda optimizer, plan: lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=0.5, patience=1, min_lr=plan.rates(optimizer, mult=0.1), eps=0
        ),
        plateau,
    ),
    "timm's CosineLRScheduler": Recipe(
        lambda optimizer, plan: CosineLRScheduler(
            optimizer, t_initial=STEPS - 5, warmup_t=5, warmup_prefix=True, t_in_epochs=False
        ),
        warmed_up(0, 0),
    ),
    "timm's create_scheduler_v2": Recipe(made_by_timm, warmed_up(0, 0)),
    "transformers' cosine": Recipe(
        lambda optimizer, plan: get_cosine_schedule_with_warmup(optimizer, 5, STEPS), warmed_up(0, 0)
    ),
    "the Trainer's cosine with a floor": Recipe(
        lambda optimizer, plan: get_scheduler(
            "cosine_with_min_lr", optimizer, 5, STEPS, scheduler_specific_kwargs={"min_lr_rate": 0.1}
        ),
        warmed_up(0, 0.1),
    ),
    "transformers' cosine with a floor": Recipe(
        lambda optimizer, plan: get_cosine_with_min_lr_schedule_with_warmup(optimizer, 5, STEPS, min_lr_rate=0.1),
        warmed_up(0, 0.1),
    ),
}

each_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


def followed(recipe: Recipe, plan: lrspec.Plan, optimizer: Optimizer, steps: range = range(STEPS)) -> Any:
    """The rates that a recipe is to give, at each step."""
    return [approximately(plan.rates(optimizer, recipe.factor(step))) for step in steps]


def test_the_groups_have_rates_of_their_own(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    assert len(optimizer.param_groups) == 8
    assert plan.rates(optimizer)[::2] == approximately([3e-3 * 0.65**depth for depth in (3, 2, 1, 0)])


@each_recipe
def test_every_rate_is_the_plans_times_the_schedule_at_every_step(
    recipe: Recipe, plan: lrspec.Plan, optimizer: Optimizer
) -> None:
    assert trajectory(recipe.make(optimizer, plan)) == followed(recipe, plan, optimizer)
    assert [group["betas"] for group in optimizer.param_groups] == [(0.8, 0.99)] * 8


@each_recipe
def test_what_runs_is_what_the_spec_says_at_every_step(
    recipe: Recipe, plan: lrspec.Plan, model: nn.Module, optimizer: Optimizer
) -> None:
    scheduler = recipe.make(optimizer, plan)
    assert plan.verify(optimizer, model, scheduler) == []
    for step in range(1, STEPS):
        advance(scheduler, step)
        assert plan.verify(optimizer, model, scheduler) == []


@each_recipe
def test_a_part_of_the_model_has_the_same_schedule(recipe: Recipe, plan: lrspec.Plan) -> None:
    stage = nn.Sequential(nn.Identity(), nn.Identity(), nn.Linear(2, 2), nn.Linear(2, 2))
    optimizer = torch.optim.AdamW(plan.param_groups(stage))
    assert len(optimizer.param_groups) == 4
    assert trajectory(recipe.make(optimizer, plan)) == followed(recipe, plan, optimizer)


def accelerated(optimizer: Optimizer) -> Any:
    return Accelerator(cpu=True).prepare_optimizer(optimizer)


@pytest.mark.parametrize("wrap", [accelerated, LightningOptimizer, Lookahead])
def test_a_wrapped_optimizer_has_the_rates_of_the_one_inside(
    wrap: Callable[[Optimizer], Any], plan: lrspec.Plan, optimizer: Optimizer
) -> None:
    assert plan.rates(wrap(optimizer)) == plan.rates(optimizer) == current(optimizer)


@pytest.mark.parametrize("name", ["cosine", "tanh", "step", "multistep", "poly"])
def test_with_zeros_every_schedule_of_timm_keeps_the_ratios(name: str, optimizer: Optimizer) -> None:
    schedule: Any = {"num_epochs": STEPS, "decay_epochs": 10, "decay_milestones": [10, 30], "warmup_epochs": 5}
    scheduler, _ = create_scheduler_v2(optimizer, name, **schedule, warmup_prefix=True, warmup_lr=0, min_lr=0)
    for epoch in range(1, STEPS):
        scheduler.step(epoch)
        assert [rate / current(optimizer)[-1] for rate in current(optimizer)[::2]] == approximately(
            [0.65**depth for depth in (3, 2, 1, 0)]
        )


def test_timms_factory_takes_the_groups_over_and_nothing_in_them_scales_them_again(
    plan: lrspec.Plan, model: nn.Module, optimizer: Optimizer
) -> None:
    made = create_optimizer_v2(model, "adamw", param_group_fn=plan.param_groups)
    assert plan.rates(made) == current(made) == current(optimizer)
    assert not any("lr_scale" in group for group in made.param_groups)
    assert [group["weight_decay"] for group in made.param_groups] == [0.05, 0] * 4


# ------------------------------------------------------------------------- what goes wrong where they are not followed


def test_one_max_lr_makes_all_rates_equal(optimizer: Optimizer) -> None:
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=STEPS)
    assert all(len(set(rates)) == 1 for rates in trajectory(scheduler))


def test_one_base_lr_makes_all_rates_equal_at_the_bottom(plan: lrspec.Plan, optimizer: Optimizer) -> None:
    lr_scheduler.CyclicLR(optimizer, 1e-5, plan.rates(optimizer), cycle_momentum=False)
    assert set(current(optimizer)) == {1e-5}


@pytest.mark.parametrize("cycle", [lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR])
def test_cycles_of_momentum_overwrite_what_the_spec_says(cycle: Any, plan: lrspec.Plan, optimizer: Optimizer) -> None:
    length = {"total_steps": STEPS} if cycle is lr_scheduler.OneCycleLR else {"base_lr": plan.rates(optimizer, 0.1)}
    advance(cycle(optimizer, max_lr=plan.rates(optimizer), **length), 1)
    assert all(group["betas"][0] > 0.85 for group in optimizer.param_groups)  # the spec says 0.8


def test_one_eta_min_shrinks_the_ratios_and_in_the_end_all_rates_are_equal(optimizer: Optimizer) -> None:
    rates = trajectory(lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS, eta_min=1e-4), last=STEPS)
    spreads = [max(each) / min(each) for each in rates]
    assert spreads == sorted(spreads, reverse=True)
    assert [spreads[0], spreads[-1]] == approximately([0.65**-3, 1])


def test_one_min_lr_makes_rates_equal_when_the_loss_stops_falling(optimizer: Optimizer) -> None:
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=1e-5)
    assert set(trajectory(scheduler)[-1]) == {1e-5}


@pytest.mark.parametrize(("given", "lowest"), [({}, 1), ({"eps": 0}, 0.1)], ids=["eps as it is", "eps=0"])
def test_without_eps_0_low_rates_stay_when_the_loss_stops_falling(
    given: dict[str, Any], lowest: float, model: nn.Module
) -> None:
    plan = lrspec.compile(lrspec.loads(SPEC.replace("0.65", "0.01")), model)
    optimizer = torch.optim.AdamW(plan.param_groups(model))
    trajectory(lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, **given), last=2)
    low, *others = plan.rates(optimizer)[::2]
    assert low < 1e-8
    assert current(optimizer)[::2] == approximately([low * lowest, *(rate * 0.1 for rate in others)])


def test_timms_warm_up_begins_at_one_rate_for_all_and_lower_ones_come_down_to_theirs(model: nn.Module) -> None:
    plan = lrspec.compile(lrspec.loads(SPEC.replace("0.65", "0.1")), model)
    optimizer = torch.optim.AdamW(plan.param_groups(model))
    scheduler, _ = create_scheduler_v2(optimizer, "cosine", num_epochs=STEPS, warmup_epochs=5)
    assert set(current(optimizer)) == {1e-5}
    scheduler.step(4)
    assert plan.rates(optimizer)[0] < current(optimizer)[0] < 1e-5


def test_timms_lr_min_is_one_rate_for_all(optimizer: Optimizer) -> None:
    scheduler = CosineLRScheduler(optimizer, t_initial=STEPS, lr_min=1e-5, t_in_epochs=False)
    assert set(trajectory(scheduler, last=STEPS)[-1]) == {1e-5}


def test_transformers_min_lr_is_a_part_of_a_rate_that_no_group_may_have(
    plan: lrspec.Plan, optimizer: Optimizer
) -> None:
    assert optimizer.defaults["lr"] == 1e-3  # AdamW's own
    scheduler = get_cosine_with_min_lr_schedule_with_warmup(optimizer, 5, STEPS, min_lr=3e-4)
    assert trajectory(scheduler, last=STEPS)[-1] == approximately(plan.rates(optimizer, mult=0.3))


# --------------------------------------------------------------------------------------- resuming with other groups

DONE = 17
"""The steps that were done before the spec was edited."""

LATER = range(DONE, STEPS)


@pytest.fixture
def saved(plan: lrspec.Plan, optimizer: Optimizer) -> dict[str, Any]:
    """The state of a scheduler on the old groups."""
    scheduler = lr_scheduler.LambdaLR(optimizer, FLOORED)
    trajectory(scheduler, last=DONE)
    state = scheduler.state_dict()
    assert state["last_epoch"] == DONE
    return state


@pytest.fixture
def new_plan(model: nn.Module) -> lrspec.Plan:
    return lrspec.compile(lrspec.loads(REGROUPED), model)


@pytest.fixture
def resumed(new_plan: lrspec.Plan, model: nn.Module) -> Optimizer:
    """An optimizer of the new groups, after some loader has left rates of the old ones in them."""
    optimizer = torch.optim.AdamW(new_plan.param_groups(model))
    for group in optimizer.param_groups:
        group.update(lr=1e-6, initial_lr=2e-6, max_lr=3e-6, min_lr=4e-6)
    return optimizer


def start_at_the_plans_rates(optimizer: Optimizer, plan: lrspec.Plan) -> None:
    for group, rate in zip(optimizer.param_groups, plan.rates(optimizer), strict=True):
        group["lr"] = group["initial_lr"] = rate


def stepped(scheduler: Any) -> Any:
    """A new scheduler at the step where the old one was, as the page says."""
    if hasattr(scheduler, "step_update"):
        scheduler.step_update(DONE)
        return scheduler
    with warnings.catch_warnings(action="ignore"):
        for _ in range(DONE):
            scheduler.step()
    return scheduler


def test_the_regrouped_spec_has_other_groups(plan: lrspec.Plan, new_plan: lrspec.Plan) -> None:
    assert [len(group.params) for group in plan.groups or ()] == [1] * 8
    assert [group.params for group in new_plan.groups or ()] == [
        (f"{layer}.weight", f"{layer}.bias") for layer in range(4)
    ]


AT_A_STEP = {
    "LambdaLR": Recipe(lambda optimizer, plan: lr_scheduler.LambdaLR(optimizer, FLOORED, last_epoch=DONE - 1), FLOORED),
    "transformers": Recipe(
        lambda optimizer, plan: get_cosine_schedule_with_warmup(optimizer, 5, STEPS, last_epoch=DONE - 1),
        warmed_up(0, 0),
    ),
}


@pytest.mark.parametrize("recipe", AT_A_STEP.values(), ids=AT_A_STEP)
def test_a_scheduler_made_at_a_later_step_goes_on_with_the_new_rates(
    recipe: Recipe, new_plan: lrspec.Plan, resumed: Optimizer
) -> None:
    start_at_the_plans_rates(resumed, new_plan)
    scheduler = recipe.make(resumed, new_plan)
    assert trajectory(scheduler, first=DONE) == followed(recipe, new_plan, resumed, LATER)


@pytest.mark.parametrize("name", sorted(RECIPES.keys() - {"ReduceLROnPlateau"}))
def test_a_new_scheduler_stepped_to_where_it_was_goes_on_with_the_new_rates(
    name: str, new_plan: lrspec.Plan, resumed: Optimizer
) -> None:
    start_at_the_plans_rates(resumed, new_plan)
    scheduler = stepped(RECIPES[name].make(resumed, new_plan))
    assert trajectory(scheduler, first=DONE) == followed(RECIPES[name], new_plan, resumed, LATER)


def test_loading_the_state_of_the_old_groups_ends_in_an_error(resumed: Optimizer, saved: dict[str, Any]) -> None:
    scheduler = lr_scheduler.LambdaLR(resumed, FLOORED)
    scheduler.load_state_dict(saved)
    resumed.step()
    with pytest.raises(ValueError, match="zip"):
        scheduler.step()


def test_loading_the_state_of_as_many_groups_gives_them_the_old_rates(
    plan: lrspec.Plan, model: nn.Module, saved: dict[str, Any]
) -> None:
    turned = torch.optim.AdamW(plan.param_groups(model)[::-1])
    scheduler = lr_scheduler.LambdaLR(turned, FLOORED)
    scheduler.load_state_dict(saved)
    advance(scheduler, DONE + 1)
    assert current(turned) == approximately(plan.rates(turned, FLOORED(DONE + 1))[::-1])


def test_a_loaded_state_is_mended_with_the_plans_rates(
    new_plan: lrspec.Plan, resumed: Optimizer, saved: dict[str, Any]
) -> None:
    scheduler = lr_scheduler.LambdaLR(resumed, FLOORED)
    scheduler.load_state_dict(saved)
    scheduler.base_lrs = [*new_plan.rates(resumed)]
    for group, rate in zip(resumed.param_groups, new_plan.rates(resumed, FLOORED(DONE)), strict=True):
        group["lr"] = rate
    recipe = RECIPES["LambdaLR, warm-up and cosine with a floor"]
    assert trajectory(scheduler, first=DONE) == followed(recipe, new_plan, resumed, LATER)


def test_a_plateau_goes_on_from_the_factor_that_it_has_come_to(
    plan: lrspec.Plan, optimizer: Optimizer, new_plan: lrspec.Plan, resumed: Optimizer
) -> None:
    recipe, done = RECIPES["ReduceLROnPlateau"], 4
    old = recipe.make(optimizer, plan)
    trajectory(old, last=done)
    state, factor = old.state_dict(), optimizer.param_groups[0]["lr"] / plan.rates(optimizer)[0]
    scheduler = recipe.make(resumed, new_plan)
    scheduler.load_state_dict(state)
    scheduler.min_lrs = new_plan.rates(resumed, mult=0.1)
    for group, rate in zip(resumed.param_groups, new_plan.rates(resumed, factor), strict=True):
        group["lr"] = rate
    assert trajectory(scheduler, first=done) == followed(recipe, new_plan, resumed, range(done, STEPS))
