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
SILENT = "check: {declared-decay: ignore}"  # of position embeddings, which these specs are not about


@cache
def zoo(name: str) -> lrspec.Inventory:
    """The inventory of a model of timm."""
    with torch.device("meta"):
        return lrspec.Inventory.from_model(timm.create_model(name, pretrained=False))


def linted(model: str | Sequence[str], *rules: str, top: str = "") -> list[tuple[str, str]]:
    """The code of each finding, and the piece of the spec under which it is drawn; `model` may be names instead."""
    lines = [*_lines(rules), *([] if "check:" in top else [SILENT]), top]
    return [(each.code, lines[each.line - 1][each.column - 1 : each.end_column - 1]) for each in _found(model, lines)]


def ladder(*entries: str) -> str:
    """A rule with a ladder of these entries."""
    return f"{{name: depth, layers: [{', '.join(entries)}], layer_decay: 0.8}}"


def messages(model: str | Sequence[str], *rules: str) -> list[str]:
    """The messages of the findings."""
    return [each.message for each in _found(model, [*_lines(rules), SILENT])]


def _lines(rules: Sequence[str]) -> list[str]:
    return ["lrspec: 1", f"optimizer: {ADAMW}", "rules:", *(f"  - {rule}" for rule in rules)]


def _found(model: str | Sequence[str], lines: list[str]) -> list[lrspec.Diagnostic]:
    inventory = zoo(model) if isinstance(model, str) else lrspec.Inventory.from_names(model)
    return lrspec.check(lrspec.loads("\n".join(lines)), inventory)
