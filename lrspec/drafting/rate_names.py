"""The names of rules that set rates: the part of the model that they are about, or what they are for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from lrspec.drafting.towers import Tower
from lrspec.models.parameters import Columns


def tower_names(towers: Sequence[Tower]) -> list[str]:
    """Return a name for the ladder of each tower: `depth` for one, else what tells the towers apart."""
    if len(towers) == 1:
        return ["depth"]
    return [_plain(tower.prefix[-1]) if tower.prefix else f"depth-{n}" for n, tower in enumerate(towers, 1)]


def rate_name(columns: Columns, places: Collection[int], value: float) -> str:
    """Return a name for a rule that gives some parameters one rate."""
    if all("head" in (columns.declared[place] or ()) for place in places):
        return "head"
    return _component(columns, places) or ("frozen" if value == 0 else "rate")


def factor_name(columns: Columns, places: Collection[int]) -> str:
    """Return a name for a rule that gives some parameters a factor on top of their rates."""
    ends = {columns.names[place].rpartition(".")[2] for place in places}
    if all(end.endswith("bias") for end in ends):
        return "biases"
    return _component(columns, places) or "factor"


def _component(columns: Columns, places: Collection[int]) -> str | None:
    """The first word that is a component of all names, and says more than that it is a weight."""
    common: dict[str, None] | None = None
    for place in places:
        words = dict.fromkeys(columns.names[place].split("."))
        common = words if common is None else {word: None for word in common if word in words}
    dull = {"weight", "bias", "default", "model", "module", "base_model"}
    return next((_plain(word) for word in common or () if word not in dull and _plain(word)), None)


def _plain(word: str) -> str:
    """A component as part of a rule's name: `vision_tower` becomes `vision-tower`."""
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") if not word.isdigit() else ""
