"""`Wanted`: the settings that each parameter should get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lrspec.compiler.plan import Settings
from lrspec.models.inventory import Inventory
from lrspec.spec.language import ModelSource, Optimizer


@dataclass(frozen=True)
class Wanted:
    """The settings that every parameter is to get.

    `settings` has one item per parameter of `inventory`: its final settings, or None if it is frozen. Their `options`
    are all that its group has beyond the optimizer's own, and `optimizer` is a name of `bases`, or None if there is
    only one. `bases` has what the groups of each optimizer start from, by name, the default first; the only one is
    called `optimizer`. `model` is what the spec names under `models`, and `notes` are sentences for the head of the
    file: what a spec cannot say.
    """

    inventory: Inventory
    settings: Sequence[Settings | None]
    bases: Mapping[str, Optimizer]
    model: ModelSource | None = None
    notes: tuple[str, ...] = ()
