"""The file format of an inventory, as written by `lrspec params`: reading and writing it within limits."""

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
from lrspec.files import read_at_most
from lrspec.models.inventory import Inventory, InventoryError
from lrspec.models.parameters import Classes, Parameter
from lrspec.spec.syntax.scalars import all_finite

MOST_ELEMENTS = 2**63 - 1  # torch counts elements in 64 bits, and Python refuses to print a number of 5,000 digits
_MOST_VALUES = 2_600_000  # commas and brackets in a saved inventory: about seventeen per parameter
MOST_BYTES = 2**26  # a saved inventory takes about four hundred per parameter
MOST_NAMES = 150_000  # of parameters, aliases included
MOST_NAME = 1024  # characters of a name
_LINE = re.compile(r"\r\n|\n|\r")

Size = Annotated[int, Field(ge=0)]
_Item = TypeVar("_Item")
_Listed: TypeAlias = Annotated[list[_Item], Field(fail_fast=True)]
"""A list that reports only its first error, however many there are."""


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
    declared: _Listed[str] | None = None
    """What the model declares it as: `embedding`, `head`, `no_weight_decay`; missing if that is not known."""


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
    """Read an inventory as `lrspec params` writes it, or a text file with one name per line; see `Inventory.load`."""
    with path.open("rb") as file:
        data = read_at_most(file, MOST_BYTES + 1)
    if len(data) > MOST_BYTES or sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise InventoryError(f"too large: at most {MOST_BYTES:,} bytes and {_MOST_VALUES:,} values are read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InventoryError("not UTF-8: expected an inventory as `lrspec params` writes it") from None
    if text.lstrip().startswith(("{", "[")):
        return _from_json(text)
    if sum(map(text.count, ("\n", "\r"))) > 4 * MOST_NAMES:
        raise InventoryError(f"more than {4 * MOST_NAMES:,} lines")
    names = [line.strip() for line in _LINE.split(text) if line.strip()]
    if bad := next((name for name in names if " " in name or not name.isprintable()), None):
        raise InventoryError(f"expected JSON, or one name per line, found {bad[:60]!r}")
    _check_names(names)
    return Inventory.from_names(names, source=f"params:{path.name}")


def to_dict(inventory: Inventory) -> dict[str, Any]:
    """Return an inventory as the JSON values of its file."""
    parameters = [
        {
            "name": parameter.name,
            "aliases": list(parameter.aliases),
            "shape": None if parameter.shape is None else list(parameter.shape),
            "requires_grad": parameter.requires_grad,
            "module": list(parameter.module),
            "alias_modules": [list(owner) for owner in parameter.alias_modules],
            **({} if parameter.declared is None else {"declared": list(parameter.declared)}),
        }
        for parameter in inventory.parameters
    ]
    return {"lrspec_params": 1, "source": inventory.source, "args": inventory.args, "parameters": parameters}


def _check_names(names: Sequence[str]) -> None:
    """Refuse too many names, and names that are too long."""
    if len(names) > MOST_NAMES:
        raise InventoryError(f"more than {MOST_NAMES:,} names, the most that an inventory may have")
    if long := next((name for name in names if len(name) > MOST_NAME), None):
        raise InventoryError(f"{printable(long)}: a name of more than {MOST_NAME:,} characters")


def _from_json(text: str) -> Inventory:
    try:
        content = InventoryFile.model_validate_json(text)
    except ValidationError as failure:
        error = failure.errors(include_url=False)[0]
        place = f" at {spell(error['loc'])}" if error["loc"] else ""
        raise InventoryError(f"not an inventory as `lrspec params` writes it{place}: {error['msg']}") from None
    if not all_finite(content.args):
        raise InventoryError("args: a number is not finite")
    _check_names([name for entry in content.parameters for name in (entry.name, *entry.aliases)])
    known: dict[Classes, Classes] = {}
    return Inventory((_from_entry(entry, known) for entry in content.parameters), content.source, content.args)


def _from_entry(entry: InventoryParameter, known: dict[Classes, Classes]) -> Parameter:
    """Return a parameter of the file; equal owners share the object in `known`."""
    if any(elements > MOST_ELEMENTS for elements in accumulate(entry.shape or (), mul)):
        raise InventoryError(f"{printable(entry.name)}: more elements than a tensor can have")
    owners = entry.alias_modules or [[] for _ in entry.aliases]
    if len(owners) != len(entry.aliases):
        raise InventoryError(f"{entry.name}: expected as many alias_modules as aliases")
    return Parameter(
        name=entry.name,
        aliases=tuple(entry.aliases),
        shape=None if entry.shape is None else tuple(entry.shape),
        requires_grad=entry.requires_grad,
        module=known.setdefault(tuple(entry.module), tuple(entry.module)),
        alias_modules=tuple(known.setdefault(tuple(owner), tuple(owner)) for owner in owners),
        declared=None if entry.declared is None else tuple(sorted(set(entry.declared))),
    )
