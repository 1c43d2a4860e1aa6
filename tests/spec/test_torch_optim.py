"""The table of torch.optim's arguments, held equal to the torch that is installed."""

from __future__ import annotations

import inspect

import torch

from lrspec.spec.torch_optim import (
    ADAMS,
    ARGUMENTS,
    DEFAULT_WEIGHT_DECAY,
    FLAGS,
    LENGTHS,
    NOT_OPTIONS,
    ONE_GROUP_ONLY,
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
