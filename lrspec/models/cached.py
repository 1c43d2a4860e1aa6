"""Inventories of models by way of the cache: what a library builds by a name is built once, and then only read.

Kept is what cannot change without its key: an architecture of a library, or a configuration by its bytes, with the
arguments and with what is installed. Never kept are code of the user's, saved inventories, and errors.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from lrspec.models import cache_files as kept
from lrspec.models import installed
from lrspec.models.by_name import inventory_of
from lrspec.models.garbage import uncollected
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Aliases, Classes, Columns
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.paths import hf_config_path
from lrspec.spec.model_kinds import MODEL_KINDS, scheme_and_name


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
        with uncollected():  # importing torch makes a million objects that stay
            inventory = inventory_of(source, args, folder, run_code=run_code, outside=outside)
        if key and key == model_key(source, args, folder, outside=outside):  # nothing has changed while it was built
            _keep(key, inventory)
    return inventory


def model_key(source: str, args: dict[str, Any], folder: Path, *, outside: bool) -> str | None:
    """All that the inventory of a model depends on, in one line; None for what is not to be kept."""
    scheme, name = scheme_and_name(source)
    libraries = MODEL_KINDS[scheme].libraries if scheme in MODEL_KINDS else ()
    arguments = _exact_json(args)
    if not libraries or arguments is None:
        return None
    versions = [installed.version(library) for library in ("lrspec", *libraries)]
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
    """The hash of a configuration, and of all that is installed: transformers builds with what it finds, as with timm.

    None where the file may not be read, or cannot be: why, is said by building it.
    """
    try:
        content = hf_config_path(name, folder, outside=outside).read_bytes()
    except (ModelError, OSError):
        return None
    return f"{hashlib.sha256(content).hexdigest()} {installed.everything()} {installed.version('timm')}"


# ---------------------------------------------------------------------------------------------------- as text


def _keep(key: str, inventory: Inventory) -> None:
    if _exact_json(inventory.args) is not None:
        kept.write(key, _encoded(inventory))


def _encoded(inventory: Inventory) -> str:
    """The inventory as JSON: a list for each column, and a table of owners, of which there are few."""
    columns, owners = inventory.columns, _Numbered()
    content = {
        "source": inventory.source,
        "args": inventory.args,
        "names": columns.names,
        "shapes": columns.shapes,
        "trainable": columns.trainable,
        "owner": [owners[owner] for owner in columns.owners],
        "aliases": [
            [index, each.names, [owners[owner] for owner in each.owners]] for index, each in columns.aliases.items()
        ],
        "owners": list(owners),
    }
    return json.dumps(content, separators=(",", ":"))


class _Numbered(dict[Classes, int]):
    """Numbers owners as they come."""

    def __missing__(self, owner: Classes) -> int:
        self[owner] = len(self)
        return self[owner]


def _decoded(text: str) -> Inventory | None:
    """What `_encoded` was given; None where the text is not its own, though that has the right checksum."""
    try:
        content = json.loads(text)
        owners = [tuple(owner) for owner in content["owners"]]
        columns = Columns(
            content["names"],
            [None if shape is None else tuple(shape) for shape in content["shapes"]],
            content["trainable"],
            [owners[owner] for owner in content["owner"]],
            {
                index: Aliases(tuple(names), tuple([owners[owner] for owner in its]))
                for index, names, its in content["aliases"]
            },
        )
        complete = len(columns.names) == len(columns.shapes) == len(columns.trainable) == len(columns.owners)
        return Inventory(columns, content["source"], content["args"]) if complete else None
    except (LookupError, TypeError, ValueError, RecursionError):
        return None
