"""The table of recipes: what `lrspec init` can write for a model, and the module that writes it."""

from __future__ import annotations

from typing import NamedTuple

_ALL = ("lr", "weight_decay", "optimizer")


class Recipe(NamedTuple):
    """One row of the table: people choose it by its `summary`, `module` in this package has its `sketch`.

    `choices` are what somebody may choose otherwise.
    """

    summary: str
    module: str
    choices: tuple[str, ...] = _ALL


RECIPES = {
    "layer-decay": Recipe(
        "the learning rate falls from the head to the input, layer by layer",
        "layer_decay",
        (*_ALL, "layer_decay", "head_mult"),
    ),
    "head-body": Recipe(
        "the head at the full learning rate, the body at a tenth of it", "head_body", (*_ALL, "head_mult")
    ),
    "linear-probe": Recipe("the head alone is trained", "linear_probe"),
    "blocks": Recipe(
        "the learning rate falls from each top-level module to the one before it", "blocks", (*_ALL, "layer_decay")
    ),
    "no-decay": Recipe("one learning rate, and weight decay where it belongs", "no_decay"),
    "lora-plus": Recipe("LoRA+: a higher learning rate for lora_B, for models of PEFT", "lora_plus"),
    "muon-adamw": Recipe("Muon for the matrices, AdamW for everything else", "muon_adamw", ("lr", "weight_decay")),
}
"""The recipes by name; the first is the default."""

DEFAULT = next(iter(RECIPES))
