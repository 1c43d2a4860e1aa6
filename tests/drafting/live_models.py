"""Models that have the parameters of a drawn inventory, on the meta device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import nn


def model_of(parameters: Sequence[dict[str, Any]]) -> nn.Module:
    """A model with these parameters, without names that a module has."""
    model = nn.Module()
    names = [name for each in parameters for name in (each["name"], *each["aliases"])]
    modules = {name[:place] for name in names for place, letter in enumerate(name) if letter == "."}
    for each in parameters:
        tensor = nn.Parameter(torch.empty(each["shape"], device="meta"), each["requires_grad"])
        owners = [each["module"], *each["alias_modules"]]
        for name, owner in zip((each["name"], *each["aliases"]), owners, strict=True):
            if name not in modules:
                path, _, last = name.rpartition(".")
                _module(model, path, owner).register_parameter(last, tensor)
    return model


def _module(model: nn.Module, path: str, owner: Sequence[str]) -> nn.Module:
    """The module at a path, made if it is missing: the last of it has the class of the owner."""
    steps = path.split(".") if path else []
    for place, step in enumerate(steps):
        if not hasattr(model, step):
            model.add_module(step, _class(tuple(owner))() if place == len(steps) - 1 else nn.Module())
        model = model.get_submodule(step)
    return model


@cache
def _class(names: tuple[str, ...]) -> type[nn.Module]:
    """A class with the name and the bases of an owner."""
    name, *bases = names
    return type(name, (_class(tuple(bases)) if bases else nn.Module,), {})
