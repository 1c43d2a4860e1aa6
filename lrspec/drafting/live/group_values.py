"""The values of a group that a spec can have, or why none can describe it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.drafting.numbers import shortest
from lrspec.optim.live.members import Member
from lrspec.optim.live.values import is_number, is_plain, is_tag


class GroupsError(BriefError):
    """The groups of an optimizer are such that no spec describes them; the text says why."""


class GroupValues(NamedTuple):
    """The rate, the weight decay, the options and the tags of a group."""

    rate: float
    decay: float | None
    options: dict[str, Any]
    tags: dict[str, Any]


def group_values(member: Member, tags: Collection[Any]) -> GroupValues:
    """Return what a group starts from, without values that no spec can have; GroupsError if it has no rate.

    `tags` are the keys that are.
    """
    optimizer, number = member
    label, rate, decay = optimizer.label(number), optimizer.rate(number), optimizer.decay(number)
    if rate is None:
        raise GroupsError(f"{label} has no learning rate, and a spec needs one ({optimizer.signature.type})")
    for value, noun in ((rate, "learning rate"), (0.0 if decay is None else decay, "weight decay")):
        if not is_number(value) or value < 0:
            raise GroupsError(f"{label} has the {noun} {printable(str(value))}, and a spec needs one from 0 on")
    options = {key: value for key, value in optimizer.options[number].items() if is_plain(value)}
    tagged = {key: value for key, value in optimizer.others[number].items() if key in tags and is_tag(value)}
    return GroupValues(float(rate), None if decay is None else shortest(float(decay)), options, tagged)
