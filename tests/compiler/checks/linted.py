"""What is found in a few rules on a model of timm, or on names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import timm
import torch

import lrspec

REST = "{name: rest, fallback: true, lr_mult: 1}"
ALL = "{name: all, match: '^.+$', lr_mult: 1}"
ADAMW = "{type: AdamW, lr: 1e-3, weight_decay: 0.05}"


@cache
def zoo(name: str) -> lrspec.Inventory:
    """The inventory of a model of timm."""
    with torch.device("meta"):
        return lrspec.Inventory.from_model(timm.create_model(name, pretrained=False))


def linted(model: str | Sequence[str], *rules: str, top: str = "") -> list[tuple[str, str]]:
    """The code of each finding, and the piece of the spec under which it is drawn; `model` may be names instead."""
    inventory = zoo(model) if isinstance(model, str) else lrspec.Inventory.from_names(model)
    lines = ["lrspec: 1", f"optimizer: {ADAMW}", *([top] if top else []), "rules:", *(f"  - {rule}" for rule in rules)]
    found = lrspec.check(lrspec.loads("\n".join(lines)), inventory)
    return [(each.code, lines[each.line - 1][each.column - 1 : each.end_column - 1]) for each in found]


def messages(model: str | Sequence[str], *rules: str) -> list[str]:
    """The messages of the findings."""
    inventory = zoo(model) if isinstance(model, str) else lrspec.Inventory.from_names(model)
    lines = ["lrspec: 1", f"optimizer: {ADAMW}", "rules:", *(f"  - {rule}" for rule in rules)]
    return [each.message for each in lrspec.check(lrspec.loads("\n".join(lines)), inventory)]
