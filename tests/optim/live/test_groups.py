"""What live groups start from, before any schedule."""

from __future__ import annotations

import pytest
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, lr_scheduler

from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.optimizers import live_optimizers
from lrspec.optim.live.schedules import all_schedules


def live(optimizer: Optimizer, scheduler: object = None) -> LiveOptimizer:
    (found,) = live_optimizers(optimizer, all_schedules(scheduler))
    return found


def two_groups() -> list[dict[str, object]]:
    return [{"params": [nn.Parameter()], "lr": lr} for lr in (0.1, 0.2)]


def test_a_group_starts_from_what_a_schedule_multiplies() -> None:
    optimizer = SGD(two_groups(), momentum=0.5)
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=[0.1, 0.2], total_steps=10)
    found = live(optimizer, scheduler)
    assert [found.rate(number) for number in (0, 1)] == [0.1, 0.2]
    assert found.scheduled_options() == ["momentum"]
    assert [options["momentum"] for options in found.options] == [0.5, 0.5]


def test_of_betas_a_schedule_moves_the_first() -> None:
    optimizer = Adam(two_groups(), betas=(0.7, 0.9))
    optimizer.param_groups[1]["betas"] = (0.7, 0.99)
    lr_scheduler.OneCycleLR(optimizer, max_lr=[0.1, 0.2], total_steps=10)
    assert [options["betas"] for options in live(optimizer).options] == [(0.7, 0.9), (0.7, 0.99)]


@pytest.mark.parametrize("already", [False, True])
def test_a_scale_is_multiplied_in_once(already: bool) -> None:
    optimizer = AdamW(two_groups())
    for group, scale in zip(optimizer.param_groups, (0.5, 1.0), strict=True):
        group.update(lr_scale=scale, lr=0.1 * scale if already else 0.1)
    found = live(optimizer)
    assert found.scales
    assert found.scaled_already == already
    assert [found.rate(number) for number in (0, 1)] == [0.05, 0.1]


def test_a_rate_and_a_decay_may_be_missing() -> None:
    optimizer = SGD([nn.Parameter()])
    del optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["weight_decay"]
    found = live(optimizer)
    assert (found.rate(0), found.decay(0)) == (None, None)
