"""What trains against its plan: silent on every right run, and each breakage found, with its place and its names."""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from timm.optim.nadamw import NAdamW
from timm.scheduler.cosine_lr import CosineLRScheduler
from timm.scheduler.scheduler import Scheduler
from timm.scheduler.step_lr import StepLRScheduler
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD, Adam, AdamW, Optimizer, RAdam
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from torch.optim.swa_utils import SWALR

import lrspec
from lrspec.diagnostics.codes import CODES
from lrspec.optim.verify.verify import require

SPEC = lrspec.loads(
    r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05, betas: [0.9, 0.95]}
rules:
  - {name: ladder, layers: ['^embed\.', '^blocks\.(\d+)\.'], layer_decay: 0.5}
  - {name: head, match: '^head\.', lr_mult: 2}
  - {name: stem, match: '^stem\.', freeze: true}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
""",
    path="net.lrspec.yaml",
)
TWO = lrspec.loads(
    r"""
lrspec: 1
optimizers:
  adamw: {type: AdamW, lr: 1e-3}
  sgd: {type: SGD, lr: 0.1, momentum: 0.9}
rules:
  - {name: stem, match: '^stem\.', freeze: true}
  - {name: matrices, where: {ndim: 2}, exclude: '^stem\.', lr_mult: 1, optimizer: sgd}
  - {name: rest, fallback: true, lr_mult: 1}
"""
)
STEPS = 10


class Net(nn.Module):
    """A frozen stem, an embedding, two blocks and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.embed = nn.Linear(4, 4), nn.Linear(4, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embed(self.stem(x))
        for block in self.blocks:
            x = block(x)
        result: torch.Tensor = self.head(x)
        return result


@pytest.fixture
def model() -> Net:
    return Net()


def both(names: str) -> tuple[str, ...]:
    """The weight and the bias of some layers."""
    return tuple(f"{name}.{which}" for name in names.split() for which in ("weight", "bias"))


def planned(model: nn.Module, spec: lrspec.SpecFile = SPEC) -> lrspec.Plan:
    plan = lrspec.compile(spec, model)
    plan.freeze(model)
    return plan


def step(optimizer: Optimizer) -> None:
    """One step, with gradients that are all 1."""
    for group in optimizer.param_groups:
        for tensor in group["params"]:
            tensor.grad = torch.ones_like(tensor)
    optimizer.step()


def advance(optimizer: Optimizer, scheduler: Any, steps: int = 3) -> None:
    for count in range(1, steps + 1):
        step(optimizer)
        if isinstance(scheduler, Scheduler):
            scheduler.step(count)
        elif isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(1.0)
        else:
            scheduler.step()


def rates(optimizer: Optimizer, mult: float = 1.0) -> list[float]:
    return [group["lr"] * mult for group in optimizer.param_groups]


# ------------------------------------------------------------------------------------------------ right

Schedule = Callable[[Optimizer], Any]


class OfWeightDecay(Scheduler):
    """A schedule of timm's for weight decay."""

    def __init__(self, optimizer: Optimizer) -> None:
        super().__init__(optimizer, "weight_decay")

    def _get_lr(self, count: int) -> list[float]:
        return [value * (1 + count) for value in self.base_values]


def floors(optimizer: Optimizer) -> LambdaLR:
    """A floor for each group, by a function each."""
    floors = [0.9 / (1 + number) for number in range(len(optimizer.param_groups))]
    return LambdaLR(optimizer, [partial(_down_to, floor) for floor in floors])


def _down_to(floor: float, step: int) -> float:
    return max(1 - step / STEPS, floor)


def cosine_after_warmup(optimizer: Optimizer) -> SequentialLR:
    warmup = LinearLR(optimizer, start_factor=0.1, total_iters=2)
    return SequentialLR(optimizer, [warmup, CosineAnnealingLR(optimizer, STEPS)], milestones=[2])


RIGHT: dict[str, Schedule] = {
    "OneCycleLR": lambda o: OneCycleLR(o, rates(o), total_steps=STEPS, cycle_momentum=False),
    "CyclicLR": lambda o: CyclicLR(o, rates(o, 0.1), rates(o), step_size_up=2, cycle_momentum=False),
    "CosineAnnealingLR": lambda o: CosineAnnealingLR(o, STEPS),
    "CosineAnnealingWarmRestarts": lambda o: CosineAnnealingWarmRestarts(o, 2),
    "LambdaLR": lambda o: LambdaLR(o, lambda step: step / STEPS),
    "a LambdaLR a group": floors,
    "StepLR": lambda o: StepLR(o, 2),
    "ReduceLROnPlateau": lambda o: ReduceLROnPlateau(o, patience=1, min_lr=rates(o, 0.01)),
    "SequentialLR": cosine_after_warmup,
    "ChainedScheduler": lambda o: ChainedScheduler([LinearLR(o, total_iters=2), ExponentialLR(o, 0.9)]),
    "SWALR": lambda o: SWALR(o, rates(o, 0.1), anneal_epochs=5),  # type: ignore[arg-type] # a list, too
    "timm's cosine": lambda o: CosineLRScheduler(o, STEPS, warmup_t=2),
    "timm's step": lambda o: StepLRScheduler(o, 2),
    "timm's for weight decay": OfWeightDecay,
}
each_schedule = pytest.mark.parametrize("schedule", RIGHT.values(), ids=RIGHT)


def test_nothing_is_found_in_an_optimizer_as_it_is_built(model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    assert plan.verify(optimizer, model) == []
    step(optimizer)
    assert plan.verify(optimizer, model) == []


def test_groups_may_be_in_another_order_and_split(model: Net) -> None:
    plan = planned(model)
    groups = plan.param_groups(model)
    split = [
        {**group, "params": [tensor], "param_names": [name]}
        for group in groups
        for tensor, name in zip(group["params"], group["param_names"], strict=True)
    ]
    assert plan.verify(AdamW(split[::-1]), model) == []


def test_groups_may_have_no_names(model: Net) -> None:
    plan = planned(model)
    groups = [{key: g[key] for key in g if key != "param_names"} for g in plan.param_groups(model)]
    assert plan.verify(AdamW(groups), model) == []


@each_schedule
def test_nothing_is_found_under_a_scheduler_at_the_start_midway_and_resumed(schedule: Schedule, model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    scheduler = schedule(optimizer)
    assert plan.verify(optimizer, model, scheduler) == []
    for _ in range(2):
        advance(optimizer, scheduler)
        assert plan.verify(optimizer, model, scheduler) == []
    saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    optimizer = AdamW(plan.param_groups(model))
    scheduler = schedule(optimizer)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    assert plan.verify(optimizer, model, scheduler) == []


@pytest.mark.parametrize("name", [name for name in RIGHT if name not in ("CyclicLR", "a LambdaLR a group", "SWALR")])
def test_nothing_is_found_under_a_scheduler_that_is_not_shown(name: str, model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    scheduler = RIGHT[name](optimizer)
    if name != "ReduceLROnPlateau":  # which leaves nothing in the groups to know it by
        advance(optimizer, scheduler)
    assert plan.verify(optimizer, model) == []


def test_rates_may_be_tensors(model: Net) -> None:
    plan = planned(model)
    groups = [{**group, "lr": torch.tensor(group["lr"])} for group in plan.param_groups(model)]
    optimizer = AdamW(groups, foreach=False)
    scheduler = CosineAnnealingLR(optimizer, STEPS)
    assert plan.verify(optimizer, model, scheduler) == []
    advance(optimizer, scheduler)
    assert plan.verify(optimizer, model, scheduler) == []


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_rates_may_be_numbers_of_numpy(kind: Callable[[float], Any], model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW([{**group, "lr": kind(group["lr"])} for group in plan.param_groups(model)])
    assert plan.verify(optimizer, model) == []
    optimizer.param_groups[0]["lr"] = kind(0.5)
    (found,) = plan.verify(optimizer, model)
    assert found.message.startswith("the learning rate of 1 parameter (16 elements) is 0.5, not 0.00025\n")


def test_settings_that_the_plan_does_not_set_are_compared_with_the_optimizers_defaults(model: Net) -> None:
    spec = lrspec.loads("lrspec: 1\nrules: [{name: all, match: '^stem', freeze: true}, {match: '^[^s]', lr: 0.5}]")
    plan = planned(model, spec)
    optimizer = SGD(plan.param_groups(model), lr=9.0, weight_decay=0.125)
    assert plan.verify(optimizer, model) == []
    optimizer.param_groups[0]["weight_decay"] = 0.5
    (found,) = plan.verify(optimizer, model)
    assert found.message.startswith("the weight decay of 8 parameters (70 elements) is 0.5, not 0.125\n")
    assert (found.code, found.line) == ("LRS405", 2)  # the spec has no `optimizer`


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    "wrap",
    [
        nn.DataParallel,
        DistributedDataParallel,
        lambda model: torch.compile(model, backend="eager"),
        lambda model: fully_shard(model, mesh=init_device_mesh("cpu", (1,))),
    ],
    ids=["DataParallel", "DistributedDataParallel", "compile", "fully_shard"],
)
def test_nothing_is_found_in_the_optimizer_of_a_wrapped_model(
    wrap: Callable[[nn.Module], nn.Module], model: Net
) -> None:
    plan = planned(model)
    wrapped = wrap(model)
    optimizer = AdamW(plan.param_groups(wrapped))
    step(optimizer)
    assert plan.verify(optimizer, wrapped) == []
    named = SGD(wrapped.named_parameters(), lr=1.0)  # names with what the wrapper adds
    assert "LRS407" not in [found.code for found in plan.verify(named, wrapped)]


def test_a_part_of_the_model_lacks_nothing_that_it_does_not_have(model: Net) -> None:
    plan = planned(model)
    model.embed, model.blocks[0] = nn.Identity(), nn.Identity()  # type: ignore[assignment]
    assert plan.verify(AdamW(plan.param_groups(model)), model) == []


def test_tied_weights_may_be_under_either_name(model: Net) -> None:
    model.blocks[1].weight = model.embed.weight
    text = SPEC.document.text.content.replace(r"'^blocks\.(\d+)\.'", r"'^blocks\.(0)\.|^blocks\.1\.bias'")
    plan = planned(model, lrspec.loads(text))
    optimizer = AdamW(plan.param_groups(model))
    assert plan.verify(optimizer, model) == []
    optimizer.param_groups[0]["param_names"][0] = "blocks.1.weight"
    assert plan.verify(optimizer, model) == []
    model.embed = nn.Identity()  # type: ignore[assignment]
    optimizer = AdamW(plan.param_groups(model))
    assert plan.verify(optimizer, model) == []


def test_several_optimizers_are_verified_with_their_schedulers(model: Net) -> None:
    plan = planned(model, TWO)
    optimizers = lrspec.build_optimizers(plan, model)
    schedulers = [CosineAnnealingLR(each, STEPS) for each in optimizers.values()]
    assert plan.verify(optimizers, model) == []
    assert plan.verify(optimizers, model, schedulers) == []
    assert plan.verify(optimizers, model, dict(zip(optimizers, schedulers, strict=True))) == []


def test_nothing_is_found_under_the_wrappers_of_a_trainer(model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    wrapped = Accelerator(cpu=True).prepare(model, optimizer, CosineAnnealingLR(optimizer, STEPS))
    assert [type(each).__name__ for each in wrapped] == ["Net", "AcceleratedOptimizer", "AcceleratedScheduler"]
    assert plan.verify(wrapped[1], wrapped[0], wrapped[2]) == []


@pytest.mark.parametrize(
    ("type_", "cls"),
    [
        ("AdamW", AdamW),
        ("AdamW", type("AdamW8bit", (AdamW,), {})),
        ("my.package.AdamW8bit", type("AdamW8bit", (Adam,), {})),
        ("timm:nadamw", NAdamW),
    ],
)
def test_a_class_may_be_derived_from_the_one_that_the_spec_says(type_: str, cls: type[Optimizer], model: Net) -> None:
    plan = planned(model, lrspec.loads(SPEC.document.text.content.replace("type: AdamW", f"type: '{type_}'")))
    assert plan.verify(cls(plan.param_groups(model)), model) == []  # type: ignore[call-arg]


class Warmup:
    """What pytorch_warmup does: a factor for each group, after the scheduler's step and taken back before it."""

    def __init__(self, optimizer: Optimizer, periods: list[int]) -> None:
        self.optimizer, self.last_step = optimizer, -1
        self.warmup_params = [{"warmup_period": period} for period in periods]
        self._keep_and_dampen()

    def warmup_factor(self, step: int, warmup_period: int) -> float:
        return min(1.0, (step + 1) / warmup_period)

    @contextmanager
    def dampening(self) -> Iterator[None]:
        for group, rate in zip(self.optimizer.param_groups, self.lrs, strict=True):
            group["lr"] = rate
        yield
        self._keep_and_dampen()

    def _keep_and_dampen(self) -> None:
        self.lrs = [group["lr"] for group in self.optimizer.param_groups]
        self.last_step += 1
        for group, params in zip(self.optimizer.param_groups, self.warmup_params, strict=True):
            group["lr"] *= self.warmup_factor(self.last_step, **params)


PERIODS = {"one for all": lambda groups: [5] * groups, "one a group": lambda groups: [3 + n for n in range(groups)]}
each_period = pytest.mark.parametrize("periods", PERIODS.values(), ids=PERIODS)


def warmed_up(optimizer: Optimizer, scheduler: Any, periods: Callable[[int], list[int]], steps: int) -> Warmup:
    """The warm-up after some steps, with those of the scheduler."""
    warmup = Warmup(optimizer, periods(len(optimizer.param_groups)))
    for _ in range(steps):
        step(optimizer)
        with warmup.dampening():
            if scheduler is not None:
                scheduler.step()
    return warmup


@each_period
@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("name", ["CosineAnnealingLR", "OneCycleLR", "StepLR", "SequentialLR", "a LambdaLR a group"])
def test_nothing_is_found_under_a_warmup_that_multiplies_what_the_scheduler_has_set(
    name: str, steps: int, periods: Callable[[int], list[int]], model: Net
) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    scheduler = RIGHT[name](optimizer)
    warmup = warmed_up(optimizer, scheduler, periods, steps)
    assert plan.verify(optimizer, model, [scheduler, warmup]) == []
    assert plan.verify(optimizer, model, [warmup, scheduler]) == []


@each_period
@pytest.mark.parametrize("steps", [0, 3, 20])
def test_nothing_is_found_under_a_warmup_without_a_scheduler(
    steps: int, periods: Callable[[int], list[int]], model: Net
) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    warmup = warmed_up(optimizer, None, periods, steps)
    assert plan.verify(optimizer, model, warmup) == []


def zero(model: nn.Module, plan: lrspec.Plan, cls: type[Optimizer] = AdamW, **options: Any) -> Any:
    return ZeroRedundancyOptimizer(plan.param_groups(model), cls, **options)


DEFAULTS = lrspec.loads(
    r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: stem, match: '^stem\.', freeze: true}
  - {name: rest, fallback: true, lr_mult: 1}
"""
)
"""A spec that leaves weight decay to the class, which ZeroRedundancyOptimizer does not have among its defaults."""
ONE_GROUP = lrspec.loads(
    """
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, betas: [0.5, 0.6]}
rules: [{name: all, fallback: true, lr_mult: 1}]
"""
)


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("spec", [SPEC, DEFAULTS], ids=["with a weight decay", "with the default of the class"])
@pytest.mark.parametrize("options", [{}, {"parameters_as_bucket_view": True}], ids=["plain", "as bucket view"])
def test_nothing_is_found_in_a_zero_redundancy_optimizer(
    options: dict[str, Any], spec: lrspec.SpecFile, model: Net
) -> None:
    plan = planned(model, spec)
    optimizer = zero(model, plan, **options)
    assert plan.verify(optimizer, model) == []
    scheduler = CosineAnnealingLR(optimizer, STEPS)
    for _ in range(2):
        advance(optimizer, scheduler)
        assert plan.verify(optimizer, model) == []
        assert plan.verify(optimizer, model, scheduler) == []
    optimizer.consolidate_state_dict()
    again = zero(model, plan, **options)
    again.load_state_dict(optimizer.state_dict())
    assert plan.verify(again, model) == []


@pytest.mark.usefixtures("one_process")
def test_a_zero_redundancy_optimizer_that_steps_in_the_backward_pass_is_judged_by_its_defaults(model: Net) -> None:
    """It steps by its defaults, whatever the group says; what steps is made after the first passes."""
    plan = planned(model, ONE_GROUP)
    optimizer: Any = zero(model, plan, overlap_with_ddp=True, lr=1e-3, betas=(0.5, 0.6))
    assert not hasattr(optimizer, "optim")
    assert plan.verify(optimizer, model) == []
    with warnings.catch_warnings(record=True):  # torch says that these optimizers are old, whatever is filtered
        vars(ZeroRedundancyOptimizer)["_init_local_optimizer"](optimizer)
    assert type(optimizer.optim).__name__ == "_FunctionalAdamW"
    assert plan.verify(optimizer, model) == []
    ignored: Any = zero(model, plan, overlap_with_ddp=True, lr=2e-3, betas=(0.5, 0.6))
    assert [found.code for found in plan.verify(ignored, model)] == ["LRS405"]


# ------------------------------------------------------------------------------------------------ wrong

Run = tuple[Any, Any]
"""An optimizer, or a mapping of them, and a scheduler, or None."""
Said = tuple[str, str | None, str, tuple[str, ...]]
"""Of a diagnostic: the code, the rule, the piece of the spec that it points at, the parameters."""

LADDER, HEAD, RULES = "0.5", "2", "rules"
"""What reports point at: the settings of the rates, and where they have no place."""
RATED = ("ladder", LADDER, both("embed blocks.0")), ("head", HEAD, both("head"))
"""What differs where everything trains at `optimizer.lr`: all but the last block."""


@dataclass(frozen=True)
class Breakage:
    """A way to break a run that is right, and all that is said of it."""

    breaks: Callable[[Net, lrspec.Plan], Run]
    said: tuple[Said, ...]
    spec: lrspec.SpecFile = SPEC


def built(model: Net, plan: lrspec.Plan) -> AdamW:
    return AdamW(plan.param_groups(model))


def rebuilt_by_a_trainer(model: Net, _: lrspec.Plan) -> Run:
    named = [(name, tensor) for name, tensor in model.named_parameters() if tensor.requires_grad]
    groups = [
        {"params": [tensor for _, tensor in named if tensor.ndim > 1], "weight_decay": 0.05},
        {"params": [tensor for _, tensor in named if tensor.ndim < 2], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=1e-3, betas=(0.9, 0.95)), None


def scheduled(schedule: Schedule, steps: int = 0, shown: bool = True) -> Callable[[Net, lrspec.Plan], Run]:
    def breaks(model: Net, plan: lrspec.Plan) -> Run:
        optimizer = built(model, plan)
        scheduler = schedule(optimizer)
        advance(optimizer, scheduler, steps)
        return optimizer, scheduler if shown else None

    return breaks


def checkpoint_by_position(model: Net, plan: lrspec.Plan) -> Run:
    other = AdamW(plan.param_groups(model)[::-1])
    step(other)
    optimizer = built(model, plan)
    optimizer.load_state_dict(other.state_dict())
    for group, right in zip(optimizer.param_groups, plan.param_groups(model), strict=True):
        group.update({key: right[key] for key in ("lr", "weight_decay")})  # as who knows that much would mend it
    return optimizer, None


def checkpoint_without_names(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    step(optimizer)
    saved = optimizer.state_dict()
    saved["state"][0], saved["state"][7] = saved["state"][7], saved["state"][0]  # embed.weight and head.bias
    for group in saved["param_groups"]:
        del group["param_names"]
    groups = [{key: g[key] for key in g if key != "param_names"} for g in plan.param_groups(model)]
    other = AdamW(groups)
    other.load_state_dict(saved)
    return other, None


def checkpoint_of_another_spec(model: Net, plan: lrspec.Plan) -> Run:
    text = SPEC.document.text.content.replace("lr_mult: 2", "lr_mult: 3")
    old = lrspec.compile(lrspec.loads(text), model)
    optimizer = built(model, plan)
    optimizer.load_state_dict(AdamW(old.param_groups(model)).state_dict())
    return optimizer, None


def added_afterwards(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    model.add_module("extra", nn.Linear(2, 2))
    return optimizer, None


def added_to_both(model: Net, plan: lrspec.Plan) -> Run:
    optimizer, _ = added_afterwards(model, plan)
    optimizer.add_param_group({"params": [*model.get_submodule("extra").named_parameters("extra")]})
    return optimizer, None


def edited(key: str, value: Any, group: int = 0) -> Callable[[Net, lrspec.Plan], Run]:
    def breaks(model: Net, plan: lrspec.Plan) -> Run:
        optimizer = built(model, plan)
        optimizer.param_groups[group][key] = value
        return optimizer, None

    return breaks


def edited_under_a_scheduler(steps: int, shown: bool = True) -> Callable[[Net, lrspec.Plan], Run]:
    def breaks(model: Net, plan: lrspec.Plan) -> Run:
        optimizer = built(model, plan)
        scheduler = StepLR(optimizer, 2)
        optimizer.param_groups[0]["lr"] *= 3
        advance(optimizer, scheduler, steps)
        return optimizer, scheduler if shown else None

    return breaks


def left_out(model: Net, plan: lrspec.Plan) -> Run:
    groups = plan.param_groups(model)
    return AdamW([group for group in groups if "ladder.0" not in group["name"]]), None


def twice(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    optimizer.param_groups[-1]["params"].append(model.embed.weight)
    return optimizer, None


def of_another_class(model: Net, plan: lrspec.Plan) -> Run:
    return Adam(plan.param_groups(model), decoupled_weight_decay=True), None


def replaced(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    loaded = {name: tensor.clone() for name, tensor in model.head.state_dict().items()}
    model.head.load_state_dict(loaded, assign=True)
    return optimizer, None


def replaced_without_names(model: Net, plan: lrspec.Plan) -> Run:
    groups = [{key: g[key] for key in g if key != "param_names"} for g in plan.param_groups(model)]
    optimizer = AdamW(groups)
    model.head = nn.Linear(4, 2)
    return optimizer, None


def thawed(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    model.stem.requires_grad_(True)
    return optimizer, None


def frozen_in_a_group(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    optimizer.add_param_group({"params": [*model.stem.named_parameters("stem")]})
    return optimizer, None


def moving_statistics(model: Net, plan: lrspec.Plan) -> Run:
    model.get_submodule("stem").add_module("norm", nn.BatchNorm1d(2, affine=False))
    return AdamW(plan.param_groups(model)), None


def frozen_afterwards(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    model.head.requires_grad_(False)
    return optimizer, None


def of_another_class_under_zero(model: Net, plan: lrspec.Plan) -> Run:
    return zero(model, plan, RAdam), None


def edited_under_zero(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = zero(model, plan)
    optimizer.param_groups[0]["lr"] *= 3
    step(optimizer)
    return optimizer, None


def state_under_zero(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = zero(model, plan)
    step(optimizer)
    state = optimizer.optim.state
    weight, bias = model.embed.weight, model.head.bias
    state[weight], state[bias] = state[bias], state[weight]
    return optimizer, None


def scheduler_of_a_part(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = zero(model, plan)
    return optimizer, CosineAnnealingLR(optimizer.optim, STEPS)


def with_warmup(
    steps: int,
    scheduled: bool = True,
    shown: bool = True,
    breaks: Callable[[list[dict[str, Any]]], None] = lambda groups: None,
) -> Callable[[Net, lrspec.Plan], Run]:
    def broken(model: Net, plan: lrspec.Plan) -> Run:
        optimizer = built(model, plan)
        scheduler = CosineAnnealingLR(optimizer, STEPS) if scheduled else None
        warmup = warmed_up(optimizer, scheduler, PERIODS["one for all"], steps)
        breaks(optimizer.param_groups)
        return optimizer, [scheduler, warmup] if shown else scheduler

    return broken


def times(factor: float, groups: list[dict[str, Any]]) -> None:
    for group in groups:
        group["lr"] *= factor


def warmup_before_the_scheduler(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    warmup = Warmup(optimizer, [5] * len(optimizer.param_groups))
    return optimizer, [CosineAnnealingLR(optimizer, STEPS), warmup]


def warmup_of_another_optimizer(model: Net, plan: lrspec.Plan) -> Run:
    other = built(model, plan)
    return built(model, plan), Warmup(other, [5] * len(other.param_groups))


def rate_before_the_scheduler(model: Net, plan: lrspec.Plan) -> Run:
    optimizer = built(model, plan)
    optimizer.param_groups[0]["lr"] = 1.0
    scheduler = CosineAnnealingLR(optimizer, STEPS)
    optimizer.param_groups[0]["lr"] = 0.00025
    return optimizer, scheduler


def of_another_optimizer(model: Net, plan: lrspec.Plan) -> Run:
    return built(model, plan), CosineAnnealingLR(built(model, plan), STEPS)


def group_after_the_scheduler(model: Net, plan: lrspec.Plan) -> Run:
    *groups, last = plan.param_groups(model)
    optimizer = AdamW(groups)
    scheduler = CosineAnnealingLR(optimizer, STEPS)
    optimizer.add_param_group(last)
    return optimizer, scheduler


def swapped_optimizers(model: Net, plan: lrspec.Plan) -> Run:
    groups = plan.param_groups(model, "sgd")
    moved = {"params": [groups[0]["params"].pop(0)], "param_names": [groups[0]["param_names"].pop(0)], "lr": 1e-3}
    return {"adamw": AdamW([*plan.param_groups(model, "adamw"), moved]), "sgd": SGD(groups)}, None


def in_both_optimizers(model: Net, plan: lrspec.Plan) -> Run:
    optimizers = lrspec.build_optimizers(plan, model)
    optimizers["adamw"].add_param_group({"params": [("head.weight", model.head.weight)], "lr": 1e-3})
    return optimizers, None


def one_of_two(model: Net, plan: lrspec.Plan) -> Run:
    return {"adamw": lrspec.build_optimizers(plan, model)["adamw"]}, None


WEIGHTS = ("embed.weight", "blocks.0.weight", "blocks.1.weight", "head.weight")
EVERY_RATE: tuple[Said, ...] = (
    ("LRS405", "ladder", LADDER, both("embed blocks.0 blocks.1")),
    ("LRS405", "head", HEAD, both("head")),
)
BREAKAGES: dict[str, Breakage] = {
    "groups rebuilt by a trainer": Breakage(rebuilt_by_a_trainer, tuple(("LRS405", *rated) for rated in RATED)),
    "a scalar max_lr": Breakage(
        scheduled(lambda o: OneCycleLR(o, 1e-3, total_steps=STEPS, cycle_momentum=False)),
        tuple(("LRS406", *rated) for rated in RATED),
    ),
    "a scalar max_lr that is not shown": Breakage(
        scheduled(lambda o: OneCycleLR(o, 1e-3, total_steps=STEPS, cycle_momentum=False), 3, shown=False),
        tuple(("LRS406", *rated) for rated in RATED),
    ),
    "a scalar max_lr for CyclicLR": Breakage(
        scheduled(lambda o: CyclicLR(o, rates(o, 0.1), 1e-3, cycle_momentum=False)),
        tuple(("LRS406", *rated) for rated in RATED),
    ),
    "momentum that the scheduler cycles": Breakage(
        scheduled(lambda o: OneCycleLR(o, rates(o), total_steps=STEPS)),
        (("LRS405", None, "[0.9, 0.95]", both("embed blocks.0 blocks.1 head")),),
    ),
    "a checkpoint loaded by position": Breakage(
        checkpoint_by_position,
        (
            ("LRS407", "ladder", LADDER, both("embed blocks.0 blocks.1")),
            ("LRS407", "head", HEAD, both("head")),
        ),
    ),
    "a checkpoint without names loaded by position": Breakage(
        checkpoint_without_names,
        (("LRS407", "ladder", LADDER, ("embed.weight",)), ("LRS407", "head", HEAD, ("head.bias",))),
    ),
    "a checkpoint of another spec": Breakage(checkpoint_of_another_spec, (("LRS405", "head", HEAD, both("head")),)),
    "a parameter added after the optimizer": Breakage(added_afterwards, (("LRS404", None, RULES, both("extra")),)),
    "a parameter added to model and optimizer": Breakage(added_to_both, (("LRS403", None, RULES, both("extra")),)),
    "a rate edited by hand": Breakage(edited("lr", 0.01), (("LRS405", "ladder", LADDER, ("embed.weight",)),)),
    "a rate edited since the scheduler has set it": Breakage(
        edited_under_a_scheduler(0), (("LRS405", "ladder", LADDER, ("embed.weight",)),)
    ),
    "a rate edited before the scheduler went on": Breakage(
        edited_under_a_scheduler(3), (("LRS405", "ladder", LADDER, ("embed.weight",)),)
    ),
    "a rate edited under a scheduler that is not shown": Breakage(
        edited_under_a_scheduler(3, shown=False), (("LRS405", "ladder", LADDER, ("embed.weight",)),)
    ),
    "a rate that is missing": Breakage(edited("lr", None), (("LRS405", "ladder", LADDER, ("embed.weight",)),)),
    "a parameter in no group": Breakage(left_out, (("LRS401", "ladder", LADDER, both("embed")),)),
    "a parameter in two groups": Breakage(twice, (("LRS402", "ladder", LADDER, ("embed.weight",)),)),
    "another weight decay": Breakage(edited("weight_decay", 0.1), (("LRS405", None, "0.05", ("embed.weight",)),)),
    "weight decay on what should have none": Breakage(
        edited("weight_decay", 0.05, 1), (("LRS405", "no-decay", "0", ("embed.bias",)),)
    ),
    "another option": Breakage(edited("betas", (0.9, 0.999)), (("LRS405", None, "[0.9, 0.95]", ("embed.weight",)),)),
    "another class": Breakage(of_another_class, (("LRS408", None, "AdamW", ()),)),
    "a scalar eta_min": Breakage(
        scheduled(lambda o: CosineAnnealingLR(o, STEPS, eta_min=1e-5)),
        (("LRS406", "ladder", LADDER, both("embed blocks.0 blocks.1")),),
    ),
    "a scalar eta_min in a sequence, midway": Breakage(
        scheduled(
            lambda o: SequentialLR(o, [LinearLR(o), CosineAnnealingLR(o, STEPS, eta_min=1e-5)], milestones=[2]), 4
        ),
        (("LRS406", "ladder", LADDER, both("embed blocks.0 blocks.1")),),
    ),
    "a scalar eta_min that is not shown": Breakage(
        scheduled(lambda o: CosineAnnealingLR(o, STEPS, eta_min=1e-5), 5, shown=False),
        (("LRS405", "ladder", LADDER, both("embed blocks.0 blocks.1")),),
    ),
    "a scalar min_lr": Breakage(
        scheduled(lambda o: ReduceLROnPlateau(o, min_lr=1e-5)),
        (("LRS406", "ladder", LADDER, both("embed blocks.0 blocks.1")),),
    ),
    "a scalar swa_lr": Breakage(
        scheduled(lambda o: SWALR(o, 1e-4)), (("LRS406", "ladder", LADDER, both("embed blocks.0 blocks.1")),)
    ),
    "timm's scalar lr_min": Breakage(
        scheduled(lambda o: CosineLRScheduler(o, STEPS, lr_min=1e-5), 5),
        (("LRS406", "ladder", LADDER, both("embed blocks.0 blocks.1")),),
    ),
    "timm's scalar start of a warm-up": Breakage(
        scheduled(lambda o: CosineLRScheduler(o, STEPS, warmup_t=2, warmup_lr_init=1e-6)),
        (("LRS406", "ladder", LADDER, both("embed blocks.0 blocks.1")),),
    ),
    "tensors that the model no longer has": Breakage(replaced, (("LRS403", None, RULES, both("head")),)),
    "tensors that the model no longer has, without names": Breakage(
        replaced_without_names, (("LRS403", None, RULES, ()), ("LRS401", "head", HEAD, both("head")))
    ),
    "a frozen parameter that requires grad": Breakage(thawed, (("LRS404", "stem", "true", both("stem")),)),
    "a frozen parameter in a group": Breakage(frozen_in_a_group, (("LRS409", "stem", "true", both("stem")),)),
    "statistics of a frozen stem": Breakage(moving_statistics, (("LRS410", "stem", "true", ()),)),
    "a parameter frozen afterwards": Breakage(frozen_afterwards, (("LRS409", "head", HEAD, both("head")),)),
    "another class under a ZeroRedundancyOptimizer": Breakage(
        of_another_class_under_zero, (("LRS408", None, "AdamW", ()),)
    ),
    "a rate edited under a ZeroRedundancyOptimizer": Breakage(
        edited_under_zero, (("LRS405", "ladder", LADDER, ("embed.weight",)),)
    ),
    "the state of others under a ZeroRedundancyOptimizer": Breakage(
        state_under_zero,
        (("LRS407", "ladder", LADDER, ("embed.weight",)), ("LRS407", "head", HEAD, ("head.bias",))),
    ),
    "a scheduler of the part of one process": Breakage(scheduler_of_a_part, (("LRS406", None, "1e-3", ()),)),
    "a warm-up that is not shown": Breakage(with_warmup(2, shown=False), EVERY_RATE),
    "a rate edited under a warm-up": Breakage(
        with_warmup(2, breaks=lambda groups: times(3, groups[:1])), (("LRS405", "ladder", LADDER, ("embed.weight",)),)
    ),
    "all rates edited under a warm-up": Breakage(with_warmup(2, breaks=lambda groups: times(0.5, groups)), EVERY_RATE),
    "all rates edited under a warm-up alone": Breakage(
        with_warmup(2, scheduled=False, breaks=lambda groups: times(0.5, groups)), EVERY_RATE
    ),
    "all rates edited after a warm-up": Breakage(with_warmup(9, breaks=lambda groups: times(0.5, groups)), EVERY_RATE),
    "a scheduler built after a warm-up": Breakage(
        warmup_before_the_scheduler,
        (
            ("LRS405", "ladder", LADDER, both("embed blocks.0 blocks.1")),
            ("LRS406", "ladder", LADDER, both("embed blocks.0 blocks.1")),
            ("LRS405", "head", HEAD, both("head")),
            ("LRS406", "head", HEAD, both("head")),
        ),
    ),
    "a warm-up of another optimizer": Breakage(warmup_of_another_optimizer, (("LRS406", None, "1e-3", ()),)),
    "a scheduler built on other rates": Breakage(
        rate_before_the_scheduler,
        (("LRS405", "ladder", LADDER, ("embed.weight",)), ("LRS406", "ladder", LADDER, ("embed.weight",))),
    ),
    "a scheduler of another optimizer": Breakage(of_another_optimizer, (("LRS406", None, "1e-3", ()),)),
    "a group added after the scheduler": Breakage(group_after_the_scheduler, (("LRS406", None, "1e-3", ()),)),
    "a parameter in the wrong one of two optimizers": Breakage(
        swapped_optimizers, (("LRS408", "matrices", "sgd", ("embed.weight",)),), TWO
    ),
    "a parameter in both of two optimizers": Breakage(
        in_both_optimizers, (("LRS402", "matrices", "1", ("head.weight",)),), TWO
    ),
    "one of two optimizers forgotten": Breakage(one_of_two, (("LRS401", "matrices", "1", WEIGHTS),), TWO),
}


def said(spec: lrspec.SpecFile, diagnostics: list[lrspec.Diagnostic]) -> tuple[Said, ...]:
    text = spec.document.text
    return tuple((found.code, found.rule, text.piece(found.span), found.parameters) for found in diagnostics)


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
@pytest.mark.filterwarnings("ignore:.*Detected call of `lr_scheduler.step")
def test_a_breakage_is_named(breakage: Breakage, model: Net) -> None:
    plan = planned(model, breakage.spec)
    optimizer, scheduler = breakage.breaks(model, plan)
    assert said(breakage.spec, plan.verify(optimizer, model, scheduler)) == breakage.said


@pytest.mark.parametrize(("factor", "told"), [(1.0, True), (8.0, False)])
def test_a_warmup_that_was_not_given_is_asked_for_where_there_may_be_one(factor: float, told: bool, model: Net) -> None:
    plan = planned(model)
    run = with_warmup(2, shown=False, breaks=lambda groups: times(factor, groups))
    optimizer, scheduler = run(model, plan)
    found = plan.verify(optimizer, model, scheduler)
    assert [("pass it to `verify`, too" in each.lines[-1]) for each in found] == [told, told]


def test_every_code_is_shown_by_a_breakage() -> None:
    shown = {code for breakage in BREAKAGES.values() for code, *_ in breakage.said}
    assert sorted(shown) == [code for code in CODES if code.startswith("LRS4")]


def test_a_parameter_frozen_afterwards_and_left_out_is_said_once(model: Net) -> None:
    plan = planned(model)
    groups = [group for group in plan.param_groups(model) if "head" not in group["name"]]
    model.head.requires_grad_(False)
    assert [found.code for found in plan.verify(AdamW(groups), model)] == ["LRS409"]


def test_a_name_that_is_anothers_is_not_taken_for_a_part_of_its_own() -> None:
    inner = nn.Linear(2, 2, bias=False)
    inner.add_module("inner", nn.Linear(2, 2, bias=False))  # weight, inner.weight
    plan = lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{name: all, match: '^.+$', lr: 1}]"), inner)
    optimizer = AdamW(plan.param_groups(inner))
    optimizer.param_groups[0]["param_names"].reverse()
    (found,) = plan.verify(optimizer, inner)
    assert (found.code, found.parameters) == ("LRS407", ("weight", "inner.weight"))


def test_state_of_another_shape_is_found_in_optimizers_of_timm(model: Net) -> None:
    plan = planned(
        model, lrspec.loads("lrspec: 1\noptimizer: {type: timm:lion, lr: 1}\nrules: [{match: '^.+$', lr_mult: 1}]")
    )
    optimizer = lrspec.build_optimizer(plan, model)
    step(optimizer)
    assert plan.verify(optimizer, model) == []
    optimizer.state[model.embed.weight]["exp_avg"] = torch.zeros(3)
    (found,) = plan.verify(optimizer, model)
    assert (found.code, found.parameters) == ("LRS407", ("embed.weight",))


@pytest.mark.usefixtures("one_process")
def test_an_optimizer_from_before_sharding_has_tensors_that_the_model_no_longer_has(model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    fully_shard(model, mesh=init_device_mesh("cpu", (1,)))
    (found,) = plan.verify(optimizer, model)
    assert (found.code, len(found.parameters)) == ("LRS403", 8)
    assert found.message.startswith("the optimizer has 8 tensors that the model does not have (any more)\n")


def test_weights_that_are_not_tied_any_more_are_called_by_their_own_names(model: Net) -> None:
    model.blocks[1].weight = model.embed.weight
    spec = lrspec.loads("lrspec: 1\nrules: [{name: all, match: '^.+$', lr: 1}]")
    plan = planned(model, spec)
    optimizer = AdamW(plan.param_groups(model))
    model.blocks[1].weight = nn.Parameter(torch.ones(4, 4))
    (found,) = plan.verify(optimizer, model)
    assert found.code == "LRS401"
    assert "\nembed.weight (by its alias blocks.1.weight) [4, 4] (16)\n" in found.message


# ------------------------------------------------------------------------------------------------ how it is said


REPORT = r"""net.lrspec.yaml:5:75: error LRS405 setting-differs: the learning rate of 4 parameters (40 elements) is not the plan's: 0.001, not 0.00025, for embed.weight
   |
 5 |   - {name: ladder, layers: ['^embed\.', '^blocks\.(\d+)\.'], layer_decay: 0.5}
   |                                                                           ^^^
   = embed.weight [4, 4] (16), embed.bias [4] (4), blocks.0.weight [4, 4] (16), blocks.0.bias [4] (4)
   = No plan has made these groups (unless with names=False): train with `lrspec.build_optimizer(plan, model)`. A
     trainer that is given no optimizer builds its own.

net.lrspec.yaml:6:45: error LRS405 setting-differs: the learning rate of 2 parameters (10 elements) is 0.001, not 0.002
   |
 6 |   - {name: head, match: '^head\.', lr_mult: 2}
   |                                             ^
   = head.weight [2, 4] (8), head.bias [2] (2)
   = No plan has made these groups (unless with names=False): train with `lrspec.build_optimizer(plan, model)`. A
     trainer that is given no optimizer builds its own.

2 errors
"""  # noqa: E501


def test_a_report_has_the_place_the_parameters_and_what_to_do(model: Net) -> None:
    plan = planned(model)
    optimizer, _ = rebuilt_by_a_trainer(model, plan)
    with pytest.raises(lrspec.VerifyError) as caught:
        require(plan, optimizer, model, None)
    assert [found.code for found in caught.value.diagnostics] == ["LRS405", "LRS405"]
    assert f"{caught.value}\n" == REPORT


def test_a_diagnostic_is_printed_with_its_place(model: Net) -> None:
    optimizer = built(model, plan := planned(model))
    optimizer.param_groups[-1]["weight_decay"] = 1
    (found,) = plan.verify(optimizer, model)
    first, *more = str(found).splitlines()
    assert first == f"net.lrspec.yaml:{found.line}:{found.column}: error LRS405 setting-differs: {found.lines[0]}"
    assert more == [f"    {line}" for line in found.lines[1:]]


def test_a_head_that_was_replaced_is_named_among_the_causes(model: Net) -> None:
    optimizer = built(model, plan := planned(model))
    model.head = nn.Linear(4, 2)
    (found,) = plan.verify(optimizer, model)
    assert found.lines[-1].startswith("A new head, ")


def test_groups_of_a_plan_that_were_edited_are_not_taken_for_a_trainers(model: Net) -> None:
    optimizer = built(model, plan := planned(model))
    optimizer.param_groups[-1]["weight_decay"] = 1
    (found,) = plan.verify(optimizer, model)
    assert "change the spec, not them" in found.message


def test_a_schedule_on_groups_of_a_trainer_is_not_given_the_plans_rates(model: Net) -> None:
    plan = planned(model)
    optimizer, _ = rebuilt_by_a_trainer(model, plan)
    found = plan.verify(optimizer, model, LambdaLR(optimizer, lambda step: 1.0))
    assert {each.code for each in found} == {"LRS406"}
    assert all("No plan has made these groups" in each.message for each in found)


def test_rates_that_come_from_a_checkpoint_that_torch_has_loaded_are_told_as_such(model: Net) -> None:
    optimizer = built(model, planned(model))
    LambdaLR(optimizer, lambda step: 1.0)
    other = lrspec.compile(SPEC, model, lr=2e-3)
    loaded = built(model, other)
    loaded.load_state_dict(optimizer.state_dict())
    found = other.verify(loaded, model)
    assert {each.code for each in found} == {"LRS406"}
    assert all("load saved state with `lrspec.load_optimizer_state`" in each.message for each in found)


@pytest.mark.parametrize(
    ("schedule", "advice"),
    [
        (lambda o: CosineAnnealingLR(o, STEPS, eta_min=1e-5), "leave it at 0"),
        (lambda o: CosineLRScheduler(o, STEPS, lr_min=1e-5), "leave it at 0"),
        (lambda o: CosineLRScheduler(o, STEPS, warmup_t=2, warmup_lr_init=1e-6), "leave it at 0"),
        (lambda o: ReduceLROnPlateau(o, min_lr=1e-5), "`plan.rates(optimizer, mult=0.01)`"),
    ],
)
def test_a_list_of_floors_is_advised_only_where_one_can_be_given(schedule: Schedule, advice: str, model: Net) -> None:
    plan = planned(model)
    optimizer = built(model, plan)
    (found,) = plan.verify(optimizer, model, schedule(optimizer))
    assert advice in found.lines[-1]


def test_severities_are_the_specs(model: Net, recwarn: pytest.WarningsRecorder) -> None:
    text = SPEC.document.text.content
    optimizer, _ = rebuilt_by_a_trainer(model, planned(model))
    lowered = planned(model, lrspec.loads(text + "check: {setting-differs: warning}\n"))
    assert [str(found.severity) for found in lowered.verify(optimizer, model)] == ["warning", "warning"]
    require(lowered, optimizer, model, None)
    assert [str(each.message) for each in recwarn] == list(map(str, lowered.verify(optimizer, model)))
    assert {each.category for each in recwarn} == {lrspec.SpecWarning}
    of_a_rule = text.replace("lr_mult: 2", "lr_mult: 2, check: {setting-differs: ignore}")
    (left,) = planned(model, lrspec.loads(of_a_rule)).verify(optimizer, model)
    assert left.rule == "ladder"


def test_rates_that_were_set_when_compiling_are_the_plans(model: Net) -> None:
    plan = lrspec.compile(SPEC, model, lr=1.0, weight_decay=0.5)
    plan.freeze(model)
    assert plan.verify(AdamW(plan.param_groups(model)), model) == []
    decay, ladder, head = plan.verify(AdamW(planned(model).param_groups(model)), model)
    assert "is 0.05, not 0.5\n" in decay.message
    assert "is not the plan's: 0.00025, not 0.25, for embed.weight\n" in ladder.message
    assert "is 0.002, not 2\n" in head.message


def test_verifying_changes_nothing(model: Net) -> None:
    plan = planned(model)
    optimizer, scheduler = scheduled(lambda o: CosineAnnealingLR(o, STEPS, eta_min=1e-5), 3)(model, plan)
    before = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict(), model.state_dict()))
    plan.verify(optimizer, model, scheduler)
    after = (optimizer.state_dict(), scheduler.state_dict(), model.state_dict())
    assert str(after) == str(before)


def test_a_schedule_of_a_kind_that_is_not_known_is_passed_over(model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    assert plan.verify(optimizer, model, [object(), None]) == []


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (lambda optimizer: optimizer, "AdamW"),
        (lambda _: CosineAnnealingLR, "CosineAnnealingLR"),
        (lambda optimizer: {"scheduler": ExponentialLR(optimizer, 0.9), "every": "step"}, "str"),
        (lambda optimizer: [{"vision": ExponentialLR(optimizer, 0.9)}], "dict"),
        (lambda _: "cosine", "str"),
    ],
    ids=["the optimizer", "a class", "a mapping with text", "a mapping in a list", "a name"],
)
def test_what_is_no_schedule_is_refused_and_not_passed_over(
    wrong: Callable[[Optimizer], Any], found: str, model: Net
) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    with pytest.raises(TypeError, match=f"expected a scheduler, .* found {found}"):
        plan.verify(optimizer, model, wrong(optimizer))


ZERO = lrspec.loads(
    """
lrspec: 1
optimizer: {type: SGD, lr: 1e-3}
rules:
  - {name: still, match: '^head', lr: 0}
  - {name: rest, fallback: true, lr_mult: 1}
"""
)


@pytest.mark.parametrize("shown", [True, False])
def test_a_rate_of_0_that_is_edited_under_a_schedule_is_found(shown: bool, model: Net) -> None:
    plan = lrspec.compile(ZERO, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = ExponentialLR(optimizer, 0.5)
    next(group for group in optimizer.param_groups if group["name"] == "still")["lr"] = 1.0
    advance(optimizer, scheduler, 1)
    (found,) = plan.verify(optimizer, model, scheduler if shown else None)
    assert (found.code, found.rule, found.parameters) == ("LRS405", "still", both("head"))
    assert "is 0.5, not 0\n" in found.message


@pytest.mark.parametrize("steps", [0, 3])
def test_a_floor_that_lifts_a_rate_of_0_is_found(steps: int, model: Net) -> None:
    plan = lrspec.compile(ZERO, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = CosineAnnealingLR(optimizer, STEPS, eta_min=1e-5)
    advance(optimizer, scheduler, steps)
    (found,) = plan.verify(optimizer, model, scheduler)
    assert (found.code, found.rule, found.parameters) == ("LRS406", "still", both("head"))
    assert found.message.startswith("`eta_min` of CosineAnnealingLR is more than 0, which the learning rate of 2 ")


def test_a_floor_that_only_lowers_leaves_a_rate_of_0(model: Net) -> None:
    plan = lrspec.compile(ZERO, model)
    optimizer = lrspec.build_optimizer(plan, model)
    assert plan.verify(optimizer, model, ReduceLROnPlateau(optimizer, min_lr=1e-5)) == []


def test_without_any_optimizer_what_should_train_is_in_no_group(model: Net) -> None:
    plan = planned(model)
    other = ExponentialLR(AdamW(plan.param_groups(model)), 0.5)
    assert {found.code for found in plan.verify({}, model, other)} == {"LRS401", "LRS406"}


@pytest.mark.parametrize(
    ("spec", "given", "message"),
    [
        (TWO, None, r"the spec has several optimizers: pass a mapping of their names \(adamw, sgd\) to them"),
        (TWO, ["adamW"], r"the spec has no optimizer `adamW`: did you mean `adamw`\? \(it has adamw, sgd\)"),
        (SPEC, ["adamw"], r"the spec has no optimizer `adamw` \(it has optimizer\)"),
    ],
)
def test_optimizers_that_are_not_the_specs_are_refused(
    spec: lrspec.SpecFile, given: list[str] | None, message: str, model: Net
) -> None:
    optimizer = AdamW(planned(model).param_groups(model))
    with pytest.raises(lrspec.BindError, match=message):
        planned(model, spec).verify(dict.fromkeys(given, optimizer) if given else optimizer, model)


def test_another_model_than_the_plans_is_refused(model: Net) -> None:
    plan = planned(model)
    optimizer = AdamW(plan.param_groups(model))
    with pytest.raises(
        lrspec.BindError, match=r"knows none of net\.stem\.weight.*, but the same without `net\.`: verify"
    ):
        plan.verify(optimizer, nn.ModuleDict({"net": model}))
    with pytest.raises(lrspec.BindError, match=r"the plan knows none of weight, bias: compile the spec for this model"):
        plan.verify(optimizer, nn.Linear(2, 2))
    with pytest.raises(lrspec.BindError, match=r"0\.weight has no shape yet"):
        plan.verify(optimizer, nn.Sequential(nn.LazyLinear(2)))


def test_a_plan_without_groups_is_refused(model: Net) -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{match: '^head', lr: 1}]"), model)
    assert caught.value.plan
    with pytest.raises(lrspec.BindError, match="the plan has no groups"):
        caught.value.plan.verify(AdamW(model.parameters()), model)


def test_a_large_model_is_verified_in_a_pass_over_its_parameters() -> None:
    """Five times the parameters: five times as many comparisons of tensors, and not twenty-five times."""
    counted = []
    for layers in (20, 100):
        large = nn.Sequential(*(nn.Linear(2, 2) for _ in range(layers)))
        spec = lrspec.loads(
            r"{lrspec: 1, optimizer: {type: AdamW, lr: 1}, rules: [{layers: '^(\d+)', layer_decay: 0.9}]}"
        )
        plan = lrspec.compile(spec, large)
        optimizer = AdamW(plan.param_groups(large))
        calls = 0

        def count(frame: Any, event: str, _: Any) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        try:
            assert plan.verify(optimizer, large) == []
        finally:
            sys.setprofile(None)
        counted.append(calls)
    assert counted[1] < 7 * counted[0]


def test_the_parameters_of_zero_are_beside_its_groups() -> None:
    model = nn.Linear(2, 2)
    plan = lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{name: all, match: '^.', lr: 1e-3}]"), model)
    optimizer: Any = torch.optim.SGD(plan.param_groups(model))
    (group,) = optimizer.param_groups
    optimizer.bit16_groups = [group["params"]]
    group["params"] = [torch.zeros(6, requires_grad=True)]  # the flat shard
    assert plan.verify(optimizer, model) == []
    group["lr"] = 2e-3
    assert [found.code for found in plan.verify(optimizer, model)] == ["LRS405"]


def test_what_is_no_optimizer_is_refused() -> None:
    model = nn.Linear(2, 2)
    plan = lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{name: all, match: '^.', lr: 1e-3}]"), model)
    with pytest.raises(TypeError, match="expected an optimizer"):
        plan.verify(list(model.parameters()), model)  # type: ignore[arg-type]
