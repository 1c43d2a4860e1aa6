"""The table of torch.optim's arguments, held equal to the torch that is installed."""

from __future__ import annotations

import importlib
import inspect

import pytest
import torch

import lrspec
from lrspec.spec.torch_optim import (
    ADAMS,
    ARGUMENTS,
    DEFAULT_WEIGHT_DECAY,
    FLAGS,
    LENGTHS,
    NOT_OPTIONS,
    ONE_GROUP_ONLY,
    SPELLINGS,
    TEXTS,
)


def signatures() -> dict[str, dict[str, inspect.Parameter]]:
    classes = {name: value for name, value in vars(torch.optim).items() if isinstance(value, type)}
    return {
        name: {key: p for key, p in inspect.signature(cls).parameters.items() if key != "params"}
        for name, cls in classes.items()
        if issubclass(cls, torch.optim.Optimizer) and cls is not torch.optim.Optimizer
    }


def test_the_table_of_arguments_is_torchs() -> None:
    installed = {name: frozenset(found) for name, found in signatures().items() if name not in ONE_GROUP_ONLY}
    assert installed == ARGUMENTS


def test_default_weight_decays_are_torchs() -> None:
    defaults = {name: found["weight_decay"].default for name, found in signatures().items() if "weight_decay" in found}
    assert {name: value for name, value in defaults.items() if value} == DEFAULT_WEIGHT_DECAY


def test_default_rates_of_the_adams_are_torchs() -> None:
    assert {name: signatures()[name]["lr"].default for name in ADAMS} == ADAMS


def test_no_argument_is_called_as_a_key_of_groups() -> None:
    assert not {"params", "param_names", "name"} & set().union(*ARGUMENTS.values())
    assert {"lr", "weight_decay"} <= NOT_OPTIONS


def defaults(argument: str) -> list[object]:
    return [
        found[argument].default
        for name, found in signatures().items()
        if name not in ONE_GROUP_ONLY and argument in found
    ]


def test_what_is_said_of_the_kinds_of_arguments_is_so_in_every_class() -> None:
    for argument, length in LENGTHS.items():
        assert {len(default) if isinstance(default, tuple) else 0 for default in defaults(argument)} == {length}
    for argument in FLAGS:
        assert {type(default) for default in defaults(argument)} <= {bool, type(None)}
    for argument in set().union(*ARGUMENTS.values()) - FLAGS - TEXTS - {*LENGTHS}:
        assert {type(default) for default in defaults(argument)} <= {float, int, tuple}


def test_the_modules_of_classes_are_torchs() -> None:
    for name, (_, short, long) in SPELLINGS.items():
        for spelling in (short, long):
            module = importlib.import_module(spelling.rpartition(".")[0])
            assert getattr(module, name) is getattr(torch.optim, name)


def read(optimizer: str, rule: str = "match: '^a', lr_mult: 1") -> lrspec.SpecFile:
    return lrspec.loads(f"lrspec: 1\noptimizer: {optimizer}\nrules: [{{{rule}}}]")


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_a_class_with_its_module_is_the_class(name: str) -> None:
    for spelling in SPELLINGS[name]:
        assert read(f"{{type: {spelling}, lr: 1}}").spec.optimizer == read(f"{{type: {name}, lr: 1}}").spec.optimizer


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (
            "{type: torch.optim.AdamWW}",
            "`torch.optim.AdamWW` is not an optimizer of torch.optim: did you mean `AdamW`?",
        ),
        ("{type: torch.optim.adamw.AdamWW}", "`torch.optim.adamw.AdamWW` is not an optimizer of torch.optim: did you"),
        ("{type: torch.optim.sgd.AdamW}", "`torch.optim.sgd.AdamW` is not an optimizer of torch.optim: did you mean"),
        ("{type: torch.optim.adamw}", "`torch.optim.adamw` is not an optimizer of torch.optim: did you mean `AdamW`?"),
        ("{type: torch.optim.lr_scheduler.StepLR}", "`torch.optim.lr_scheduler.StepLR` is not an optimizer of torch."),
        ("{type: torch.optim.}", "`torch.optim.` is not an optimizer of torch.optim"),
        ("{type: torch.optim.LBFGS}", "`LBFGS` does not take parameter groups"),
        ("{type: torch.optim.lbfgs.LBFGS}", "`LBFGS` does not take parameter groups"),
        ("{type: torch.optim.AdamW, momentun: 1}", "`momentun` is not an argument of AdamW"),
        ("{type: torch.optim.adamw.AdamW, betas: 1}", "`betas`: expected a list of 2 numbers, found 1"),
        ("{type: torch.optim.Rprop, weight_decay: 1}", "Rprop has no weight decay"),
    ],
)
def test_what_is_wrong_with_a_class_with_its_module_is_said(optimizer: str, message: str) -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        read(optimizer)
    (found,) = caught.value.diagnostics
    assert found.message.startswith(message)


def test_the_likely_class_replaces_the_misspelt_one() -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        read("{type: torch.optim.adamw.AdamWW}")
    suggestion = caught.value.diagnostics[0].suggestion
    assert suggestion is not None
    assert (suggestion.replacement, suggestion.safe) == ("AdamW", False)


def test_options_of_rules_and_lints_judge_a_class_with_its_module() -> None:
    with pytest.raises(lrspec.SpecError, match="`momentun` is not an argument of SGD: did you mean `momentum`"):
        read("{type: torch.optim.sgd.SGD, lr: 1}", "match: '^a', options: {momentun: 1}, lr_mult: 1")
    names = lrspec.Inventory((lrspec.Parameter("a", shape=(2,)),))
    found = lrspec.check(read("{type: torch.optim._muon.Muon, lr: 1}"), names)
    assert [each.code for each in found] == ["LRS211"]


def test_a_replaced_type_may_have_its_module_too() -> None:
    changed = read("{type: SGD, lr: 1}").override({"optimizer.type": "torch.optim.AdamW"})
    assert changed.spec.optimizer.type == "AdamW"
    with pytest.raises(lrspec.OverrideError, match="did you mean `AdamW`"):
        changed.override({"optimizer.type": "torch.optim.AdamWW"})
