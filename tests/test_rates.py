"""The plan's rates in the order of an optimizer's groups, whatever the optimizer has done with the groups."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import lrspec
from tests.test_inventory import Tied

SPEC = lrspec.loads(
    r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - {name: ladder, layers: ['^embed\.', '^blocks\.(\d+)\.'], layer_decay: 0.5}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
)
RATES = [0.00025, 0.0005, 0.0005, 0.001, 0.001]


@pytest.fixture
def model() -> Tied:
    return Tied()


@pytest.fixture
def plan(model: Tied) -> lrspec.Plan:
    return lrspec.compile(SPEC, model)


def test_rates_are_in_the_order_of_the_optimizers_groups(model: Tied, plan: lrspec.Plan) -> None:
    groups = plan.param_groups(model)
    assert plan.rates(torch.optim.AdamW(groups)) == RATES
    assert plan.rates(torch.optim.AdamW(groups[::-1])) == RATES[::-1]


def test_rates_are_the_plans_and_not_what_a_scheduler_has_made_of_them(model: Tied, plan: lrspec.Plan) -> None:
    optimizer = torch.optim.AdamW(plan.param_groups(model))
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 0.5)
    assert optimizer.param_groups[0]["lr"] == RATES[0] / 2
    assert plan.rates(optimizer) == RATES


def test_floors_are_rates_times_a_number(model: Tied, plan: lrspec.Plan) -> None:
    optimizer = torch.optim.AdamW(plan.param_groups(model))
    assert plan.rates(optimizer, mult=0.01) == [rate * 0.01 for rate in RATES]
    assert plan.rates(optimizer, 0) == [0.0] * 5


def test_a_part_of_the_model_has_the_rates_of_its_own_groups(plan: lrspec.Plan) -> None:
    stage: Any = Tied()
    del stage.embed
    stage.blocks[1] = nn.Identity()
    optimizer = torch.optim.AdamW(plan.param_groups(stage))
    assert [group["param_names"][0] for group in optimizer.param_groups] == [
        "blocks.0.scale",
        "blocks.0.module.weight",
        "embed.weight",  # by its alias head.weight, which comes last
    ] or len(optimizer.param_groups) == 3
    assert len(plan.rates(optimizer)) == 3


def test_groups_of_equal_rates_may_have_been_put_together(model: Tied, plan: lrspec.Plan) -> None:
    named = [[(name, model.get_parameter(name)) for name in group.params] for group in plan.groups or ()]
    together: Any = [{"params": named[3] + named[4]}, {"params": named[0]}, {"params": named[1] + named[2]}]
    assert plan.rates(torch.optim.AdamW(together)) == [0.001, 0.00025, 0.0005]
