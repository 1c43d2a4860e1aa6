"""Inventories of models by way of the cache: what a library builds by a name is built once, and then only read.

Kept is what cannot change without its key: an architecture of a library, or a configuration by its bytes, with the
arguments and with what is installed. Never kept are code of the user's, saved inventories, and errors.
"""

from __future__ import annotations

import gc
import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lrspec import cache as kept
from lrspec import installed
from lrspec.inventory import Inventory, Parameter
from lrspec.models import inventory_of

_LIBRARIES = {"timm": ("timm", "torch"), "torchvision": ("torchvision", "torch"), "hf": ("transformers", "torch")}
"""What a model of each kind is built by; lrspec itself, which reads it, comes to these."""


def cached_inventory_of(
    source: str,
    args: dict[str, Any],
    folder: Path,
    *,
    run_code: bool = False,
    outside: bool = False,
    cache: bool = True,
) -> Inventory:
    """The inventory of a model by its name: what `models.inventory_of` gives, and raises, but from the cache if kept.

    Without `cache` nothing is read from it, and nothing written.
    """
    key = model_key(source, args, folder, outside=outside) if cache else None
    text = kept.read(key) if key else None
    inventory = _decoded(text) if text else None
    if inventory is None:
        with _no_collection():
            inventory = inventory_of(source, args, folder, run_code=run_code, outside=outside)
        if key and key == model_key(source, args, folder, outside=outside):  # nothing has changed while it was built
            _keep(key, inventory)
    return inventory


def model_key(source: str, args: dict[str, Any], folder: Path, *, outside: bool) -> str | None:
    """All that the inventory of a model depends on, in one line; None for what is not to be kept."""
    scheme, colon, name = source.partition(":")
    if not colon:
        scheme, name = "timm", source
    if scheme not in _LIBRARIES or (arguments := _exact_json(args)) is None:
        return None
    versions = [installed.version(library) for library in ("lrspec", *_LIBRARIES[scheme])]
    config = _config_hash(folder, name, outside=outside) if scheme == "hf" else ""
    if config is None or None in versions:
        return None
    python = f"{sys.implementation.cache_tag} {sys.platform}"
    return json.dumps([f"{scheme}:{name}", arguments, config, python, *versions])


def _exact_json(args: dict[str, Any]) -> str | None:
    """Arguments in their order, as JSON that reads back as the same; None where none does."""
    try:
        text = json.dumps(args, allow_nan=False)
        return text if json.loads(text) == args else None
    except (TypeError, ValueError, RecursionError):
        return None


def _config_hash(folder: Path, name: str, *, outside: bool) -> str | None:
    """The hash of a configuration, and of all that is installed: transformers builds with what it finds.

    None where the file may not be read, or cannot be: why, is said by building it.
    """
    path = folder / name
    try:
        path = path / "config.json" if path.is_dir() else path
        if not path.is_file() or not (outside or path.resolve().is_relative_to(folder.resolve())):
            return None
        return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {installed.everything()}"
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL
        return None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Importing torch makes a million objects that stay: to look for garbage among them takes a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


# ---------------------------------------------------------------------------------------------------- as text


def _keep(key: str, inventory: Inventory) -> None:
    if _exact_json(inventory.args) is not None:
        kept.write(key, _encoded(inventory))


def _encoded(inventory: Inventory) -> str:
    """The inventory as JSON: a row for each parameter, and a table of owners, of which there are few."""
    owners: dict[tuple[str, ...], int] = {}
    rows = [
        [
            each.name,
            each.aliases,
            each.shape,
            each.requires_grad,
            owners.setdefault(each.module, len(owners)),
            [owners.setdefault(owner, len(owners)) for owner in each.alias_modules],
        ]
        for each in inventory.parameters
    ]
    content = {"source": inventory.source, "args": inventory.args, "owners": [*owners], "parameters": rows}
    return json.dumps(content, separators=(",", ":"))


def _decoded(text: str) -> Inventory | None:
    """What `_encoded` was given; None where the text is not its own, though that has the right checksum."""
    try:
        content = json.loads(text)
        owners = [tuple(owner) for owner in content["owners"]]
        parameters = tuple(_parameter(owners, *row) for row in content["parameters"])
        return Inventory(parameters, content["source"], content["args"])
    except (LookupError, TypeError, ValueError, RecursionError):
        return None


def _parameter(
    owners: list[tuple[str, ...]],
    name: str,
    aliases: list[str],
    shape: list[int] | None,
    requires_grad: bool,
    owner: int,
    alias_owners: list[int],
) -> Parameter:
    return Parameter(
        name,
        tuple(aliases),
        None if shape is None else tuple(shape),
        requires_grad,
        owners[owner],
        tuple(owners[each] for each in alias_owners),
    )
