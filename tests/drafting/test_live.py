"""What is read from live groups, and what is said of them in words: no group that people have ends in a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from timm.optim import Adafactor, Adahessian  # type: ignore[attr-defined]
from torch import nn
from torch.optim import SGD, Adam, AdamW, SparseAdam, lr_scheduler

import lrspec
from lrspec.drafting.live.read import read
from lrspec.drafting.wanted import Wanted
from lrspec.optim.live.values import plain_value
from tests.drafting.live import assert_reproduced
from tests.optim.live.own import Both, Own


class Net(nn.Module):
    """A body, a norm and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.norm, self.head = nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 2)


@pytest.fixture
def model() -> Net:
    return Net()


def by_name(wanted: Wanted) -> dict[str, lrspec.Settings | None]:
    return dict(zip(wanted.inventory.columns.names, wanted.settings, strict=True))


def notes(optimizer: Any, model: nn.Module, scheduler: Any = None) -> list[str]:
    return list(read(optimizer, model, scheduler).wanted.notes)


def base(optimizer: Any, model: nn.Module) -> Any:
    return read(optimizer, model).wanted.bases["optimizer"]


# ----------------------------------------------------------------------------------------------------- values


def test_how_a_step_is_computed_is_an_argument_as_any_other(model: Net) -> None:
    optimizer = Adam(model.parameters(), lr=1e-2, differentiable=True, capturable=False, maximize=True)
    assert base(optimizer, model).options == {"differentiable": True, "maximize": True}
    assert_reproduced(optimizer, model)


def test_a_key_by_which_another_packages_class_tells_groups_apart_is_an_option(model: Net) -> None:
    matrices = {"params": [model.body.weight, model.head.weight], "use_muon": True, "layer_id": 1}
    others: dict[str, Any] = {"params": [p for p in model.parameters() if p.ndim == 1], "betas": (0.8, 0.9)}
    optimizer = Both([matrices, others])
    optimizer.step()
    wanted = read(optimizer, model).wanted
    type_ = f"{Both.__module__}.Both"
    assert wanted.notes == (f"`largest` of the groups is not an argument of {type_}, and cannot be a tag: omitted.",)
    assert wanted.bases["optimizer"].options == {"use_muon": True}
    options = (("betas", (0.8, 0.9)), ("use_muon", False))
    assert by_name(wanted)["body.bias"] == lrspec.Settings(0.1, None, options, tags=())
    assert by_name(wanted)["body.weight"] == lrspec.Settings(0.1, None, (), tags=(("layer_id", 1),))
    assert_reproduced(Both([{**matrices, "layer_id": 2}, {**others}]), model)


def test_a_value_that_no_spec_has_is_left_out_and_said(model: Net) -> None:
    optimizer = Own(model.parameters(), hook=print)
    with pytest.warns(lrspec.SpecWarning, match="`hook` is of a kind that a spec cannot have .builtin_function"):
        file = lrspec.from_optimizer(optimizer, model)
    assert file.spec.optimizer.options == {}
    optimizer.param_groups[0]["hook"] = {"a": 1}
    assert notes(optimizer, model) == ["`hook` is of a kind that a spec cannot have (dict): omitted."]


def test_a_key_that_is_not_an_argument_is_said_and_escaped(model: Net) -> None:
    optimizer = AdamW([{"params": [*model.parameters()], "momentum": 3, "\x1b[2J": 1, "name": "all"}])
    said = r"`momentum`, `\x1b[2J` of the groups are not arguments of AdamW, and cannot be tags: omitted."
    assert notes(optimizer, model) == [said]
    assert f"# {said}\n" in lrspec.from_optimizer(optimizer, model).text


@pytest.mark.parametrize(
    "value", [0, 2.5, -1e-9, True, "a # b", "1e3", "'", "ü: ", "no", ".inf", "0x1F", "", "a\nb", "a\tb"]
)
def test_a_key_that_a_loop_reads_is_a_tag(model: Net, value: Any) -> None:
    groups = split(model, 1e-3, 1e-3, 1e-3)
    groups[1]["kind"] = value
    optimizer = AdamW(groups)
    file = assert_reproduced(optimizer, model)
    assert (file.spec.tag_names, notes(optimizer, model)[1:]) == (("kind",), [])
    assert by_name(read(optimizer, model).wanted)["norm.bias"] == lrspec.Settings(
        1e-3, 0.01, (), tags=(("kind", value),)
    )
    (norm,) = [group for group in lrspec.param_groups(file, model) if "kind" in group]
    assert (norm["param_names"], norm["kind"], type(norm["kind"])) == (["norm.weight", "norm.bias"], value, type(value))


@pytest.mark.parametrize("value", [None, [1, 2], (), print, float("nan"), 10**400])
def test_a_key_whose_value_is_no_tag_is_said(model: Net, value: Any) -> None:
    groups = split(model, 1e-3, 1e-3, 1e-3)
    groups[0]["kind"], groups[1]["kind"] = 1, value
    optimizer = AdamW(groups)
    assert notes(optimizer, model)[1:] == [
        f"`kind` is of a kind that a spec cannot have ({type(plain_value(value)).__name__}): omitted."
    ]
    assert by_name(read(optimizer, model).wanted)["norm.bias"] == lrspec.Settings(1e-3, 0.01, (), tags=())
    assert by_name(read(optimizer, model).wanted)["body.bias"] == lrspec.Settings(1e-3, 0.01, (), tags=(("kind", 1),))


def test_many_numbers_are_tags_and_true_is_not_1(model: Net) -> None:
    groups = [{"params": [each], "layer": float(place), "on": True} for place, each in enumerate(model.parameters())]
    groups[0]["on"] = 1
    optimizer = AdamW(groups)
    file = assert_reproduced(optimizer, model)
    assert set(file.spec.tag_names) == {"layer", "on"}
    alike = AdamW([{"params": [each], "on": 1 if place else True} for place, each in enumerate(model.parameters())])
    assert "with 2 different settings" in read(alike, model).wanted.notes[0]


def test_a_key_that_another_optimizer_takes_is_no_tag(model: Net) -> None:
    vectors = [
        {"params": [p for p in model.parameters() if p.ndim == 1], "k": 1, "nesterov": False, "hook": 2, "own": 3}
    ]
    several = {"a": AdamW(vectors), "b": Own([p for p in model.parameters() if p.ndim > 1], nesterov=True)}
    said = "`k`, `nesterov`, `hook` of the groups are not arguments of AdamW, and cannot be tags: omitted."
    assert notes(several, model) == [said]
    with pytest.warns(lrspec.SpecWarning, match=re.escape(said)):
        assert lrspec.from_optimizer(several, model).spec.tag_names == ("own",)


def test_what_groups_are_called_is_no_tag(model: Net) -> None:
    groups = [{"params": [nn.Parameter(torch.ones(1))], "of": f"group {n}", "group_name": n} for n in range(65)]
    wanted = read(AdamW(groups), nn.ParameterList([group["params"][0] for group in groups])).wanted  # type: ignore[index]
    assert wanted.notes[1:] == ("`of` of the groups is not an argument of AdamW, and cannot be a tag: omitted.",)
    assert {settings and settings.tags for settings in wanted.settings} == {()}


@pytest.mark.parametrize(
    ("cls", "arguments", "said"),
    [
        (Adafactor, {"betas": (0.9, 0.999)}, "`betas` of timm:adafactor is not in its groups: omitted."),
        (
            Adahessian,
            {"n_samples": 2, "update_each": 3},
            "`update_each`, `n_samples` of timm:adahessian are not in its groups: omitted.",
        ),
        (Adafactor, {}, None),
        (Adahessian, {"lr": 0.2}, None),
    ],
)
def test_an_argument_that_groups_do_not_have_is_said(
    model: Net, cls: Any, arguments: dict[str, Any], said: str | None
) -> None:
    assert notes(cls(model.parameters(), **{"lr": 0.1, **arguments}), model) == ([said] if said else [])


def test_what_a_scheduler_keeps_in_a_group_is_no_tag(model: Net) -> None:
    """mmengine's schedulers keep the first value of whatever they move."""
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    optimizer.param_groups[0]["initial_momentum"] = 0.9
    wanted = read(optimizer, model).wanted
    assert wanted.notes == ()
    assert {settings and settings.tags for settings in wanted.settings} == {()}


# ------------------------------------------------------------------------------------------------- what is common


def split(model: Net, *rates: float, **others: Any) -> list[dict[str, Any]]:
    parts = (model.body, model.norm, model.head)
    return [{"params": [*part.parameters()], "lr": lr, **others} for part, lr in zip(parts, rates, strict=True)]


@pytest.mark.parametrize(
    ("rates", "default", "common"),
    [
        ((1e-5, 1e-5, 1e-4), {"lr": 1e-5}, 1e-5),  # one of the rates
        ((1e-5, 1e-5, 1e-4), {"lr": 1e-3}, 1e-5),  # the class's own, which nobody has given
        ((1e-3, 1e-3, 2e-2), {"lr": 1e-2}, 1e-2),  # given, and the others are short multiples
        ((1e-4, 1e-4, 2e-4), {"lr": 1.0}, 1e-4),  # given, but nobody multiplies by 1e-4
        ((1.3571e-5, 1.3571e-5, 2e-2), {"lr": 7e-3}, 1.3571e-5),  # given, but the others are not; most have this one
    ],
)
def test_the_rate_that_others_are_multiples_of(
    model: Net, rates: tuple[float, ...], default: dict[str, float], common: float
) -> None:
    assert base(AdamW(split(model, *rates), **default), model).lr == common  # type: ignore[arg-type]


def test_an_optimizer_whose_groups_have_rates_of_0_keeps_the_one_that_it_was_made_with(model: Net) -> None:
    groups: list[dict[str, Any]] = [{"params": [*model.parameters()], "lr": 0.0}]
    assert assert_reproduced(SparseAdam(groups, lr=0.1), model).spec.optimizer.lr == 0.1


def test_the_base_of_a_ladder_is_its_highest_rate() -> None:
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(6)))
    groups = [{"params": [*part.parameters()], "lr": 0.02 * 0.5 ** (5 - i)} for i, part in enumerate(model)]
    assert base(AdamW(groups), model).lr == 0.02


def test_weight_decay_is_what_most_have_and_not_said_where_there_is_none(model: Net) -> None:
    for made_with, others in ((0.1, {}), (0.0, {"weight_decay": 0.1})):
        groups = split(model, 1e-3, 1e-3, 1e-3, **others)
        groups[1]["weight_decay"] = 0.0
        assert base(AdamW(groups, weight_decay=made_with), model).weight_decay == 0.1
    without = read(Adam(model.parameters()), model).wanted
    assert without.bases["optimizer"].weight_decay is None
    assert {settings and settings.weight_decay for settings in without.settings} == {None}
    assert base(AdamW(model.parameters()), model).weight_decay == 0.01  # the class's own, and not none


def test_numbers_that_are_products_are_written_as_they_were_meant(model: Net) -> None:
    noise = 0.1 * 0.003
    assert repr(noise) == "0.00030000000000000003"
    groups = split(model, noise, noise, 1e-3)
    groups[0]["weight_decay"] = 0.1 + 0.2
    file = assert_reproduced(AdamW(groups, lr=noise, weight_decay=noise), model)
    assert "{type: AdamW, lr: 3e-4, weight_decay: 3e-4}" in file.text
    assert "weight_decay: 0.3\n" in file.text
    assert not re.search(r"\d{6}", file.text)


def test_an_option_that_all_groups_have_is_the_optimizers(model: Net) -> None:
    optimizer = AdamW(split(model, 1e-3, 1e-3, 1e-3, betas=(0.9, 0.95)))
    assert base(optimizer, model).options == {"betas": (0.9, 0.95)}
    optimizer.param_groups[0]["betas"] = (0.9, 0.999)
    wanted = read(optimizer, model).wanted
    assert wanted.bases["optimizer"].options == {}
    assert [name for name, each in by_name(wanted).items() if each and each.options] == [
        "norm.weight", "norm.bias", "head.weight", "head.bias"
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------- schedules


def test_a_loop_that_has_multiplied_by_lr_scale_has_done_so(model: Net) -> None:
    """MAE's loop sets `lr * lr_scale` at every step, and keeps no first rates."""
    optimizer = AdamW(split(model, 1e-3, 1e-3, 1e-3))
    for group, scale in zip(optimizer.param_groups, (0.25, 0.5, 1.0), strict=True):
        group["lr_scale"] = scale
    multiplied = read(optimizer, model).wanted
    assert multiplied.notes == ("`lr_scale` of the groups is multiplied into the rates.",)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3 * group["lr_scale"]
    already = read(optimizer, model).wanted
    assert already.settings == multiplied.settings
    assert already.notes == ("`lr_scale` of the groups is in the rates already.",)


def test_a_momentum_that_a_scheduler_moves_is_the_one_that_the_optimizer_was_made_with(model: Net) -> None:
    optimizer = SGD(split(model, 0.1, 0.1, 0.2), lr=0.1, momentum=0.5)
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=[0.1, 0.1, 0.2], total_steps=10)
    assert optimizer.param_groups[0]["momentum"] != 0.5
    wanted = read(optimizer, model, scheduler).wanted
    assert wanted.bases["optimizer"].options == {"momentum": 0.5}
    assert wanted.notes == (
        "The optimizer had 3 groups, with 2 different settings.",
        "The learning rates are the `max_lr` of OneCycleLR.",
        "A scheduler moves `momentum`, so the spec has the value that the optimizer was made with.",
    )


def test_a_scheduler_that_keeps_no_first_rates_is_said(model: Net) -> None:
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    for _ in range(3):
        scheduler.step(1.0)
    assert base(optimizer, model).lr == pytest.approx(1e-3)
    (said,) = notes(optimizer, model, scheduler)
    assert said == "ReduceLROnPlateau does not keep the rates that it began with: the spec has the present ones."


def test_the_scheduler_of_another_optimizer_is_not_read(model: Net) -> None:
    optimizer, other = SGD(model.parameters(), lr=0.1), SGD(model.parameters(), lr=0.3)
    scheduler = lr_scheduler.StepLR(other, 1)
    assert notes(optimizer, model, scheduler) == ["StepLR moves another optimizer: it has no say here."]
    assert {settings and settings.lr for settings in read(optimizer, model, scheduler).wanted.settings} == {0.1}


# --------------------------------------------------------------------------------------------------------- members


def test_what_does_not_require_grad_is_frozen_in_a_group_or_not(model: Net) -> None:
    model.body.requires_grad_(False)
    model.norm.bias.requires_grad_(False)
    params: list[nn.Parameter] = [*model.norm.parameters(), *model.head.parameters()]
    optimizer = AdamW(params)
    wanted = read(optimizer, model).wanted
    assert [name for name, each in by_name(wanted).items() if each is None] == [
        "body.weight", "body.bias", "norm.bias"
    ]  # fmt: skip
    assert wanted.notes == ("norm.bias is in a group, but not trainable: frozen here.",)
    file = lrspec.from_optimizer(optimizer, model)
    assert len([each for each in lrspec.compile(file, Net()).parameters if each.status.trains]) == 3


def test_what_no_optimizer_has_is_frozen_and_said(model: Net) -> None:
    optimizer = AdamW(model.head.parameters())
    with pytest.warns(lrspec.SpecWarning, match="trainable, but no optimizer had them: frozen here"):
        file = lrspec.from_optimizer(optimizer, model)
    said = "body.weight, body.bias, norm.weight and 1 more are trainable, but no optimizer had them: frozen here."
    assert f"# {said}\n" in file.text
    assert_reproduced(AdamW(model.head.parameters()), model)


def test_empty_groups_and_tensors_that_are_not_the_models_are_said(model: Net) -> None:
    loss = nn.Parameter(torch.zeros(3))
    groups: list[dict[str, Any]] = [{"params": []}, {"params": [*model.parameters(), loss]}, {"params": [], "lr": 0.5}]
    optimizer = AdamW(groups)
    assert notes(optimizer, model) == [
        "The optimizer had 3 groups, all with the same settings.",
        "2 groups have no parameters: omitted (group 0, group 2).",
        "Group 1 has 1 tensor that the model does not have (shape [3]): omitted.",
    ]
    assert_reproduced(AdamW(model.parameters()), model)


def test_of_two_groups_of_a_parameter_the_first_counts(model: Net) -> None:
    adamw, sgd = AdamW(model.parameters()), SGD(model.head.parameters(), lr=0.1)
    wanted = read({"adamw": adamw, "sgd": sgd}, model).wanted
    assert list(wanted.bases) == ["optimizer"]
    assert {settings and settings.optimizer for settings in wanted.settings} == {None}
    assert wanted.notes == (
        "The optimizers had 2 groups, all with the same settings.",
        "`sgd` trains none of the model's parameters, and is omitted.",
        "head.weight is in group 0 of `adamw` and again in group 0 of `sgd`, and so is 1 more: the first counts.",
    )


def test_complex_parameters_are_parameters() -> None:
    model = nn.ParameterDict({"phase": nn.Parameter(torch.zeros(2, dtype=torch.complex64)), "scale": torch.zeros(2)})
    assert_reproduced(Adam(model.parameters(), lr=0.1), model)


def test_a_model_on_the_meta_device_is_read() -> None:
    with torch.device("meta"):
        model = Net()
    assert_reproduced(AdamW(split(model, 1e-3, 1e-3, 1e-2)), model)


def test_an_optimizer_that_has_nothing_to_train_is_refused(model: Net) -> None:
    optimizer = AdamW(model.body.parameters(), lr=0.1)
    with pytest.raises(
        lrspec.GroupsError, match=r"anything of this Net to train: none of its parameters is in a group"
    ):
        lrspec.from_optimizer(optimizer, Net())
    model.body.requires_grad_(False)
    with pytest.raises(lrspec.GroupsError, match=r"no optimizer has anything of this Net to train$"):
        lrspec.from_optimizer(optimizer, model)
    model.requires_grad_(False)
    with pytest.raises(lrspec.GroupsError, match=r"of this Net to train: all of its parameters are frozen$"):
        lrspec.from_optimizer(optimizer, model)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a b", "a.b"], ["a_b", "a_b-2"]),
        (["a b", "a_b"], ["a_b-2", "a_b"]),  # a name that a spec may have stays
        (["äd", "öd"], ["ad", "od"]),
        (["模型", "優化"], ["__", "__-2"]),
        ([1, "1"], ["1", "1-2"]),
        (["", "-"], ["_", "_-2"]),
        (["x" * 250, "x" * 300], ["x" * 180, "x" * 180 + "-2"]),
    ],
)
def test_optimizers_whose_names_become_alike_stay_apart(model: Net, names: list[Any], found: list[str]) -> None:
    optimizers = AdamW(model.body.parameters(), lr=0.1), Adam(model.head.parameters(), lr=0.2, weight_decay=0.3)
    model.norm.requires_grad_(False)
    file = assert_reproduced(dict(zip(names, optimizers, strict=True)), model)
    assert [(name, base.type) for name, base in file.spec.bases.items()] == [(found[0], "AdamW"), (found[1], "Adam")]


# -------------------------------------------------------------------------------------------------------- refusals


def test_a_class_without_groups_is_refused(model: Net) -> None:
    with pytest.raises(lrspec.GroupsError, match="LBFGS does not take parameter groups"):
        lrspec.from_optimizer(torch.optim.LBFGS(model.parameters()), model)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("lr", None, "group 0 has no learning rate, and a spec needs one (AdamW)"),
        ("lr", float("nan"), "group 0 has the learning rate nan, and a spec needs one from 0 on"),
        ("lr", -1.0, "group 0 has the learning rate -1.0, and a spec needs one from 0 on"),
        ("lr", "1e-3", "group 0 has the learning rate 1e-3, and a spec needs one from 0 on"),
        ("lr", torch.tensor(0.1, device="meta"), "group 0 has the learning rate tensor(..., device='meta', size=())"),
        ("weight_decay", float("inf"), "group 0 has the weight decay inf, and a spec needs one from 0 on"),
    ],
)
def test_a_rate_that_no_spec_has_is_refused(model: Net, key: str, value: Any, said: str) -> None:
    optimizer = AdamW(model.parameters())
    optimizer.param_groups[0][key] = value
    with pytest.raises(lrspec.GroupsError, match=re.escape(said)):
        lrspec.from_optimizer(optimizer, model)


WRONG: list[tuple[Callable[[Net], tuple[Any, ...]], str]] = [
    (
        lambda model: (model, SGD(model.parameters(), lr=1.0)),
        "expected a model (torch.nn.Module), found SGD",
    ),
    (lambda model: (SGD(model.parameters(), lr=1.0), [model]), "expected a model (torch.nn.Module), found list"),
    (lambda model: (SGD, model), "expected an optimizer (torch.optim.Optimizer), found SGD"),
    (lambda model: ({}, model), "expected an optimizer (torch.optim.Optimizer), found none"),
    (lambda model: ({"a": 1}, model), "`a`: expected an optimizer (torch.optim.Optimizer), found int"),
    (lambda model: (SGD(model.parameters(), lr=1.0), model, "cosine"), "expected a scheduler, or a list or a mapping"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_what_is_neither_is_a_type_error_in_words(
    model: Net, arguments: Callable[[Net], tuple[Any, ...]], said: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        lrspec.from_optimizer(*arguments(model))


def test_a_model_without_parameters_or_shapes_is_refused() -> None:
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(lrspec.GroupsError, match="this ReLU has no parameters"):
        lrspec.from_optimizer(optimizer, nn.ReLU())
    lazy = nn.LazyLinear(2)
    with pytest.raises(lrspec.InventoryError, match="weight has no shape yet"):
        lrspec.from_optimizer(optimizer, lazy)


def test_a_sharded_model_is_refused_as_an_inventory_refuses_it(model: Net) -> None:
    vars(model.body.weight)["ds_shape"] = (2, 2)  # as ZeRO-3 does
    with pytest.raises(lrspec.InventoryError, match="compile before the model is sharded"):
        lrspec.from_optimizer(SGD(model.parameters(), lr=1.0), model)
