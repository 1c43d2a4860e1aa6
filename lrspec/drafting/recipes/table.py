"""The table of recipes: what `lrspec init` can write for a model, and the module that writes it."""

from __future__ import annotations

from typing import NamedTuple


class Recipe(NamedTuple):
    """One row of the table: `summary` is what people choose it by, and `module` in this package has `parts`."""

    summary: str
    module: str


RECIPES = {
    "layer-decay": Recipe("the learning rate falls from the head to the input, layer by layer", "layer_decay"),
    "head-body": Recipe("the head at the full learning rate, the body at a tenth of it", "head_body"),
    "linear-probe": Recipe("the head alone is trained", "linear_probe"),
    "blocks": Recipe("the learning rate falls from each top-level module to the one before it", "blocks"),
    "no-decay": Recipe("one learning rate, and weight decay where it belongs", "no_decay"),
    "lora-plus": Recipe("LoRA+: a higher learning rate for lora_B, for models of PEFT", "lora_plus"),
    "muon-adamw": Recipe("Muon for the matrices, AdamW for everything else", "muon_adamw"),
}
"""The recipes by name; the first is the default."""

DEFAULT = next(iter(RECIPES))
