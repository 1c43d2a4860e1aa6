"""Plans bound to models: tensors in groups, and refusals where plan and model differ."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

import lrspec
from tests.models.test_inventory import Tied

SPEC = lrspec.loads(
    r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05, betas: [0.9, 0.95]}
rules:
  - {name: ladder, layers: ['^embed\.', '^blocks\.(\d+)\.'], layer_decay: 0.5}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
)
PROBE = lrspec.loads(
    r"""
lrspec: 1
optimizer: {lr: 1e-3}
rules:
  - {name: head, match: '^head\.', lr_mult: 1}
  - {name: rest, fallback: true, freeze: true}
"""
)


def test_groups_hold_the_models_tensors_names_and_settings() -> None:
    model = Tied()
    groups = lrspec.compile(SPEC, model).param_groups(model)
    assert [group["name"] for group in groups] == [
        "ladder.0",
        "ladder.1/no-decay",
        "ladder.1",
        "ladder.2/no-decay",
        "ladder.2",
    ]
    assert groups[0]["params"] == [model.embed.weight]
    assert groups[0] == {
        "params": [model.embed.weight],
        "param_names": ["embed.weight"],
        "name": "ladder.0",
        "lr": 0.00025,
        "weight_decay": 0.05,
        "betas": (0.9, 0.95),
    }
    assert groups[1]["weight_decay"] == 0


def test_torch_takes_the_groups_and_trains() -> None:
    torch.manual_seed(0)
    model = Tied()
    optimizer = torch.optim.AdamW(lrspec.param_groups(SPEC, model))
    assert [group["lr"] for group in optimizer.param_groups] == [0.00025, 0.0005, 0.0005, 0.001, 0.001]
    before = copy.deepcopy(model.state_dict())
    model(torch.arange(7)).square().sum().backward()
    optimizer.step()
    assert all(not torch.equal(before[name], value) for name, value in model.state_dict().items() if "weight" in name)


def test_settings_that_nothing_sets_are_the_optimizers_own() -> None:
    model = nn.Linear(2, 2)
    spec = lrspec.loads("lrspec: 1\nrules: [{match: '^weight$', lr: 0.5}, {match: '^bias$', lr: 0.25}]")
    optimizer = torch.optim.SGD(lrspec.param_groups(spec, model), lr=9.0, weight_decay=0.125, momentum=0.5)
    assert [(g["lr"], g["weight_decay"], g["momentum"]) for g in optimizer.param_groups] == [
        (0.5, 0.125, 0.5),
        (0.25, 0.125, 0.5),
    ]


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel], ids=["compile", "DataParallel"])
def test_a_plan_binds_to_the_model_under_a_wrapper(wrap: Any) -> None:
    model = Tied()
    plan = lrspec.compile(SPEC, model)
    bound, plain = plan.param_groups(wrap(model)), plan.param_groups(model)
    assert [g["param_names"] for g in bound] == [g["param_names"] for g in plain]
    assert all(a is b for g, h in zip(bound, plain, strict=True) for a, b in zip(g["params"], h["params"], strict=True))


def test_a_part_of_the_model_gets_its_own_groups_and_no_empty_ones() -> None:
    plan = lrspec.compile(SPEC, Tied())
    stage = Tied()
    del stage.embed, stage.blocks[0]
    stage.blocks = nn.Sequential()
    groups = plan.param_groups(stage)
    assert [group["param_names"] for group in groups] == [["embed.weight"]]  # by its alias head.weight
    assert groups[0]["params"] == [stage.head.weight]


def test_a_plan_that_freezes_binds_only_after_freezing() -> None:
    model = Tied()
    plan = lrspec.compile(PROBE, model)
    with pytest.raises(lrspec.BindError, match=r"call plan.freeze\(model\)"):
        plan.param_groups(model)
    plan.freeze(model)
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {"embed.weight"}
    assert [group["param_names"] for group in plan.param_groups(model)] == [["embed.weight"]]


def test_freeze_works_both_ways_and_leaves_alone_what_the_spec_does_not_set() -> None:
    model = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1), "c": nn.Linear(1, 1)})
    model.requires_grad_(False)
    model["a"].requires_grad_(True)
    spec = lrspec.loads(
        "lrspec: 1\nrules: [{name: a, match: '^a', freeze: true}, {name: b, match: '^b', freeze: false, lr: 1}]"
    )
    plan = lrspec.compile(spec, model)
    plan.freeze(model)
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True, False, False]
    assert [group["param_names"] for group in plan.param_groups(model)] == [["b.weight", "b.bias"]]
    assert [p.status.value for p in plan.parameters[::2]] == ["frozen-by-spec", "trained", "frozen-by-model"]


def test_freezing_another_model_is_refused() -> None:
    plan = lrspec.compile(PROBE, Tied())
    with pytest.raises(lrspec.BindError, match=r"the plan does not know 0\.embed\.weight"):
        plan.freeze(nn.Sequential(Tied()))


def test_one_call_compiles_freezes_and_binds() -> None:
    model = Tied()
    with pytest.raises(lrspec.BindError):
        lrspec.param_groups(PROBE, model)
    assert len(lrspec.param_groups(PROBE, model, freeze=True)) == 1
    assert not model.get_parameter("blocks.0.norm.weight").requires_grad


def test_compiling_changes_nothing_in_the_model() -> None:
    model = Tied()
    lrspec.compile(PROBE, model)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_trainable_stranger_is_refused_and_a_frozen_one_passed_over() -> None:
    model = Tied()
    plan = lrspec.compile(SPEC, model)
    model.register_parameter("late", nn.Parameter(torch.ones(2)))
    with pytest.raises(lrspec.BindError, match=r"does not know late"):
        plan.param_groups(model)
    model.late.requires_grad_(False)
    assert plan.param_groups(model)


def test_a_parameter_of_another_shape_is_refused() -> None:
    plan = lrspec.compile(SPEC, Tied())
    model = Tied()
    model.blocks[1].module = nn.Linear(3, 4)
    with pytest.raises(
        lrspec.BindError, match=r"blocks.1.module.weight has the shape \[4, 3\], but \[3, 3\] in the plan"
    ):
        plan.param_groups(model)


def test_parameters_tied_otherwise_than_in_the_plan_are_refused() -> None:
    plan = lrspec.compile(SPEC, Tied())
    untied = Tied()
    untied.head.weight = nn.Parameter(torch.zeros(7, 3))
    with pytest.raises(lrspec.BindError, match=r"head\.weight is tied to embed.weight in the plan"):
        plan.param_groups(untied)
    plain = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    plan = lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{match: '^.', lr: 1}]"), plain)
    plain["b"].register_parameter("weight", plain["a"].get_parameter("weight"))
    with pytest.raises(lrspec.BindError, match=r"b\.weight is tied to a.weight in this model"):
        plan.param_groups(plain)


def test_a_model_whose_frozenness_has_changed_is_refused() -> None:
    model = Tied()
    plan = lrspec.compile(SPEC, model)
    model.blocks[0].scale.requires_grad_(False)
    with pytest.raises(lrspec.BindError, match=r"blocks.0.scale has changed since the plan was made"):
        plan.param_groups(model)


def test_freezing_refuses_what_cannot_be_trained_and_changes_nothing_then() -> None:
    model = nn.ModuleDict({"a": nn.Linear(1, 1)})
    model["a"].weight = nn.Parameter(torch.zeros(1, 1, dtype=torch.int8), requires_grad=False)
    spec = lrspec.loads("lrspec: 1\nrules: [{match: bias, freeze: true}, {match: weight, freeze: false, lr: 1}]")
    plan = lrspec.compile(spec, model)
    with pytest.raises(lrspec.BindError, match=r"torch\.int8"):
        plan.freeze(model)
    assert model["a"].bias.requires_grad


def test_a_plan_with_errors_has_no_groups_to_bind() -> None:
    model = Tied()
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{match: '^blocks', lr: 1}]"), model)
    assert caught.value.plan is not None
    with pytest.raises(lrspec.BindError, match="has errors"):
        caught.value.plan.param_groups(model)


def test_parameters_without_a_shape_are_refused_until_a_batch_has_run() -> None:
    spec = lrspec.loads("lrspec: 1\nrules: [{match: '^.', lr: 1}]")
    plan = lrspec.compile(spec, nn.Linear(3, 2))
    model = nn.LazyLinear(2)
    with pytest.raises(lrspec.BindError, match="weight has no shape yet: run a batch through the model first"):
        plan.param_groups(model)
    model(torch.zeros(1, 3))
    assert lrspec.compile(spec, model).to_dict() == plan.to_dict()
    assert plan.param_groups(model)[0]["params"] == [model.weight, model.bias]


@pytest.mark.usefixtures("one_process")
@pytest.mark.filterwarnings("ignore:.*FSDP.*")  # torch says that FSDP1 is old, and that this is a CPU
@pytest.mark.filterwarnings("ignore:The `NO_SHARD` sharding strategy is deprecated")
def test_parameters_that_fsdp1_has_merged_are_refused() -> None:
    from torch.distributed.fsdp import FullyShardedDataParallel

    plan = lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{match: '^.', lr: 1}]"), nn.Linear(3, 2))
    model = FullyShardedDataParallel(nn.Linear(3, 2), use_orig_params=False, device_id=torch.device("cpu"))
    with pytest.raises(lrspec.BindError, match=r"FSDP has merged parameters into _flat_param: .* use_orig_params=True"):
        plan.param_groups(model)


def test_a_copy_under_another_name_is_told_from_the_model_that_trains() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    plan = lrspec.compile(lrspec.loads("{lrspec: 1, rules: [{match: '^0', lr: 1}]}"), model)
    with pytest.raises(lrspec.BindError, match=r"the same without `module\.`: bind to the model that trains"):
        plan.param_groups(AveragedModel(model))


@pytest.mark.parametrize("other", ["resnet18", [nn.Linear(2, 2)], nn.Linear(2, 2).parameters()])
def test_what_is_no_model_is_told_so(other: Any) -> None:
    spec = lrspec.loads("{lrspec: 1, rules: [{match: '.', lr: 1}]}")
    with pytest.raises(TypeError, match=r"expected a model \(torch\.nn\.Module\), found (str|list|generator)"):
        lrspec.compile(spec, other)


class Asserting(torch.optim.SGD):
    """A class that asserts the keys of its groups, as KellerJordan's Muon does."""

    def __init__(self, params: list[dict[str, Any]], **arguments: Any) -> None:
        for group in params:
            assert set(group) <= {"params", "lr", "weight_decay", "momentum"}
        super().__init__(params, **arguments)


def test_groups_without_names_are_the_same_for_a_class_that_asserts_their_keys() -> None:
    text = (
        "lrspec: 1\noptimizer: {lr: 0.1}\nrules: [{name: w, match: weight, lr_mult: 1}, {name: b, match: bias, lr: 1}]"
    )
    spec, model = lrspec.loads(text), nn.Linear(2, 2)
    plan = lrspec.compile(spec, model)
    with pytest.raises(AssertionError):
        Asserting(plan.param_groups(model))
    groups = plan.param_groups(model, names=False)
    named = [{k: v for k, v in group.items() if k not in ("param_names", "name")} for group in plan.param_groups(model)]
    assert repr(groups) == repr(named) == repr(lrspec.param_groups(spec, model, names=False))
    assert [set(group) for group in groups] == [{"params", "lr"}, {"params", "lr"}]
    optimizer = Asserting(groups, momentum=0.5)
    assert plan.verify(optimizer, model) == []
    optimizer.param_groups[0]["lr"] = 3
    (found,) = plan.verify(optimizer, model)
    assert (found.code, found.parameters) == ("LRS405", ("weight",))
