"""Indexes the names of a model by templates: names that are alike but for the numbers in them count as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from lrspec.drafting.components import NUMBER, Component, Numbers, split

_LONGEST_ENDING = 4  # components
_LONGEST_INSIDE = 2
_ONE_NUMBER = 2  # texts
_ADAPTERS = re.compile(r"lora_|ia3_|modules_to_save$")
"""What PEFT keeps adapters in, each under the name that somebody gave it: `lora_A.default.weight`."""
_PARAMETRIZED = ("parametrizations",)


class Kind(IntEnum):
    """The part of a name that a regex describes."""

    beginning = 0
    """`^blocks\\.\\d+\\.attn\\.`"""
    whole = 1
    """`^pos_embed$`"""
    ending = 2
    """`\\.bias$`"""
    any_ending = 3
    """`(?:^|\\.)bias$`"""
    inside = 4
    """`\\.lora_B\\.`"""
    any_inside = 5
    """`(?:^|\\.)norm\\.`"""
    both_ends = 6
    """`^blocks\\..+\\.bias$`: the last component is the name's last"""


class NamePart(NamedTuple):
    """A part of names, whatever the numbers in it."""

    kind: Kind
    shapes: tuple[Component, ...]


class Place(NamedTuple):
    """A part of a template: the template, and the place of the part's first number among those of the template.

    Of a part of both ends, `last` is the place of the first number of the last component.
    """

    template: int
    first: int
    last: int = 0


@dataclass(frozen=True)
class Template:
    """Names that differ in numbers only: the components they share, and the numbers of each name, by its place.

    `words` are the numbers that are part of a word: there are no others beside them.
    """

    shapes: tuple[Component, ...]
    words: frozenset[int]
    numbers: dict[int, Numbers] = field(default_factory=dict)

    def parts(self) -> Iterator[tuple[NamePart, int, int]]:
        """The parts by which a regex may select its names, with the places of their numbers."""
        shapes, size = self.shapes, len(self.shapes)
        offsets = [0]
        for shape in shapes:
            offsets.append(offsets[-1] + len(shape) - 1)
        yield NamePart(Kind.whole, shapes), 0, 0
        for length in range(1, size):
            yield NamePart(Kind.beginning, shapes[:length]), 0, 0
        for start in range(size):
            if not _tells(shapes, start):
                continue
            ends = range(start + 1, min(start + _LONGEST_INSIDE, size - 1) + 1)
            found = [(Kind.any_inside, Kind.inside, end) for end in ends]
            if size - start <= _LONGEST_ENDING:
                found.append((Kind.any_ending, Kind.ending, size))
            for anywhere, behind_dot, end in found:
                yield NamePart(anywhere, shapes[start:end]), offsets[start], 0
                if start:
                    yield NamePart(behind_dot, shapes[start:end]), offsets[start], 0
        if _tells(shapes, size - 1):
            for length in range(1, size - 1):
                yield NamePart(Kind.both_ends, (*shapes[:length], shapes[-1])), 0, offsets[size - 1]

    @cached_property
    def in_words(self) -> list[int | None]:
        """For each number the component that it is in, if there are several in it: `Conv2d_2b_3x3`."""
        return [
            component if len(shape) > _ONE_NUMBER else None
            for component, shape in enumerate(self.shapes)
            for _ in shape[1:]
        ]

    def beside(self, written: Iterable[tuple[int, str]], alike: Mapping[int, str]) -> dict[int, str]:
        """The numbers in the same words as those that are written out, if they have one value."""
        words = {self.in_words[place] for place, _ in written} - {None}
        return {place: value for place, value in alike.items() if self.in_words[place] in words} if words else {}

    @cached_property
    def by_number(self) -> list[dict[str, list[int]]]:
        """For each number the names that have each value of it."""
        found: list[dict[str, list[int]]] = [{} for shape in self.shapes for _ in shape[1:]]
        for name, numbers in self.numbers.items():
            for values, number in zip(found, numbers, strict=True):
                values.setdefault(number, []).append(name)
        return found


@dataclass(frozen=True)
class Templates:
    """The templates of some names, the template of each name, and the places of each part."""

    templates: tuple[Template, ...]
    of_name: tuple[int, ...]
    has_line_break: bool

    @cached_property
    def places(self) -> dict[NamePart, list[Place]]:
        """The places of each part, in the order of the templates."""
        found: dict[NamePart, list[Place]] = {}
        for index, template in enumerate(self.templates):
            for part, first, last in template.parts():
                found.setdefault(part, []).append(Place(index, first, last))
        return found


def _tells(shapes: tuple[Component, ...], at: int) -> bool:
    """Return whether a component says something without those before it.

    A number does not, nor the name of an adapter, nor what `torch.nn.utils.parametrizations` adds.
    """
    is_of_adapter = at > 0 and _ADAPTERS.match(shapes[at - 1][0]) is not None
    is_word = any(any(character.isalpha() for character in text) for text in shapes[at])
    return is_word and not is_of_adapter and _PARAMETRIZED not in shapes[: at + 1]


@lru_cache(maxsize=4)
def templates(names: tuple[str, ...]) -> Templates:
    """Return the templates of some names.

    A number that is all of a component is one of a list of modules, and stands for any. In a longer component it is
    part of the word unless there are others beside it: `conv1`, but `layer\\d+`.
    """
    tree = _Tree()
    parted = [split(name) for name in names]
    leaves = [tree.add(*each) for each in parted]
    index_of = {leaf: index for index, leaf in enumerate(dict.fromkeys(leaves))}
    found = tuple([tree.template(leaf) for leaf in index_of])
    for place, ((_, numbers), leaf) in enumerate(zip(parted, leaves, strict=True)):
        found[index_of[leaf]].numbers[place] = numbers
    return Templates(found, tuple([index_of[leaf] for leaf in leaves]), any("\n" in name for name in names))


class _Branch(NamedTuple):
    """A component of names, behind the same components, and the values of its numbers."""

    parent: int
    shape: Component
    values: tuple[set[str], ...]


@dataclass
class _Tree:
    """All names by their components, whatever the numbers in these."""

    nodes: list[_Branch] = field(default_factory=lambda: [_Branch(0, (), ())])
    children: dict[tuple[int, Component], int] = field(default_factory=dict)

    def add(self, path: Iterable[Component], numbers: Numbers) -> int:
        """Add a name, and return its leaf."""
        node, left = 0, iter(numbers)
        for shape in path:
            child = self.children.setdefault((node, shape), len(self.nodes))
            if child == len(self.nodes):
                self.nodes.append(_Branch(node, shape, tuple([set() for _ in shape[1:]])))
            for values in self.nodes[child].values:
                values.add(next(left))
            node = child
        return node

    def template(self, leaf: int) -> Template:
        """The template of the names at a leaf, still without them."""
        path: list[_Branch] = []
        while leaf:
            path.append(self.nodes[leaf])
            leaf = self.nodes[leaf].parent
        path.reverse()
        runs = [len(values) == 1 and node.shape != NUMBER for node in path for values in node.values]
        return Template(tuple([node.shape for node in path]), frozenset(run for run, word in enumerate(runs) if word))
