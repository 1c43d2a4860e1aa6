"""The plan's rates in the order of an optimizer's groups, whatever the optimizer has done with the groups."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import lrspec
from tests.models.test_inventory import Tied

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
    stage.blocks[0] = nn.Identity()
    optimizer = torch.optim.AdamW(plan.param_groups(stage))
    names = [group["param_names"][0] for group in optimizer.param_groups]
    assert names == ["embed.weight", "blocks.1.scale", "blocks.1.module.weight"]  # the first is head.weight here
    assert plan.rates(optimizer) == [0.00025, 0.001, 0.001]


def test_groups_of_equal_rates_may_have_been_put_together(model: Tied, plan: lrspec.Plan) -> None:
    named = [[(name, model.get_parameter(name)) for name in group.params] for group in plan.groups or ()]
    together: Any = [{"params": named[3] + named[4]}, {"params": named[0]}, {"params": named[1] + named[2]}]
    assert plan.rates(torch.optim.AdamW(together)) == [0.001, 0.00025, 0.0005]


def test_each_of_several_optimizers_has_its_own_rates(model: Tied) -> None:
    spec = lrspec.loads(
        r"""
lrspec: 1
optimizers:
  matrices: {type: SGD, lr: 0.5}
  others: {type: AdamW, lr: 1e-3}
rules:
  - {name: others, where: {ndim: [0, 1]}, optimizer: others}
  - {name: ladder, layers: ['^embed\.', '^blocks\.(\d+)\.'], layer_decay: 0.5}
"""
    )
    plan = lrspec.compile(spec, model)
    matrices, others = (lrspec.build_optimizers(plan, model)[name] for name in ("matrices", "others"))
    assert plan.rates(matrices) == [0.125, 0.25, 0.5]
    assert plan.rates(others, mult=2) == [0.001, 0.002]


@pytest.mark.parametrize("lr", [0.125, torch.tensor(0.125)])
def test_where_the_plan_sets_no_rate_it_is_the_one_that_the_optimizer_was_made_with(lr: Any) -> None:
    model = nn.Linear(2, 2)
    spec = lrspec.loads(
        "{lrspec: 1, check: {unmatched-parameter: ignore}, rules: [{name: weight, match: '^weight$', lr: 0.5}]}"
    )
    plan = lrspec.compile(spec, model)
    optimizer = torch.optim.SGD(plan.param_groups(model), lr=lr)
    for group in optimizer.param_groups:
        group["lr"] = 7.0
    assert plan.rates(optimizer, mult=2) == [1.0, 0.25]


def test_groups_of_different_rates_that_were_put_together_have_none(model: Tied, plan: lrspec.Plan) -> None:
    optimizer = torch.optim.AdamW(model.named_parameters())
    with pytest.raises(lrspec.BindError) as caught:
        plan.rates(optimizer)
    assert str(caught.value) == (
        "group 0 of the optimizer has parameters of different learning rates in the plan, embed.weight (0.00025), "
        "blocks.0.scale (0.0005), blocks.1.scale (0.001): build the optimizer with plan.param_groups(model)"
    )


def test_groups_without_names_are_refused(model: Tied, plan: lrspec.Plan) -> None:
    optimizer = torch.optim.AdamW(model.parameters())
    with pytest.raises(lrspec.BindError, match=r"group 0 .* does not name its parameters: build .* plan\.param_groups"):
        plan.rates(optimizer)
    without = torch.optim.AdamW(plan.param_groups(model, names=False))
    with pytest.raises(lrspec.BindError, match=r"with plan\.param_groups\(model\), without names=False$"):
        plan.rates(without)


def test_groups_of_another_model_are_refused(model: Tied, plan: lrspec.Plan) -> None:
    optimizer = torch.optim.AdamW(plan.param_groups(model))
    optimizer.add_param_group({"params": [("late", nn.Parameter(torch.ones(2)))]})
    with pytest.raises(lrspec.BindError, match=r"group 5 .* that the plan does not train, late: build the optimizer"):
        plan.rates(optimizer)


def test_a_frozen_parameter_has_no_rate() -> None:
    model = nn.Linear(2, 2)
    plan = lrspec.compile(
        lrspec.loads("{lrspec: 1, rules: [{match: bias, freeze: true}, {match: weight, lr: 1}]}"), model
    )
    with pytest.raises(lrspec.BindError, match=r"that the plan does not train, bias: build"):
        plan.rates(torch.optim.SGD(model.named_parameters()))


def test_a_plan_with_errors_has_no_rates(model: Tied, plan: lrspec.Plan) -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.compile(lrspec.loads("{lrspec: 1, rules: [{match: '^blocks', lr: 1}]}"), model)
    assert caught.value.plan is not None
    with pytest.raises(lrspec.BindError, match="its spec has errors"):
        caught.value.plan.rates(torch.optim.AdamW(plan.param_groups(model)))


@pytest.mark.parametrize("other", [{}, []])
def test_what_is_no_optimizer_is_told_so(other: Any, plan: lrspec.Plan) -> None:
    with pytest.raises(TypeError, match=r"expected an optimizer \(torch\.optim\.Optimizer\), found (dict|list)"):
        plan.rates(other)


def test_present_rates_have_the_names_of_their_groups(model: Tied, plan: lrspec.Plan) -> None:
    optimizer = torch.optim.AdamW(plan.param_groups(model))
    assert plan.groups is not None
    assert lrspec.rates_by_group(optimizer) == dict(zip([group.name for group in plan.groups], RATES, strict=True))
    torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5)
    assert [*lrspec.rates_by_group(optimizer).values()] == [rate / 2 for rate in RATES]


def parameter() -> nn.Parameter:
    return nn.Parameter(torch.zeros(2))


def test_groups_without_a_name_or_with_that_of_another_are_called_by_their_places() -> None:
    groups: list[dict[str, Any]] = [{"name": "head"}, {}, {"name": "head", "lr": torch.tensor(0.1)}, {"name": 3}]
    optimizer = torch.optim.SGD([{"params": [parameter()], **group} for group in groups], lr=1.0)
    rates = lrspec.rates_by_group(optimizer)
    assert rates == {"head": 1.0, "group 1": 1.0, "head (group 2)": 0.1, "group 3": 1.0}
    assert {type(rate) for rate in rates.values()} == {float}


def test_rates_of_several_optimizers_have_their_names_before_them() -> None:
    one, other = torch.optim.SGD([parameter()], lr=1.0), torch.optim.SGD([parameter()], lr=2.0)
    assert lrspec.rates_by_group({"a": one, "b": other}) == {"a/group 0": 1.0, "b/group 0": 2.0}
    assert lrspec.rates_by_group([one, other]) == {"sgd/group 0": 1.0, "sgd-2/group 0": 2.0}
    assert lrspec.rates_by_group({"a": one}) == {"group 0": 1.0}


def test_present_rates_are_those_of_an_optimizer() -> None:
    with pytest.raises(TypeError, match="expected an optimizer"):
        lrspec.rates_by_group(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", ["1e-3", "fast", (0.1, 0.2), torch.tensor([0.1, 0.2])])
def test_a_present_rate_that_is_no_number_is_refused(rate: Any) -> None:
    optimizer = torch.optim.SGD([parameter()], lr=1.0)
    optimizer.param_groups[0]["lr"] = rate
    with pytest.raises(TypeError, match=r"^`lr` of group 0 is ['\[].*: expected a number$"):
        lrspec.rates_by_group(optimizer)
    with pytest.raises(TypeError, match=r"^`lr` of a/group 0 is"):
        lrspec.rates_by_group({"a": optimizer, "b": torch.optim.SGD([parameter()])})
