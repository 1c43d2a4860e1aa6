"""A model, or a file, to an `Inventory`: what lrspec knows of a model's parameters, without the tensors.

torch is never imported here: a model brings its own.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrspec.models.garbage import uncollected
from lrspec.models.parameters import Aliases, Classes, Columns, Parameter, Shape
from lrspec.models.walk import ModelParameters, class_name, is_sharded, owner_classes, walk, why_lazy

if TYPE_CHECKING:
    from torch import nn


_SHARDED = (
    "compile before the model is sharded, and bind afterwards: "
    "plan = lrspec.compile(spec, model); shard the model; plan.param_groups(model)"
)


class InventoryError(ValueError):
    """A model or a file that gives no inventory of parameters; the text says why and what to do."""


@dataclass(frozen=True, init=False)
class Inventory:
    """The parameters of a model, in model order, each once.

    `source` is where it is from: `timm:resnet18`, or the class of a model object; `args` are the arguments that
    the model was built with.
    """

    columns: Columns
    source: str
    args: dict[str, Any]

    def __init__(
        self, parameters: Iterable[Parameter] | Columns, source: str = "", args: Mapping[str, Any] | None = None
    ) -> None:
        columns = parameters if isinstance(parameters, Columns) else Columns.of(parameters)
        _refuse_equal_names(columns)
        for name, value in (("columns", columns), ("source", source), ("args", dict(args or {}))):
            object.__setattr__(self, name, value)

    @classmethod
    def from_model(
        cls, model: nn.Module, *, source: str | None = None, args: dict[str, Any] | None = None
    ) -> Inventory:
        """The inventory of a model; the model is not changed.

        Raises:
            InventoryError: for a model whose shapes or names sharding has changed (FSDP1, ZeRO-3), and for one with
                lazy parameters.
        """
        with uncollected():
            return cls.of(model, walk(model), source, args)

    @classmethod
    def of(
        cls, model: nn.Module, found: ModelParameters, source: str | None = None, args: Mapping[str, Any] | None = None
    ) -> Inventory:
        """The inventory of a model in which `walk` has found this; see `from_model`."""
        return cls(_columns(found, model), source or class_name(model), args)

    @classmethod
    def from_names(cls, names: Iterable[str], *, source: str = "") -> Inventory:
        """An inventory of names alone: without shapes and owners, all trainable."""
        known = list(names)
        return cls(Columns(known, [None] * len(known), [True] * len(known), [()] * len(known), {}), source)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Inventory:
        """Read an inventory as `lrspec params` writes it, or a text file with one name a line.

        Raises:
            InventoryError: for anything else, and for what is too large.
            OSError: where the file cannot be read.
        """
        from lrspec.models.inventory_file import load  # here, since few inventories are read from files

        return load(Path(path))

    def to_dict(self) -> dict[str, Any]:
        """The inventory as JSON values, as `lrspec params` writes it."""
        from lrspec.models.inventory_file import to_dict

        return to_dict(self)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, in model order."""
        return tuple(map(self.columns.parameter, range(len(self.columns.names))))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of names, aliases and shapes, in order: `sha256:…`."""
        content = [[p.name, p.aliases, p.shape] for p in self.parameters]
        text = json.dumps(content, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @cached_property
    def elements(self) -> int | None:
        """The number of elements of all parameters, or None where a shape is not known."""
        return self.columns.elements(range(len(self.columns.names)))

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of a parameter in `parameters`, by any of its names."""
        return {name: index for index, name in self.columns.all_names()}


def _refuse_equal_names(columns: Columns) -> None:
    names = [name for _, name in columns.all_names()] if columns.aliases else columns.names
    if len(set(names)) < len(names):
        twice = next(name for name, times in Counter(names).items() if times > 1)
        raise InventoryError(f"two parameters are called {twice!r}")


# -------------------------------------------------------------------------------------------------- from models


def _columns(found: ModelParameters, model: nn.Module) -> Columns:
    if is_sharded(found):
        raise InventoryError(f"the parameters of this {type(model).__name__} are shards: {_SHARDED}")
    if lazy := why_lazy(found):
        raise InventoryError(lazy)
    classes = {cls: owner_classes(cls) for cls in set(found.owners)}
    owners = [classes[cls] for cls in found.owners]
    if len(set(map(id, found.tensors))) == len(found.tensors):
        return _of_tensors(found.names, owners, found.tensors, {})
    tied: dict[int, list[int]] = {}
    for place, tensor in enumerate(found.tensors):
        tied.setdefault(id(tensor), []).append(place)
    aliases = {
        index: Aliases(tuple(found.names[place] for place in places[1:]), tuple(owners[place] for place in places[1:]))
        for index, places in enumerate(tied.values())
        if len(places) > 1
    }
    first = [places[0] for places in tied.values()]
    names, tensors = [found.names[place] for place in first], [found.tensors[place] for place in first]
    return _of_tensors(names, [owners[place] for place in first], tensors, aliases)


def _of_tensors(
    names: list[str], owners: list[Classes], tensors: list[nn.Parameter], aliases: dict[int, Aliases]
) -> Columns:
    shapes: list[Shape | None] = [tensor.shape for tensor in tensors]
    return Columns(names, shapes, [tensor.requires_grad for tensor in tensors], owners, aliases)
