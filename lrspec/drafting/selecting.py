"""The selectors of rules that select just some parameters: by shape, owner, what is declared, or name."""

from __future__ import annotations

from collections.abc import Collection

from lrspec.drafting.cover import cover
from lrspec.drafting.rules import Selector
from lrspec.models.parameters import Columns


def selectors(columns: Columns, members: Collection[int], free: Collection[int] = ()) -> tuple[Selector, ...]:
    """Return selectors, a rule each and none overlapping another, that select all members and no others but free ones.

    `members` and `free` are places in the inventory.
    """
    return (Selector(match=cover(columns.names, members, free)),) if members else ()
