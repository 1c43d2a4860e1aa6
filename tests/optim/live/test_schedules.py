"""What is read of schedulers: whether their class is known, from what rates they go on, and their floors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from timm.scheduler.plateau_lr import PlateauLRScheduler
from torch import nn
from torch.optim import SGD, lr_scheduler
from transformers.optimization import GreedyLR

from lrspec.optim.live.schedules import Schedule, schedules

RATES = [0.1, 0.2]


@pytest.fixture
def optimizer() -> SGD:
    return SGD([{"params": [nn.Parameter(torch.ones(1))], "lr": rate} for rate in RATES], momentum=0.9)


def read(scheduler: Any) -> Schedule:
    (schedule,) = schedules(scheduler)
    return schedule


@pytest.mark.slow
def test_schedulers_of_deepspeed(optimizer: SGD) -> None:
    from deepspeed.runtime.lr_schedules import OneCycle, WarmupLR

    schedule = read(WarmupLR(optimizer, warmup_min_lr=0.01, warmup_max_lr=0.3))
    assert (schedule.bases, schedule.floors, schedule.known) == ([0.3, 0.3], {}, True)
    assert read(OneCycle(optimizer, 0.1, 0.4)).bases == [0.4, 0.4]


@pytest.mark.slow
def test_the_cosine_of_deepspeed_has_the_rates_of_the_groups(optimizer: SGD) -> None:
    from deepspeed.runtime.lr_schedules import WarmupCosineLR

    assert read(WarmupCosineLR(optimizer, 10)).bases == RATES


def test_greedy_goes_on_from_the_rates_and_has_a_floor(optimizer: SGD) -> None:
    schedule = read(GreedyLR(optimizer, min_lr=0.01))
    assert (schedule.bases, schedule.floors) == (RATES, {"min_lr": [0.01, 0.01]})
    assert schedule.chained
    assert schedule.known


@pytest.mark.slow
def test_schedulers_of_mmengine(optimizer: SGD) -> None:
    from mmengine.optim import CosineAnnealingLR, CosineAnnealingMomentum, OptimWrapper

    schedule = read(CosineAnnealingLR(OptimWrapper(optimizer), T_max=10, eta_min=0.01))
    assert (schedule.bases, schedule.floors, schedule.known) == (RATES, {"eta_min": [0.01, 0.01]}, True)
    assert schedule.optimizer is optimizer
    assert list(schedules(CosineAnnealingMomentum(optimizer, T_max=10))) == []


@pytest.mark.filterwarnings("ignore:PlateauLRScheduler")
def test_the_plateau_of_timm_has_the_floor_of_torchs(optimizer: SGD) -> None:
    own, inside = schedules(PlateauLRScheduler(optimizer, lr_min=0.05))
    assert (own.reads, own.bases) == ("lr_scale", RATES)
    assert (inside.reads, inside.bases, inside.floors) == ("", RATES, {"min_lr": [0.05, 0.05]})


def test_a_subclass_that_sets_rates_itself_is_not_known(optimizer: SGD) -> None:
    class Own(lr_scheduler.StepLR):
        def get_lr(self) -> list[Any]:
            return [1.0 for _ in self.base_lrs]

    class Named(lr_scheduler.StepLR):
        pass

    assert not read(Own(optimizer, 3)).known
    assert read(Named(optimizer, 3)).known


def test_parts_in_turn_begin_from_the_first_rates_and_those_of_a_chain_go_on(optimizer: SGD) -> None:
    parts = [lr_scheduler.LinearLR(optimizer), lr_scheduler.StepLR(optimizer, 3)]
    assert [each.chained for each in schedules(lr_scheduler.ChainedScheduler(parts))] == [True, True]
    assert [each.chained for each in schedules(lr_scheduler.SequentialLR(optimizer, parts, [5]))] == [False, False]


def test_whether_a_plateau_has_begun(optimizer: SGD) -> None:
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer)
    assert not read(scheduler).begun
    scheduler.step(1.0)
    assert read(scheduler).begun
