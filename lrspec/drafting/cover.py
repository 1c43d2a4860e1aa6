"""Regexes that select just some of a model's names, as few and as plain as a person would write."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence


def cover(names: Sequence[str], wanted: Collection[int], free: Collection[int] = ()) -> tuple[str, ...]:
    """Return regexes that find all wanted names and no other but free ones; `wanted` and `free` are places in `names`.

    Whole components only, anchored and escaped: `^blocks\\.\\d+\\.attn\\.`, `^(?:cls_token|pos_embed)$`.
    """
    allowed = {*wanted, *free}
    refused = [names[index].split(".") for index in range(len(names)) if index not in allowed]
    beginnings = {tuple(parts[:length]) for parts in refused for length in range(len(parts) + 1)}
    found: dict[str, None] = {}
    for index in sorted(wanted):
        parts = names[index].split(".")
        pure = next((n for n in range(1, len(parts)) if tuple(parts[:n]) not in beginnings), None)
        found[f"^{re.escape('.'.join(parts))}$" if pure is None else f"^{re.escape('.'.join(parts[:pure]))}\\."] = None
    return tuple(found)
