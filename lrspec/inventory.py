"""A model, or a file, to an `Inventory`: what lrspec knows of a model's parameters, without the tensors.

torch is never imported here: a model brings its own.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from operator import mul
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrspec.modules import class_name, is_lazy, is_sharded, named_tensors, owner_classes
from lrspec.scalars import all_finite
from lrspec.source import printable

if TYPE_CHECKING:
    from torch import nn

    from lrspec.formats import InventoryParameter

_MOST_ELEMENTS = 2**63 - 1  # torch counts them in 64 bits; Python refuses to print a number of 5,000 digits
_SHARDED = (
    "compile before the model is sharded, and bind afterwards: "
    "plan = lrspec.compile(spec, model); shard the model; plan.param_groups(model)"
)


class InventoryError(ValueError):
    """A model or a file that gives no inventory of parameters; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model, under its canonical name.

    `shape` is None where only names are known. `module` has the class names of the module that owns it:
    its own class and its bases, without `Module`. A tied parameter has its further names in `aliases`, in model
    order, and their owners in `alias_modules`.
    """

    name: str
    aliases: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    requires_grad: bool = True
    module: tuple[str, ...] = ()
    alias_modules: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The first name and the aliases."""
        return (self.name, *self.aliases)

    @property
    def owners(self) -> tuple[tuple[str, ...], ...]:
        """The classes of the owner of each of the names; none where they are not known."""
        return (self.module, *self.alias_modules, *[()] * (len(self.aliases) - len(self.alias_modules)))

    @property
    def elements(self) -> int | None:
        """The number of its elements, or None where the shape is not known."""
        return None if self.shape is None else math.prod(self.shape)


@dataclass(frozen=True)
class Inventory:
    """The parameters of a model, in model order, each once.

    `source` is where it is from: `timm:resnet18`, or the class of a model object; `args` are the arguments that
    the model was built with.
    """

    parameters: tuple[Parameter, ...]
    source: str = ""
    args: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for name in (name for parameter in self.parameters for name in parameter.names):
            if name in seen:
                raise InventoryError(f"two parameters are called {name!r}")
            seen.add(name)

    @classmethod
    def from_model(
        cls, model: nn.Module, *, source: str | None = None, args: dict[str, Any] | None = None
    ) -> Inventory:
        """The inventory of a model; the model is not changed.

        Raises:
            InventoryError: for a model whose shapes or names sharding has changed (FSDP1, ZeRO-3), and for one with
                lazy parameters.
        """
        return cls(tuple(_model_parameters(model)), source or class_name(model), dict(args or {}))

    @classmethod
    def from_names(cls, names: Iterable[str], *, source: str = "") -> Inventory:
        """An inventory of names alone: without shapes and owners, all trainable."""
        return cls(tuple(Parameter(name) for name in names), source)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Inventory:
        """Read an inventory as `lrspec params` writes it, or a text file with one name a line.

        Raises:
            InventoryError: for anything else.
            OSError: where the file cannot be read.
        """
        try:
            text = Path(path).read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InventoryError("not UTF-8: expected an inventory as `lrspec params` writes it") from None
        if text.lstrip().startswith(("{", "[")):
            return _from_json(text)
        names = [line.strip() for line in text.splitlines() if line.strip()]
        if bad := next((name for name in names if " " in name or not name.isprintable()), None):
            raise InventoryError(f"expected JSON, or one name a line, found {bad[:60]!r}")
        return cls.from_names(names, source=f"params:{Path(path).name}")

    def to_dict(self) -> dict[str, Any]:
        """The inventory as JSON values, as `lrspec params` writes it."""
        return {
            "lrspec_params": 1,
            "source": self.source,
            "args": self.args,
            "parameters": [_to_dict(parameter) for parameter in self.parameters],
        }

    @cached_property
    def fingerprint(self) -> str:
        """A hash of names, aliases and shapes, in order: `sha256:…`."""
        content = [[p.name, p.aliases, p.shape] for p in self.parameters]
        text = json.dumps(content, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @cached_property
    def elements(self) -> int | None:
        """The number of elements of all parameters, or None where a shape is not known."""
        return total_elements(self.parameters)

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of a parameter in `parameters`, by any of its names."""
        return {name: place for place, parameter in enumerate(self.parameters) for name in parameter.names}


def total_elements(parameters: Iterable[Parameter]) -> int | None:
    """The number of elements of some parameters, or None where a shape is not known."""
    sizes = [parameter.elements for parameter in parameters]
    return None if None in sizes else sum(size for size in sizes if size is not None)


# -------------------------------------------------------------------------------------------------- from files


def _from_json(text: str) -> Inventory:
    from lrspec.formats import read_inventory  # pydantic is needed only here

    try:
        content = read_inventory(text)
    except ValueError as failure:
        raise InventoryError(str(failure)) from None
    if not all_finite(content.args):
        raise InventoryError("args: a number that is not finite")
    return Inventory(tuple(_from_file(each) for each in content.parameters), content.source, content.args)


def _from_file(each: InventoryParameter) -> Parameter:
    if any(elements > _MOST_ELEMENTS for elements in accumulate(each.shape or (), mul)):
        raise InventoryError(f"{printable(each.name)}: more elements than a tensor can have")
    owners = each.alias_modules or [[] for _ in each.aliases]
    if len(owners) != len(each.aliases):
        raise InventoryError(f"{each.name}: expected as many alias_modules as aliases")
    return Parameter(
        name=each.name,
        aliases=tuple(each.aliases),
        shape=None if each.shape is None else tuple(each.shape),
        requires_grad=each.requires_grad,
        module=tuple(each.module),
        alias_modules=tuple(tuple(owner) for owner in owners),
    )


def _to_dict(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "aliases": list(parameter.aliases),
        "shape": None if parameter.shape is None else list(parameter.shape),
        "requires_grad": parameter.requires_grad,
        "module": list(parameter.module),
        "alias_modules": [list(owner) for owner in parameter.alias_modules],
    }


# -------------------------------------------------------------------------------------------------- from models


def _model_parameters(model: nn.Module) -> Iterator[Parameter]:
    if is_sharded(model):
        raise InventoryError(f"the parameters of this {type(model).__name__} are shards: {_SHARDED}")
    tied: dict[int, list[tuple[str, nn.Module, nn.Parameter]]] = {}
    for name, owner, tensor in named_tensors(model):
        if is_lazy(tensor):
            raise InventoryError(f"{name} has no shape yet: run a batch through the model first")
        tied.setdefault(id(tensor), []).append((name, owner, tensor))
    for found in tied.values():
        names, owners = [name for name, *_ in found], [owner_classes(type(owner)) for _, owner, _ in found]
        tensor = found[0][2]
        yield Parameter(
            names[0],
            tuple(names[1:]),
            tuple(tensor.shape),
            tensor.requires_grad,
            owners[0],
            tuple(owners[1:]),
        )
