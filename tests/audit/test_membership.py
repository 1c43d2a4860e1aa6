"""What findings about parameters and their groups say, word for word, and that they are one each."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import distributed, nn
from torch.optim import SGD, AdamW

import lrspec
from lrspec.auditing.audit import audit
from lrspec.optim.thawing.advance import frozen_for_now
from tests.audit.group_scripts import deep, lora_plus_leaves_the_group_of_embeddings_empty, one_group_per_parameter
from tests.audit.membership_scripts import THAWING, net, trained


def said(model: nn.Module, optimizer: Any) -> list[str]:
    return audit(optimizer, model).diagnostics[0].message.split("\n")


@pytest.fixture
def model() -> nn.Sequential:
    return net()


def test_a_parameter_in_no_group_is_counted_and_listed(model: nn.Sequential) -> None:
    assert said(model, SGD(model[:2].parameters(), lr=0.1)) == [
        "2 parameters (10 elements) require grad, but are in no group of the optimizer: no step changes them",
        "2.weight [2, 4] (8), 2.bias [2] (2)",
        "Give them to the optimizer, when it is built or by `add_param_group`; or freeze them by "
        "`requires_grad_(False)`, so that no gradients are computed.",
    ]


def test_groups_that_share_parameters_are_named_in_one_finding(model: nn.Sequential) -> None:
    both = [AdamW([{"params": part.parameters()} for part in model]) for _ in range(2)]
    (found,) = audit(both, model).diagnostics
    assert found.message.split("\n")[0] == (
        "6 parameters (34 elements) are in group 0 of `adamw` and group 0 of `adamw-2`, group 1 of `adamw` and "
        "group 1 of `adamw-2`, group 2 of `adamw` and group 2 of `adamw-2`: they are updated more than once per step"
    )


def test_what_is_frozen_and_in_two_groups_is_not_said_to_be_updated(model: nn.Sequential) -> None:
    model[0].bias.requires_grad_(False)
    optimizer = SGD(model.parameters(), lr=0.1)
    optimizer.param_groups.append({**optimizer.param_groups[0], "params": [model[0].bias]})
    assert said(model, optimizer)[0] == "1 parameter (4 elements) is in group 0 and group 1"
    optimizer.param_groups[1]["params"].append(model[0].weight)
    assert said(model, optimizer)[0] == (
        "2 parameters (16 elements) are in group 0 and group 1: those that train are updated more than once per step"
    )


def test_a_frozen_parameter_is_named_with_its_group(model: nn.Sequential) -> None:
    optimizer = AdamW([{"params": model[:2].parameters()}, {"params": model[2].parameters()}])
    model[2].bias.requires_grad_(False)
    assert said(model, optimizer) == [
        "1 parameter (2 elements) in group 1 does not require grad: no step changes it",
        "2.bias [2] (2)",
        "If it should train, call `requires_grad_(True)`; otherwise leave it out of the groups.",
    ]


def test_a_foreign_tensor_is_named_by_its_number_and_shape(model: nn.Sequential) -> None:
    optimizer = AdamW([{"params": model[:2].parameters()}, {"params": model[2].parameters()}])
    model[2].weight = nn.Parameter(torch.zeros(2, 4))
    assert said(model, optimizer)[:2] == [
        "1 tensor in group 1 is not the model's (params[0] [2, 4]), and 1 parameter (8 elements) of the same shape is "
        "in no group: steps change what the model does not use",
        "2.weight [2, 4] (8)",
    ]


def test_a_foreign_tensor_is_named_by_its_own_name_where_the_group_has_one(model: nn.Sequential) -> None:
    optimizer = AdamW(copy.deepcopy(model).named_parameters())
    assert "(0.weight [4, 3], 0.bias [4], 1.weight [4] and 3 more)" in said(model, optimizer)[0]


def test_what_is_replaced_by_another_shape_is_another_finding(model: nn.Sequential) -> None:
    optimizer = AdamW(model.parameters())
    model[0], model[2] = nn.Linear(5, 4), nn.Linear(4, 2)
    codes = [(found.code, found.parameters) for found in audit(optimizer, model).diagnostics]
    assert codes == [("LRS501", ("0.weight",)), ("LRS504", ("0.bias", "2.weight", "2.bias"))]


def test_copies_in_float32_do_not_hide_what_has_no_copy_of_its_own_precision(model: nn.Sequential) -> None:
    model[0].bfloat16()
    copies = [parameter.detach().float().requires_grad_() for parameter in model[0].parameters()]
    assert [found.parameters for found in audit(AdamW([*copies, *model[1].parameters()]), model).diagnostics] == [
        ("2.weight", "2.bias")
    ]


def test_flat_copies_may_be_shards_where_there_are_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of Megatron: a process has just what comes after the first elements, here of one weight."""
    model = nn.Linear(3, 4).bfloat16()
    optimizer = AdamW([model.weight.detach().float().flatten()[5:].requires_grad_()])
    assert [found.parameters for found in audit(optimizer, model).diagnostics] == [("weight",)]
    store: Any = vars(distributed)["HashStore"]()
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        assert not audit(optimizer, model).ok
        monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
        assert audit(optimizer, model).ok
    finally:
        distributed.destroy_process_group()


def test_other_processes_may_have_copies_of_more_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)).bfloat16()
    optimizer = AdamW([each.detach().float().requires_grad_() for each in model[0].parameters()])
    assert not audit(optimizer, model).ok
    monkeypatch.setattr("lrspec.auditing.checks.membership._has_processes", lambda: True)
    assert audit(optimizer, model).ok


def test_what_a_plan_has_frozen_for_now_is_known_until_it_thaws(model: nn.Sequential) -> None:
    plan = lrspec.compile(lrspec.loads(THAWING), model)
    stem = {id(parameter) for parameter in model[0].parameters()}
    plan.advance(model, 0)
    assert stem <= frozen_for_now()
    plan.advance(model, 100)
    assert stem.isdisjoint(frozen_for_now())


def test_what_is_frozen_beside_what_thaws_is_said(model: nn.Sequential) -> None:
    plan = lrspec.compile(lrspec.loads(THAWING), model)
    optimizer = lrspec.build_optimizer(plan, model)
    plan.advance(model, 0)
    model[2].requires_grad_(False)
    assert [(found.code, found.parameters) for found in audit(optimizer, model).diagnostics] == [
        ("LRS503", ("2.weight", "2.bias"))
    ]


def test_an_empty_group_is_called_by_its_name_or_rate(model: nn.Sequential) -> None:
    empty: list[dict[str, Any]] = [{"params": [], "lr": 1e-5}, {"params": [], "lr": 1e-4, "name": "head"}]
    message, _ = said(model, AdamW([{"params": trained(model)}, *empty]))
    assert message == "group 1 (lr 1e-5) and group 2 (`head`) have no parameters: their settings have no effect"


def test_of_lora_plus_the_trained_adapters_are_named() -> None:
    message, listed, _ = said(*lora_plus_leaves_the_group_of_embeddings_empty())
    assert message == (
        "group 1 (lr 1e-6), which LoRA+ has for embeddings, has no parameters: "
        "2 parameters (12 elements) of adapters of embeddings are in group 0"
    )
    assert listed.startswith("base_model.model.embed_tokens.lora_embedding_A.default [1, 8] (8), ")


def test_needless_groups_are_counted_with_their_settings() -> None:
    model = deep(465)
    message, _ = said(model, AdamW(one_group_per_parameter(model, 28)))
    assert message == (
        "the optimizer has 465 groups for 28 combinations of settings: a step handles one group after the other, "
        "and logs show the rate of each"
    )


def test_of_several_optimizers_the_one_with_needless_groups_is_named() -> None:
    one, other = deep(40), deep(2)
    optimizers = {"first": AdamW(one_group_per_parameter(one, 1)), "second": SGD(other.parameters(), lr=0.1)}
    assert said(nn.ModuleList([one, other]), optimizers)[0].startswith("the optimizer `first` has 40 groups for 1 comb")


@pytest.mark.parametrize(("groups", "settings", "found"), [(32, 1, 0), (33, 8, 1), (35, 9, 0), (36, 9, 1)])
def test_groups_are_needless_beyond_32_and_four_times_the_settings(groups: int, settings: int, found: int) -> None:
    model = deep(groups)
    assert len(audit(AdamW(one_group_per_parameter(model, settings)), model).diagnostics) == found


@pytest.mark.slow
def test_optimizers_of_mmengine_may_be_in_its_dictionary() -> None:
    from mmengine.optim import OptimWrapper, OptimWrapperDict

    model = nn.ModuleDict({"one": nn.Linear(2, 3), "other": nn.Linear(3, 1)})
    wrapped = {name: OptimWrapper(optimizer=SGD(part.parameters(), lr=0.1)) for name, part in model.items()}
    assert [group.optimizer for group in audit(OptimWrapperDict(**wrapped), model).groups] == ["one", "other"]
