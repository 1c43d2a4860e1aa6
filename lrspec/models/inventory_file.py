"""The file of an inventory, as `lrspec params` writes it: its format, its limits, reading and writing it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.models.inventory import Inventory, InventoryError
from lrspec.models.parameters import Classes, Parameter
from lrspec.spec.syntax.scalars import all_finite

_MOST_ELEMENTS = 2**63 - 1  # torch counts them in 64 bits; Python refuses to print a number of 5,000 digits
_MOST_VALUES = 2_600_000  # commas and brackets, in a saved inventory: some seventeen for a parameter
_LINE = re.compile(r"\r\n|\n|\r")

MOST_BYTES = 2**26
"""Of a saved inventory, which takes some four hundred for a parameter."""

MOST_NAMES = 150_000
"""Of the parameters of a saved inventory, aliases included."""

MOST_NAME = 1024
"""Characters of a name in a saved inventory."""

Size = Annotated[int, Field(ge=0)]
_Item = TypeVar("_Item")
_Listed: TypeAlias = Annotated[list[_Item], Field(fail_fast=True)]
"""A list of which the first mistake is told, however many there are."""


class FilePart(BaseModel):
    """A part of a file: strict types; later versions may add keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class InventoryParameter(FilePart):
    """One parameter of a model."""

    name: str
    """Its canonical name: the first in model order."""
    aliases: _Listed[str] = []
    """The further names of a tied parameter, in model order."""
    shape: _Listed[Size] | None = None
    """Its shape; null where only names are known."""
    requires_grad: bool = True
    """Whether the model trains it."""
    module: _Listed[str] = []
    """The class names of the module that owns it: its own and its bases', without `Module`."""
    alias_modules: _Listed[_Listed[str]] = []
    """The class names of the owner of each alias."""


class InventoryFile(FilePart):
    """The parameters of a model, in model order."""

    lrspec_params: Literal[1]
    """The version of this format: 1."""
    source: str = ""
    """Where it is from: `timm:resnet18`, or the class of a model."""
    args: dict[str, Any] = {}
    """The arguments that the model was built with."""
    parameters: _Listed[InventoryParameter]
    """The parameters, in model order, each once."""


def load(path: Path) -> Inventory:
    """Read an inventory as `lrspec params` writes it, or a text file with one name a line; see `Inventory.load`."""
    try:
        text = _read(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InventoryError("not UTF-8: expected an inventory as `lrspec params` writes it") from None
    if text.lstrip().startswith(("{", "[")):
        return _from_json(text)
    if sum(map(text.count, ("\n", "\r"))) > 4 * MOST_NAMES:
        raise InventoryError(f"more than {4 * MOST_NAMES:,} lines")
    names = [line.strip() for line in _LINE.split(text) if line.strip()]
    if bad := next((name for name in names if " " in name or not name.isprintable()), None):
        raise InventoryError(f"expected JSON, or one name a line, found {bad[:60]!r}")
    return Inventory.from_names(_bounded(names), source=f"params:{path.name}")


def to_dict(inventory: Inventory) -> dict[str, Any]:
    """An inventory as the JSON values of its file."""
    return {
        "lrspec_params": 1,
        "source": inventory.source,
        "args": inventory.args,
        "parameters": [_parameter_to_dict(parameter) for parameter in inventory.parameters],
    }


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES or sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise InventoryError(f"too large: at most {MOST_BYTES:,} bytes and {_MOST_VALUES:,} values are read")
    return data


def _bounded(names: Sequence[str]) -> Sequence[str]:
    """The names, which must not be too many or too long."""
    if len(names) > MOST_NAMES:
        raise InventoryError(f"more than {MOST_NAMES:,} names, the most that an inventory may have")
    if long := next((name for name in names if len(name) > MOST_NAME), None):
        raise InventoryError(f"{printable(long)}: a name of more than {MOST_NAME:,} characters")
    return names


def _from_json(text: str) -> Inventory:
    try:
        content = InventoryFile.model_validate_json(text)
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        place = f" at {spell(first['loc'])}" if first["loc"] else ""
        message = f"not an inventory as `lrspec params` writes it{place}: {first['msg']}"
        raise InventoryError(message) from None
    if not all_finite(content.args):
        raise InventoryError("args: a number that is not finite")
    _bounded([name for each in content.parameters for name in (each.name, *each.aliases)])
    owners: dict[Classes, Classes] = {}
    parameters = (_from_file(each, owners) for each in content.parameters)
    return Inventory(parameters, content.source, content.args)


def _from_file(each: InventoryParameter, known: dict[Classes, Classes]) -> Parameter:
    """A parameter; owners of the same classes are `known`, and one and the same."""
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
        module=known.setdefault(tuple(each.module), tuple(each.module)),
        alias_modules=tuple(known.setdefault(tuple(owner), tuple(owner)) for owner in owners),
    )


def _parameter_to_dict(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "aliases": list(parameter.aliases),
        "shape": None if parameter.shape is None else list(parameter.shape),
        "requires_grad": parameter.requires_grad,
        "module": list(parameter.module),
        "alias_modules": [list(owner) for owner in parameter.alias_modules],
    }
