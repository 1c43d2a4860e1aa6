"""Scripts about schedulers: LRS511 and LRS512, with every scheduler of torch, timm and transformers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
from timm.scheduler.scheduler_factory import create_scheduler_v2
from torch import nn
from torch.optim import SGD, AdamW, Optimizer, lr_scheduler
from torch.optim.swa_utils import SWALR
from transformers import get_scheduler

import lrspec
from lrspec.auditing.audit import audit
from tests.audit.cases import mistake, right, slow

ALL = "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias 3.weight 3.bias"
INPUT, BODY = "0.weight 0.bias", "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias"
END = 12


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2))


def layer_wise(*keys: str, rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3), **values: Any) -> tuple[Any, Any]:
    """A model and an optimizer with rates of the layers, or with these as a key beside one rate."""
    model = net()
    groups: list[dict[str, Any]] = [{"params": list(layer.parameters())} for layer in model]
    for group, rate in zip(groups, rates, strict=True):
        group.update(dict.fromkeys(keys, rate / rates[-1]) if keys else {"lr": rate})
    return model, AdamW(groups, lr=rates[-1], **values)


def one_rate() -> tuple[Any, Any]:
    model = net()
    return model, AdamW(model.parameters(), lr=1e-3)


def rates(optimizer: Optimizer) -> list[float]:
    return [group["lr"] for group in optimizer.param_groups]


def stepped(optimizer: Optimizer, scheduler: Any, times: int) -> Any:
    """The scheduler after some steps of a loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(times):
            optimizer.step()
            takes_loss = hasattr(scheduler, "mode") or hasattr(scheduler, "lr_scheduler")
            if hasattr(scheduler, "param_group_field"):
                scheduler.step(number + 1, *([1.0] if takes_loss else []))
            else:
                scheduler.step(*([1.0] if takes_loss else []))
    return scheduler


# Every scheduler, wherever it is, with layer-wise rates and with one.

Made = Callable[[Optimizer], Any]


def half(_: int) -> float:
    return 0.9


def power(step: int, shift: int = 0, scale: float = 1.0) -> float:
    return float(scale * 0.9 ** (step + shift))


def own_lambdas(optimizer: Optimizer) -> Any:
    powers: list[Callable[[int], float]] = [partial(power, shift=number) for number in range(len(rates(optimizer)))]
    return lr_scheduler.LambdaLR(optimizer, powers)


def swa_lrs(optimizer: Optimizer) -> Any:
    return [rate / 2 for rate in rates(optimizer)]


def warm_then_cosine(optimizer: Optimizer) -> Any:
    warm = lr_scheduler.LinearLR(optimizer, 1e-3, total_iters=4)
    return lr_scheduler.SequentialLR(optimizer, [warm, lr_scheduler.CosineAnnealingLR(optimizer, END - 4)], [4])


def warm_then_cycle(optimizer: Optimizer) -> Any:
    own = rates(optimizer)
    warm = lr_scheduler.ConstantLR(optimizer, 0.1, total_iters=4)
    once = lr_scheduler.OneCycleLR(optimizer, own, total_steps=END)
    return lr_scheduler.SequentialLR(optimizer, [warm, once], [4])


TORCH: dict[str, Made] = {
    "LambdaLR": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda step: max(0.0, 1 - step / END)),
    "LambdaLR_of_several": own_lambdas,
    "MultiplicativeLR": lambda optimizer: lr_scheduler.MultiplicativeLR(optimizer, half),
    "StepLR": lambda optimizer: lr_scheduler.StepLR(optimizer, 3),
    "MultiStepLR": lambda optimizer: lr_scheduler.MultiStepLR(optimizer, [2, 5]),
    "ConstantLR": lr_scheduler.ConstantLR,
    "LinearLR": lr_scheduler.LinearLR,
    "LinearLR_to_0": lambda optimizer: lr_scheduler.LinearLR(optimizer, 1.0, 0.0, END),
    "ExponentialLR": lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.8),
    "PolynomialLR": lambda optimizer: lr_scheduler.PolynomialLR(optimizer, END),
    "CosineAnnealingLR": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, END),
    "CosineAnnealingLR_eta_min": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, END, eta_min=1e-6),
    "CosineAnnealingWarmRestarts": lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(
        optimizer, 4, eta_min=1e-6
    ),
    "OneCycleLR": lambda optimizer: lr_scheduler.OneCycleLR(optimizer, rates(optimizer), total_steps=END + 1),
    "CyclicLR": lambda optimizer: lr_scheduler.CyclicLR(
        optimizer, [rate / 10 for rate in rates(optimizer)], rates(optimizer), 3, cycle_momentum=False
    ),
    "CyclicLR_from_one_rate": lambda optimizer: lr_scheduler.CyclicLR(
        optimizer, 1e-6, rates(optimizer), 3, cycle_momentum=False
    ),
    "CyclicLR_to_one_rate": lambda optimizer: lr_scheduler.CyclicLR(
        optimizer, rates(optimizer), 1e-2, 3, cycle_momentum=False
    ),
    "ReduceLROnPlateau": lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=1),
    "ReduceLROnPlateau_min_lr": lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=5e-5),
    "SWALR": lambda optimizer: SWALR(optimizer, 1e-5, anneal_epochs=2 * END),
    "SWALR_of_lists": lambda optimizer: SWALR(optimizer, swa_lrs(optimizer), anneal_epochs=5),
    "SequentialLR": warm_then_cosine,
    "SequentialLR_of_a_cycle": warm_then_cycle,
    "ChainedScheduler": lambda optimizer: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(optimizer, 0.1, 4), lr_scheduler.ExponentialLR(optimizer, 0.9)]
    ),
}
TIMM: dict[str, dict[str, Any]] = {
    "cosine": {"warmup_epochs": 3, "warmup_lr": 1e-6},
    "tanh": {"warmup_epochs": 3, "warmup_lr": 1e-6},
    "step": {"decay_epochs": 3, "warmup_epochs": 3, "warmup_lr": 1e-3},
    "multistep": {"decay_milestones": [2, 5]},
    "poly": {"warmup_epochs": 3, "warmup_lr": 1e-6, "min_lr": 1e-6},
    "plateau": {"warmup_epochs": 3, "warmup_lr": 1e-6, "patience_epochs": 1, "min_lr": 1e-6},
    "wsd": {"warmup_epochs": 3, "warmup_lr": 1e-6, "decay_epochs": 4},
    "rsqrt": {"warmup_epochs": 3, "warmup_lr": 1e-6, "decay_epochs": 4},
    "constant": {"warmup_epochs": 3, "warmup_lr": 1e-6},
}
TRANSFORMERS: dict[str, dict[str, Any]] = {
    "linear": {},
    "cosine": {},
    "cosine_with_restarts": {},
    "polynomial": {},
    "constant": {},
    "constant_with_warmup": {},
    "inverse_sqrt": {},
    "reduce_lr_on_plateau": {"patience": 1},
    "cosine_with_min_lr": {"min_lr": 1e-6},
    "cosine_warmup_with_min_lr": {"min_lr": 1e-6},
    "warmup_stable_decay": {"num_decay_steps": 4},
    "greedy": {"min_lr": 1e-6},
}


def of_timm(name: str, options: dict[str, Any]) -> Made:
    def make(optimizer: Optimizer) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return create_scheduler_v2(optimizer, name, num_epochs=END, **options)[0]

    return make


def of_transformers(name: str, options: dict[str, Any]) -> Made:
    return lambda optimizer: get_scheduler(name, optimizer, 3, END, options)


EVERY: dict[str, Made] = {
    **TORCH,
    **{f"timm_{name}": of_timm(name, options) for name, options in TIMM.items()},
    **{f"transformers_{name}": of_transformers(name, options) for name, options in TRANSFORMERS.items()},
}


def register(name: str, rated: str, make: Made, steps: int) -> None:
    def script() -> tuple[Any, ...]:
        model, optimizer = {"layer_wise": layer_wise, "one_rate": one_rate}[rated]()
        return model, optimizer, stepped(optimizer, make(optimizer), steps)

    script.__name__ = f"{name}_with_{rated}_rates_after_{steps}_steps".replace("one_rate_rates", "one_rate")
    right(script)


for name, make in EVERY.items():
    for rated in ("layer_wise", "one_rate"):
        for steps in (0, 2, 6, END):
            register(name, rated, make, steps)


# Resumed.


def resumed(make: Made) -> tuple[Any, ...]:
    _, first = layer_wise()
    scheduler = stepped(first, make(first), 5)
    model, optimizer = layer_wise()
    later = make(optimizer)
    optimizer.load_state_dict(first.state_dict())
    later.load_state_dict(scheduler.state_dict())
    return model, optimizer, later


def register_resumed(name: str, make: Made) -> None:
    def script() -> tuple[Any, ...]:
        return resumed(make)

    script.__name__ = f"{name}_resumed"
    right(script)


for name, make in EVERY.items():
    register_resumed(name, make)


@right
def a_cosine_with_last_epoch() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return model, optimizer, lr_scheduler.CosineAnnealingLR(optimizer, END, eta_min=1e-6, last_epoch=7)


# Multipliers in groups.


@right
def timm_reads_lr_scale() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    return model, optimizer, of_timm("cosine", TIMM["cosine"])(optimizer)


@right
def timm_reads_lr_scale_with_a_floor() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    return model, optimizer, of_timm("cosine", {"min_lr": 1e-4})(optimizer)


@right
def the_plateau_of_timm_reads_lr_scale_in_its_warm_up() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    return model, optimizer, stepped(optimizer, of_timm("plateau", TIMM["plateau"])(optimizer), 8)


@right
def a_loop_reads_lr_scale() -> tuple[Any, ...]:
    return layer_wise("lr_scale", "wd_multiplier")


@right
def lr_scale_is_multiplied_in() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    for group in optimizer.param_groups:
        group["lr"] *= group["lr_scale"]
    return model, optimizer, stepped(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, END), 3)


@right
def lr_mult_is_multiplied_into_two_rates() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_mult")
    for group, rate in zip(optimizer.param_groups, (1e-3, 1e-3, 1e-2, 1e-2), strict=True):
        group["lr"] = rate * group["lr_mult"]
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@right
def a_loop_multiplies_after_each_step_of_the_scheduler() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    scheduler = stepped(optimizer, lr_scheduler.LambdaLR(optimizer, half), 3)
    for group in optimizer.param_groups:
        group["lr"] *= group["lr_scale"]
    return model, optimizer, scheduler


@right
def lambdas_read_lr_scale() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    scales = [group["lr_scale"] for group in optimizer.param_groups]
    return model, optimizer, lr_scheduler.LambdaLR(optimizer, [partial(power, scale=scale) for scale in scales])


@right
def multipliers_of_1() -> tuple[Any, ...]:
    model, optimizer = one_rate()
    optimizer.param_groups[0].update(lr_scale=1.0, lr_mult=1, wd_multiplier=1.0)
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@right
def a_scheduler_of_ones_own_may_read_lr_scale() -> tuple[Any, ...]:
    class Scaled(lr_scheduler.LambdaLR):
        def get_lr(self) -> list[Any]:
            return [
                rate * group["lr_scale"]
                for rate, group in zip(super().get_lr(), self.optimizer.param_groups, strict=True)
            ]

    model, optimizer = layer_wise("lr_scale")
    return model, optimizer, Scaled(optimizer, half)


@right
def an_optimizer_of_ones_own_reads_lr_mult() -> tuple[Any, ...]:
    class Scaled(SGD):
        def step(self, closure: Any = None) -> Any:
            for group in self.param_groups:
                group["lr"] *= group["lr_mult"]
            return super().step(closure)

    model = net()
    groups: list[dict[str, Any]] = [
        {"params": layer.parameters(), "lr_mult": 0.5**n} for n, layer in enumerate(reversed(list(model)))
    ]
    optimizer = Scaled(groups, lr=0.1)
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@right
def a_hook_before_each_step_reads_lr_mult() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_mult")
    optimizer.register_step_pre_hook(lambda *_: None)
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@right
def wd_multiplier_without_weight_decay() -> tuple[Any, ...]:
    model, optimizer = layer_wise("wd_multiplier", weight_decay=0.0)
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@mistake("LRS511", BODY, "Multiply it into `lr`")
def torch_does_not_read_lr_scale() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    return model, optimizer, lr_scheduler.CosineAnnealingLR(optimizer, END)


@mistake("LRS511", BODY, "Multiply it into `lr`")
def transformers_does_not_read_lr_scale_in_the_middle() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    return model, optimizer, stepped(optimizer, get_scheduler("cosine", optimizer, 3, END), 6)


@mistake("LRS511", BODY, "Multiply it into `lr` of each group before the scheduler is made.")
def torch_does_not_read_lr_mult_at_the_end() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_mult")
    return model, optimizer, stepped(optimizer, lr_scheduler.PolynomialLR(optimizer, END), END)


@mistake("LRS511", BODY, "Multiply it into `lr`")
def timm_does_not_read_lr_mult() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_mult")
    return model, optimizer, of_timm("cosine", TIMM["cosine"])(optimizer)


@mistake("LRS511", BODY, "Multiply them into `lr` and `weight_decay`")
def torch_does_not_read_the_multipliers_of_dinov2() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_multiplier", "wd_multiplier", weight_decay=0.05)
    return model, optimizer, lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=END)


@mistake("LRS511", BODY, "Multiply it into `weight_decay`")
def nothing_reads_wd_multiplier() -> tuple[Any, ...]:
    model, optimizer = layer_wise("wd_multiplier", weight_decay=0.05)
    return model, optimizer, {"warm": lr_scheduler.LinearLR(optimizer)}, {}


@mistake("LRS511", "3.weight 3.bias", "Multiply it into `lr`")
def a_head_with_lr_mult() -> tuple[Any, ...]:
    model = net()
    groups: list[dict[str, Any]] = [
        {"params": model[:3].parameters()},
        {"params": model[3].parameters(), "lr_mult": 10},
    ]
    optimizer = SGD(groups, lr=1e-3)
    return model, optimizer, lr_scheduler.ReduceLROnPlateau(optimizer)


@mistake("LRS511", BODY, "Multiply it into `lr`")
def lr_scale_under_the_wrapper_of_accelerate() -> tuple[Any, ...]:
    from accelerate import Accelerator

    model, optimizer = layer_wise("lr_scale")
    scheduler = get_scheduler("linear", optimizer, 3, END)
    return model, *Accelerator(cpu=True).prepare(optimizer, scheduler)


# Floors.


def floored(make: Made, steps: int = 0) -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    return model, optimizer, stepped(optimizer, make(optimizer), steps)


@mistake("LRS512", "0.weight 0.bias 1.weight 1.bias", "`eta_min` to 0")
def a_cosine_with_a_floor_above_the_first_layers() -> tuple[Any, ...]:
    return floored(lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, END, eta_min=5e-4))


@mistake("LRS512", INPUT, "`eta_min` to 0")
def a_floor_at_the_lowest_rate() -> tuple[Any, ...]:
    return floored(lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, END, eta_min=1e-4), 6)


@mistake("LRS512", INPUT, "`eta_min` to 0")
def warm_restarts_with_a_floor_after_a_warm_up() -> tuple[Any, ...]:
    def make(optimizer: Optimizer) -> Any:
        warm = lr_scheduler.LinearLR(optimizer, 1e-3, total_iters=4)
        restarts = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, eta_min=2e-4)
        return lr_scheduler.SequentialLR(optimizer, [warm, restarts], [4])

    return floored(make, 2)


@mistake("LRS512", INPUT, "`min_lr` a list with one rate per group")
def a_plateau_with_a_floor_at_the_lowest_rate() -> tuple[Any, ...]:
    return floored(lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=1e-4))


@mistake("LRS512", INPUT, "`min_lr` a list with one rate per group")
def a_plateau_with_a_floor_above_the_lowest_rate() -> tuple[Any, ...]:
    return floored(lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=2e-4), 2)


@mistake("LRS512", "0.weight 0.bias 1.weight 1.bias", "`lr_min` to 0")
def the_cosine_of_timm_with_a_floor() -> tuple[Any, ...]:
    return floored(of_timm("cosine", {"min_lr": 3e-4}))


@mistake("LRS512", INPUT, "`min_lr` a list with one rate per group")
def the_plateau_of_timm_with_a_floor() -> tuple[Any, ...]:
    return floored(of_timm("plateau", {"min_lr": 2e-4}))


@mistake("LRS512", "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias", "`min_lr` a list with one rate per group")
def the_floor_that_greedy_has_by_default() -> tuple[Any, ...]:
    return floored(lambda optimizer: get_scheduler("greedy", optimizer))


@mistake("LRS512", "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias", "`swa_lr` a list with one rate per group")
def one_rate_for_averaging() -> tuple[Any, ...]:
    return floored(lambda optimizer: SWALR(optimizer, 1e-3), 2)


def averaged(**options: Any) -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    earlier = audit(optimizer, model)
    return model, optimizer, stepped(optimizer, SWALR(optimizer, **options), 1), {"since": earlier}


@mistake("LRS512", ALL, "`swa_lr=[…]`")
def one_rate_for_averaging_that_is_reached() -> tuple[Any, ...]:
    return averaged(swa_lr=5e-5, anneal_epochs=1)[:3]


@mistake("LRS512", ALL, "`swa_lr=[…]`")
def one_rate_for_averaging_that_is_reached_since() -> tuple[Any, ...]:
    return averaged(swa_lr=5e-5, anneal_epochs=1)


@right
def rates_for_averaging_that_are_reached() -> tuple[Any, ...]:
    return averaged(swa_lr=[1e-5, 1e-4, 1e-4, 1e-3], anneal_epochs=1)


@right
def rates_for_averaging_after_a_cosine_to_one_rate() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    stepped(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 2, eta_min=1e-5), 2)
    each: Any = [1e-5, 1e-4, 1e-4, 1e-3]
    return model, optimizer, SWALR(optimizer, each)


@right
def one_rate_for_averaging_where_the_rates_were_one() -> tuple[Any, ...]:
    model, optimizer = one_rate()
    return model, optimizer, stepped(optimizer, SWALR(optimizer, 1e-4, anneal_epochs=1), 2)


@mistake("LRS512", INPUT, "`eta_min` to 0")
def a_floor_in_the_configuration_of_lightning() -> tuple[Any, ...]:
    from lightning.pytorch.utilities.types import LRSchedulerConfig

    model, optimizer = layer_wise()
    return model, optimizer, [LRSchedulerConfig(lr_scheduler.CosineAnnealingLR(optimizer, END, eta_min=1e-4))]


@mistake("LRS512", INPUT, "`eta_min` to 0")
@slow
def a_floor_under_mmengine() -> tuple[Any, ...]:
    from mmengine.optim import CosineAnnealingLR, OptimWrapper

    return floored(lambda optimizer: CosineAnnealingLR(OptimWrapper(optimizer), T_max=END, eta_min=1e-4))


@right
@slow
def mmengine_multiplies() -> tuple[Any, ...]:
    from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper

    model, optimizer = layer_wise("lr_scale")
    for group in optimizer.param_groups:
        group["lr"] *= group["lr_scale"]
    wrapped = OptimWrapper(optimizer)
    return model, wrapped, [LinearLR(wrapped, 1e-3, end=4), CosineAnnealingLR(wrapped, T_max=END, eta_min_ratio=0.01)]


@right
def a_floor_for_each_group() -> tuple[Any, ...]:
    return floored(lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=[0, 0, 1e-3, 1e-3]))


@right
def a_plateau_after_it_has_come_down_to_its_floor() -> tuple[Any, ...]:
    return floored(lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=5e-5), 3)


@right
def the_plateau_of_transformers_after_it_has_come_down() -> tuple[Any, ...]:
    return floored(lambda optimizer: get_scheduler("reduce_lr_on_plateau", optimizer), END)


# One rate for all.


@mistake("LRS512", ALL, "Assign no `lr` to all groups")
def one_rate_is_set_by_hand_after_the_scheduler() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3
    return model, optimizer, scheduler


@mistake("LRS512", ALL, "a list with the rate of each group")
def a_cycle_of_one_height_after_a_warm_up() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    lr_scheduler.LinearLR(optimizer)
    return model, optimizer, lr_scheduler.CyclicLR(optimizer, 1e-4, 1e-3, cycle_momentum=False)


@mistake("LRS512", ALL, "load no state of a scheduler that had one rate")
def the_state_of_a_scheduler_with_one_rate() -> tuple[Any, ...]:
    _, uniform = layer_wise(rates=(1e-3,) * 4)
    model, optimizer = layer_wise()
    scheduler = lr_scheduler.LambdaLR(optimizer, half)
    scheduler.load_state_dict(lr_scheduler.LambdaLR(uniform, half).state_dict())
    return model, optimizer, scheduler


@right
def one_rate_by_hand_that_the_scheduler_takes_back() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    scheduler = lr_scheduler.LambdaLR(optimizer, half)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3
    return model, optimizer, scheduler


@right
def a_scheduler_of_ones_own_that_sets_one_rate() -> tuple[Any, ...]:
    class Uniform(lr_scheduler.LRScheduler):
        def get_lr(self) -> list[Any]:
            return [1e-3 for _ in self.base_lrs]

    model, optimizer = layer_wise()
    return model, optimizer, Uniform(optimizer)


@right
def a_warm_up_of_ones_own_from_one_rate_to_each_groups_own() -> tuple[Any, ...]:
    class Warm(lr_scheduler.LRScheduler):
        def get_lr(self) -> list[Any]:
            part = min(1.0, self.last_epoch / 10)
            return [1e-5 + part * (rate - 1e-5) for rate in self.base_lrs]

    model, optimizer = layer_wise()
    earlier = audit(optimizer, model)
    return model, optimizer, Warm(optimizer), {"since": earlier}


class DeepSpeedWarmup:
    """What DeepSpeed's WarmupLR does: it sets the rates when it is made, and leaves no trace in the groups."""

    def __init__(self, optimizer: Optimizer, warmup_max_lr: Any = 1e-3, warmup_num_steps: int = 8) -> None:
        several = isinstance(warmup_max_lr, list)
        self.optimizer, self.warmup_num_steps = optimizer, warmup_num_steps
        self.max_lrs = warmup_max_lr if several else [warmup_max_lr] * len(optimizer.param_groups)
        self.min_lrs = [0.0] * len(optimizer.param_groups)
        self.last_batch_iteration = -1
        self.step()

    def step(self) -> None:
        self.last_batch_iteration += 1
        gamma = min(1.0, math.log(self.last_batch_iteration + 1) / math.log(self.warmup_num_steps))
        for group, high, low in zip(self.optimizer.param_groups, self.max_lrs, self.min_lrs, strict=True):
            group["lr"] = low + (high - low) * gamma


def under_deepspeed(given: bool, steps: int, **options: Any) -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    earlier = audit(optimizer, model)
    scheduler = DeepSpeedWarmup(optimizer, **options)
    for _ in range(steps):
        scheduler.step()
    return model, optimizer, scheduler if given else None, {"since": earlier}


@mistake("LRS512", ALL, "a list with the rate of each group")
def deepspeed_8171_when_the_scheduler_is_made() -> tuple[Any, ...]:
    return under_deepspeed(True, 0)


@mistake("LRS512", ALL, "a list with the rate of each group")
def deepspeed_8171_in_the_warm_up() -> tuple[Any, ...]:
    return under_deepspeed(True, 3)


@mistake("LRS512", ALL, "a list with the rate of each group")
def deepspeed_8171_without_the_scheduler() -> tuple[Any, ...]:
    return under_deepspeed(False, 20)


@right
def deepspeed_with_a_list_when_the_scheduler_is_made() -> tuple[Any, ...]:
    return under_deepspeed(True, 0, warmup_max_lr=[1e-4, 3e-4, 1e-3, 3e-3])


@right
def deepspeed_with_a_list_without_the_scheduler() -> tuple[Any, ...]:
    return under_deepspeed(False, 3, warmup_max_lr=[1e-4, 3e-4, 1e-3, 3e-3])


@right
def deepspeed_without_an_earlier_audit() -> tuple[Any, ...]:
    return under_deepspeed(True, 20)[:3]


def since(make: Made, given: bool = True, rated: Callable[[], tuple[Any, Any]] = layer_wise) -> tuple[Any, ...]:
    model, optimizer = rated()
    earlier = audit(optimizer, model)
    scheduler = make(optimizer)
    return model, optimizer, scheduler if given else None, {"since": earlier}


@mistake("LRS512", ALL, "`max_lr=[…]`")
def one_cycle_of_one_height() -> tuple[Any, ...]:
    return since(lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=END))


@mistake("LRS512", ALL, "`max_lr=[…]`")
def one_cycle_of_one_height_that_is_not_given() -> tuple[Any, ...]:
    return since(lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=END), given=False)


@mistake("LRS512", ALL, "`max_lr=[…]`")
def cycles_of_one_height() -> tuple[Any, ...]:
    return since(lambda optimizer: lr_scheduler.CyclicLR(optimizer, 1e-5, 3e-3, cycle_momentum=False))


@mistake("LRS512", ALL, "Assign no `lr`")
def one_rate_by_hand() -> tuple[Any, ...]:
    def assign(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            group["lr"] = 1e-3

    return since(assign)


def register_since(name: str, make: Made) -> None:
    def with_it() -> tuple[Any, ...]:
        return since(make)

    def without_it() -> tuple[Any, ...]:
        return since(make, given=False)

    with_it.__name__, without_it.__name__ = f"{name}_since", f"{name}_since_not_given"
    right(with_it)
    right(without_it)


for name, make in EVERY.items():
    if name != "CyclicLR_to_one_rate":  # whether these rates are flattened nobody can say
        register_since(name, make)


@mistake("LRS512", ALL, "multiplies the rates that it finds")
def one_rate_by_hand_before_the_scheduler() -> tuple[Any, ...]:
    def assign(optimizer: Optimizer) -> Any:
        for group in optimizer.param_groups:
            group["lr"] = 1e-3
        return lr_scheduler.ExponentialLR(optimizer, 0.9)

    return since(assign)


@right
def a_plateau_at_its_floor_since() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    earlier = audit(optimizer, model)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=5e-5)
    return model, optimizer, stepped(optimizer, scheduler, 8), {"since": earlier}


# Unfrozen while a scheduler runs.


def unfrozen(make: Made, *rates: float) -> tuple[Any, ...]:
    """A head with a scheduler, and later the layers below at the rate that it has come down to."""
    model = net()
    groups = [{"params": model[3 - place].parameters(), "lr": rate} for place, rate in enumerate(rates)]
    optimizer = AdamW(groups)
    scheduler = stepped(optimizer, make(optimizer), 2)
    rest = [parameter for layer in model[: 4 - len(rates)] for parameter in layer.parameters()]
    optimizer.add_param_group({"params": rest, "lr": optimizer.param_groups[0]["lr"]})
    return model, optimizer, scheduler


def register_unfrozen(name: str) -> None:
    def script() -> tuple[Any, ...]:
        return unfrozen(TORCH[name], 1e-3)

    script.__name__ = f"{name}_when_more_is_unfrozen_at_its_rate"
    right(script)


for name in ("StepLR", "MultiStepLR", "LinearLR", "ExponentialLR", "CosineAnnealingLR", "ReduceLROnPlateau"):
    register_unfrozen(name)


@mistake("LRS512", ALL, "Assign no `lr` to all groups")
def one_rate_for_all_when_more_is_unfrozen() -> tuple[Any, ...]:
    model, optimizer, scheduler = unfrozen(TORCH["ExponentialLR"], 1e-3, 1e-4)
    for group in optimizer.param_groups:
        group["lr"] = 5e-4
    return model, optimizer, scheduler


@right
def one_cycle_where_the_rates_were_one() -> tuple[Any, ...]:
    return since(lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=END), rated=one_rate)


@right
def an_empty_group_with_a_low_rate() -> tuple[Any, ...]:
    model, optimizer = one_rate()
    optimizer.param_groups.append({**optimizer.param_groups[0], "params": [], "lr": 1e-7})
    return model, optimizer, lr_scheduler.CosineAnnealingLR(optimizer, END, eta_min=1e-5), {"ignore": ["empty-group"]}


@right
def two_optimizers_with_a_rate_each() -> tuple[Any, ...]:
    model = net()
    body, head = SGD(model[:3].parameters(), lr=0.1), AdamW(model[3].parameters(), lr=1e-3)
    both = [lr_scheduler.CosineAnnealingLR(each, END, eta_min=1e-3) for each in (body, head)]
    return model, {"body": body, "head": head}, dict(zip(("body", "head"), both, strict=True)), {}


# Groups without parameters of the model.


def with_a_loss(**keys: Any) -> tuple[Any, Any]:
    """A model with one rate, and the weight of a loss with what is given."""
    model = net()
    return model, AdamW([{"params": model.parameters()}, {"params": [nn.Parameter(torch.ones(5))], **keys}], lr=1e-3)


@mistake("LRS512", "", "`eta_min` to 0")
def a_floor_above_the_rate_of_a_loss() -> tuple[Any, ...]:
    model, optimizer = with_a_loss(lr=1e-5)
    return model, optimizer, lr_scheduler.CosineAnnealingLR(optimizer, END, eta_min=1e-5)


@mistake("LRS511", BODY, "Multiply them into `lr` and `weight_decay`")
def multipliers_called_mul() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_mul", "wd_mul")
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@mistake("LRS511", "", "Multiply it into `lr`")
def the_multiplier_of_a_loss_is_not_read() -> tuple[Any, ...]:
    model, optimizer = with_a_loss(lr_mult=0.1)
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@mistake("LRS512", "", "Assign no `lr` to all groups")
def one_rate_for_two_losses() -> tuple[Any, ...]:
    model, optimizer = one_rate()
    weights = [nn.Parameter(torch.ones(5)) for _ in range(2)]
    of_losses = SGD([{"params": [weight], "lr": rate} for weight, rate in zip(weights, (0.1, 0.01), strict=True)])
    scheduler = lr_scheduler.StepLR(of_losses, 3)
    for group in of_losses.param_groups:
        group["lr"] = 0.05
    return model, [optimizer, of_losses], scheduler


# Others.


@right
def a_rate_of_0_that_a_plateau_does_not_lift() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    optimizer.param_groups[0].update(lr=0.0, initial_lr=0.1)
    return model, optimizer, lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=1e-6)


@right
def an_optimizer_of_another_package_may_read_lr_mult() -> tuple[Any, ...]:
    class Foreign(torch.optim.Optimizer):
        def step(self, closure: Any = None) -> Any:
            """Leave it to a function elsewhere."""

    model = net()
    groups: list[dict[str, Any]] = [
        {"params": model[:3].parameters(), "lr_mult": 0.1},
        {"params": model[3].parameters()},
    ]
    optimizer = Foreign(groups, {"lr": 0.1, "lr_mult_of_all": 1.0})
    return model, optimizer, lr_scheduler.StepLR(optimizer, 3)


@right
def several_schedules_of_a_spec() -> tuple[Any, ...]:
    model = net()
    spec = lrspec.loads(
        """
lrspec: 1
optimizer: {type: AdamW, lr: 0.001}
schedules:
  default: [{until: 20%, from: 0}, {to: 0, shape: cosine}]
  head: [{to: 0.1}]
rules:
  - {name: body, match: '^[012]\\.', lr: 0.0001}
  - {name: head, match: '^3\\.', lr_mult: 1, schedule: head}
"""
    )
    plan = lrspec.compile(spec, model)
    optimizer = lrspec.build_optimizer(plan, model)
    return model, optimizer, stepped(optimizer, lrspec.build_scheduler(plan, optimizer, END), 5)


class Warmup:
    """What pytorch_warmup's warm-ups do: a factor for each group, which the scheduler's step takes back."""

    def __init__(self, optimizer: Optimizer, period: int) -> None:
        self.optimizer, self.last_step = optimizer, -1
        self.warmup_params = [{"warmup_period": period} for _ in optimizer.param_groups]
        self.dampen()

    def warmup_factor(self, step: int, warmup_period: int) -> float:
        return min(1.0, (step + 1) / warmup_period)

    def dampen(self) -> None:
        self.lrs, self.last_step = rates(self.optimizer), self.last_step + 1
        for group, params in zip(self.optimizer.param_groups, self.warmup_params, strict=True):
            group["lr"] *= self.warmup_factor(self.last_step, **params)

    @contextmanager
    def dampening(self) -> Iterator[None]:
        for group, rate in zip(self.optimizer.param_groups, self.lrs, strict=True):
            group["lr"] = rate
        yield
        self.dampen()


@right
def a_warm_up_beside_the_scheduler() -> tuple[Any, ...]:
    model, optimizer = layer_wise()
    scheduler, warmup = lr_scheduler.CosineAnnealingLR(optimizer, END), Warmup(optimizer, 5)
    for _ in range(2):
        optimizer.step()
        with warmup.dampening():
            scheduler.step()
    return model, optimizer, [scheduler, warmup]


@right
def a_scheduler_that_is_not_torchs() -> tuple[Any, ...]:
    model, optimizer = layer_wise("lr_scale")
    return model, optimizer, SimpleNamespace(optimizer=optimizer, step=lambda: None)
