"""Finds the shortest beginnings of names that select just some of them, with every number written out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lrspec.drafting.selecting.regexes import Description
from lrspec.drafting.selecting.templates import Kind


def prefixes(names: Sequence[str], wanted: Collection[int], allowed: Collection[int]) -> list[Description]:
    """Return the beginnings that all wanted names have and nothing has that is not allowed: `^conv1\\.`."""
    allowed = {*allowed}
    refused: set[str] = set()
    for place, name in enumerate(names):
        if place not in allowed:
            refused.update(_beginnings(name))
    found = {_shortest(names[place], refused): None for place in sorted(wanted)}
    return [_description(text) for text in found]


def _beginnings(name: str) -> Iterator[str]:
    """The beginnings of a name that end with a dot."""
    end = name.find(".")
    while end >= 0:
        yield name[: end + 1]
        end = name.find(".", end + 1)


def _shortest(name: str, refused: set[str]) -> str:
    return next((beginning for beginning in _beginnings(name) if beginning not in refused), name)


def _description(text: str) -> Description:
    kind = Kind.beginning if text.endswith(".") else Kind.whole
    components = text.removesuffix(".").split(".")
    return Description(kind, tuple([(component,) for component in components]))
