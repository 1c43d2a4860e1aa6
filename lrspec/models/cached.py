"""Inventories of models through the cache: a model that a library builds by name is built only once.

Only what cannot change without its key is kept: an architecture of a library, or a configuration by its bytes, with
the arguments and the installed versions. The user's code, saved inventories and errors are never kept.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from lrspec.models import cache_files, installed
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
    """Like `inventory_of`, but cached; without `cache`, the cache is neither read nor written."""
    key = model_key(source, args, folder, outside=outside) if cache else None
    text = cache_files.read(key) if key else None
    inventory = _decode(text) if text else None
    if inventory is None:
        with uncollected():  # importing torch makes a million objects that stay
            inventory = inventory_of(source, args, folder, run_code=run_code, outside=outside, cache=cache)
        unchanged = key == model_key(source, args, folder, outside=outside) if key else False  # while it was built
        if key and unchanged and _exact_json(inventory.args) is not None:
            cache_files.write(key, _encode(inventory))
    return inventory


def model_key(source: str, args: dict[str, Any], folder: Path, *, outside: bool) -> str | None:
    """Return all that the inventory of a model depends on, in one line; None for a model that is not kept.

    For `hf:` that is the configuration's hash and everything installed, timm included: transformers builds with
    what it finds.
    """
    scheme, name = scheme_and_name(source)
    libraries = MODEL_KINDS[scheme].libraries if scheme in MODEL_KINDS else ()
    arguments = _exact_json(args)
    if not libraries or arguments is None:
        return None
    versions = [installed.version(library) for library in ("lrspec", *libraries)]
    config = ""
    if scheme == "hf":
        try:
            content = hf_config_path(name, folder, outside=outside).read_bytes()
        except (ModelError, OSError):  # building it says why
            return None
        config = f"{hashlib.sha256(content).hexdigest()} {installed.everything()} {installed.version('timm')}"
    if None in versions:
        return None
    python = f"{sys.implementation.cache_tag} {sys.platform}"
    return json.dumps([f"{scheme}:{name}", arguments, config, python, *versions])


def _exact_json(args: dict[str, Any]) -> str | None:
    """Return arguments in their order, as JSON that reads back as the same; None if there is no such JSON."""
    try:
        text = json.dumps(args, allow_nan=False)
        return text if json.loads(text) == args else None
    except (TypeError, ValueError, RecursionError):
        return None


def _encode(inventory: Inventory) -> str:
    """Return the inventory as JSON: a list for each column, and a table of the owners, of which there are few."""
    columns, numbers = inventory.columns, dict[Classes, int]()
    for owner in (*columns.owners, *(owner for aliases in columns.aliases.values() for owner in aliases.owners)):
        numbers.setdefault(owner, len(numbers))
    content = {
        "source": inventory.source,
        "args": inventory.args,
        "names": columns.names,
        "shapes": columns.shapes,
        "trainable": columns.trainable,
        "owner": [numbers[owner] for owner in columns.owners],
        "aliases": [
            [index, aliases.names, [numbers[owner] for owner in aliases.owners]]
            for index, aliases in columns.aliases.items()
        ],
        "owners": list(numbers),
        "declared": columns.declared,
    }
    return json.dumps(content, separators=(",", ":"))


def _decode(text: str) -> Inventory | None:
    """Return the inventory of an encoded text; None if the text is something else, though its checksum is right."""
    try:
        content = json.loads(text)
        owners = [tuple(owner) for owner in content["owners"]]
        columns = Columns(
            content["names"],
            [None if shape is None else tuple(shape) for shape in content["shapes"]],
            content["trainable"],
            [owners[number] for number in content["owner"]],
            {
                index: Aliases(tuple(names), tuple([owners[number] for number in numbers]))
                for index, names, numbers in content["aliases"]
            },
            [None if names is None else tuple(names) for names in content["declared"]],
        )
        lists = (columns.shapes, columns.trainable, columns.owners, columns.declared)
        complete = all(len(column) == len(columns.names) for column in lists)
        return Inventory(columns, content["source"], content["args"]) if complete else None
    except (LookupError, TypeError, ValueError, RecursionError):
        return None
