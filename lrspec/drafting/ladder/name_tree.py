"""Names as a tree of their components, in which every run of digits is a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lrspec.drafting.components import Component, Numbers, split


class Name(NamedTuple):
    """A name of a parameter: its components, the numbers in them, and the places of the parameter and of the name."""

    path: tuple[Component, ...]
    numbers: Numbers
    place: int
    is_alias: bool
    at: int


class Position(NamedTuple):
    """Where a number is: the component, and which of the component's numbers."""

    component: int
    which: int


@dataclass(frozen=True)
class NameNode:
    """All names that begin alike but for numbers, or are alike as a whole (`is_name`)."""

    path: tuple[Component, ...]
    names: list[Name]
    is_name: bool = False

    def children(self) -> list[NameNode]:
        """The nodes one component deeper, in the order of the model."""
        depth = len(self.path)
        found: dict[tuple[Component, bool], list[Name]] = {}
        for name in self.names if not self.is_name else ():
            found.setdefault((name.path[depth], len(name.path) == depth + 1), []).append(name)
        return [NameNode((*self.path, component), names, whole) for (component, whole), names in found.items()]


def positions(path: Iterable[Component]) -> list[Position]:
    """The numbers in some components."""
    return [Position(place, which) for place, parts in enumerate(path) for which in range(len(parts) - 1)]


def tree(names: Iterable[tuple[int, str]]) -> NameNode:
    """Return the root of the tree of some names, each with the place of its parameter."""
    return NameNode((), list(_names(names)))


def number_key(texts: Numbers) -> list[tuple[int, str]]:
    """The key by which the layers of an entry are in numeric order."""
    return [(len(digits), digits) for digits in (text.lstrip("0") for text in texts)]


def _names(names: Iterable[tuple[int, str]]) -> Iterator[Name]:
    before = -1
    for index, (place, text) in enumerate(names):
        yield Name(*split(text), place, place == before, index)
        before = place
