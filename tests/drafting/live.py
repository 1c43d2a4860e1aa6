"""Compares live optimizers with those that are built from the specs found for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from torch import nn
from torch.optim import Optimizer

import lrspec

Values = dict[int, dict[str, Any]]
"""The values of the group of each trained tensor, by the tensor's identity."""

_NAMES = ("params", "param_names", "name")

_OF_THE_GROUPS = {"declared-decay", "large-value", "mixed-decay", "zero-lr"}
"""Findings that are about what the groups give, not about how a spec says it."""


def values_of(*optimizers: Optimizer) -> Values:
    """What the groups of optimizers give to what they train; take it before a scheduler changes them."""
    return {
        id(tensor): {**group, "params": None, "class": type(optimizer).__name__}
        for optimizer in optimizers
        for group in optimizer.param_groups
        for tensor in group["params"]
        if tensor.requires_grad
    }


def assert_gives(file: lrspec.SpecFile, model: nn.Module, expected: Values, *classes: type) -> None:
    """Build the optimizers of a spec, and hold every value of every parameter equal to those expected.

    `classes` are those that a spec does not import.
    """
    plan = lrspec.compile(file, model)
    assert {finding.name for finding in plan.diagnostics} <= _OF_THE_GROUPS
    plan.freeze(model)
    types = {name: base.type or "" for name, base in file.spec.bases.items()}
    passed = {name: cls for name, type_ in types.items() for cls in classes if type_.endswith(f".{cls.__name__}")}
    actual = values_of(*lrspec.build_optimizers(plan, model, optimizer_class=passed).values())
    assert actual.keys() == expected.keys()
    for key, values in actual.items():
        wanted = {name: expected[key].get(name) for name in values if name not in _NAMES}
        rate, decay = wanted.pop("lr"), wanted.pop("weight_decay", None)
        assert values["lr"] == pytest.approx(rate, rel=1e-12, abs=0)
        assert values.get("weight_decay") == (decay if decay is None else pytest.approx(decay, rel=1e-12, abs=0))
        assert {name: values[name] for name in wanted} == wanted


def scaled(values: Values) -> Values:
    """The same with `lr_scale` multiplied in, as timm's schedulers do."""
    return {key: {**group, "lr": group["lr"] * group.get("lr_scale", 1.0)} for key, group in values.items()}


def assert_reproduced(optimizers: Optimizer | Mapping[str, Optimizer], model: nn.Module) -> lrspec.SpecFile:
    """Find the spec of optimizers, hold what it gives equal to what they have, and return it."""
    several: Iterable[Optimizer] = optimizers.values() if isinstance(optimizers, Mapping) else [optimizers]
    several = list(several)
    file = lrspec.from_optimizer(optimizers, model)
    assert_gives(file, model, scaled(values_of(*several)), *map(type, several))
    return file
