"""Builds a model by its name, to see its parameters and their depth."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from lrspec.drafting.depth.depth import Depth, matched_depth
from lrspec.drafting.depth.structure import structural_depth
from lrspec.models.by_name import inventory_of_built, model_of
from lrspec.models.cached import cached_inventory_of
from lrspec.models.garbage import uncollected
from lrspec.models.inventory import Inventory
from lrspec.models.sources.timm import layers_of
from lrspec.spec.model_kinds import scheme_and_name


def read_depth(source: str, args: dict[str, Any], *, cache: bool) -> tuple[Inventory, Depth]:
    """Return the inventory of a model and its depth, which those of timm say; that of others is found by structure.

    ModelError if the model cannot be built or read.
    """
    scheme, _ = scheme_and_name(source)
    if scheme not in ("timm", "py"):
        inventory = cached_inventory_of(source, args, Path(), run_code=True, outside=True, cache=cache)
        return inventory, structural_depth(inventory)
    with uncollected():
        model = model_of(source, args, Path(), run_code=True, outside=True, cache=cache)
        inventory = inventory_of_built(model, source, args)
        layers = None
        with suppress(Exception):  # a matcher of the user's own may do anything
            layers = layers_of(model)
    return inventory, matched_depth(inventory, layers) if layers else structural_depth(inventory)
