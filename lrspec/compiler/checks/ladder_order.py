"""Does a ladder run from the input to the output, as the model does? LRS308, LRS309."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.ladder import Ladder
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import Selection, beginning
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.models.parameters import Columns
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Captures

_ADVICE = "List the layers from the model's input to its output."


def ladder_order(compilation: Compilation) -> Iterator[Finding]:
    """LRS308: a ladder that begins at the model's output, or goes on after the declared head."""
    resolution = compilation.resolution
    names = resolution.columns.names
    for rule, selection, ladder in _ladders(resolution):
        path, name = ("rules", rule, "layers"), resolution.spec.rule_names[rule]
        extents = list(_extents(resolution, selection, ladder))
        if early := _heads_before_the_end(resolution, selection, ladder):
            subject = Subject(resolution, path, rule, early)
            are = "is" if len(early) == 1 else "are"
            message = (
                f"the ladder of `{name}` does not end with the model's head: {subject.counted()} of it {are} on an "
                "earlier layer"
            )
            yield subject.finding("LRS308", message, _ADVICE)
        elif _is_upside_down(extents):
            first, last = (printable(names[extent.first]) for extent in (extents[0], extents[-1]))
            message = (
                f"the ladder of `{name}` is upside down: it lists {first} first and {last} last, and in the model "
                f"its {len(extents)} entries stand in the opposite order"
            )
            yield Subject(resolution, path, rule).finding("LRS308", message, _ADVICE)


def _ladders(resolution: Resolution) -> Iterator[tuple[int, Selection, Ladder]]:
    """The rules with a ladder, with what they select."""
    for rule, (selection, ladder) in enumerate(zip(resolution.selections, resolution.ladders, strict=True)):
        if ladder:
            yield rule, selection, ladder


def _heads_before_the_end(resolution: Resolution, selection: Selection, ladder: Ladder) -> list[int]:
    """The parameters of the declared head that an entry puts on a layer before one of other parameters."""
    declared = {representative: resolution.columns.declared[representative] or () for representative in ladder.layers}
    others = [layers for representative, layers in ladder.layers.items() if "head" not in declared[representative]]
    last = max((number for layers in others for number in layers), default=0)
    heads: list[int] = []
    for representative, layers in ladder.layers.items():
        is_head = "head" in declared[representative] and "embedding" not in declared[representative]
        joins = selection.place(representative).entry in selection.regexes.joins
        if is_head and not joins:
            heads += [member for number, members in layers.items() if number < last for member in members]
    return sorted(heads)


class _Extent(NamedTuple):
    """The first and the last trained parameter of an entry, and whether any is of the declared head."""

    first: int
    last: int
    has_head: bool


def _extents(resolution: Resolution, selection: Selection, ladder: Ladder) -> Iterator[_Extent]:
    """The extents of the entries that have layers of their own, in the order of the spec."""
    by_entry: dict[int, list[int]] = {}
    for representative in ladder.layers:
        if resolution.trainable(representative):
            by_entry.setdefault(selection.place(representative).entry, []).append(representative)
    for entry in sorted(by_entry.keys() - selection.regexes.joins.keys()):
        members = [resolution.families.members[representative] for representative in by_entry[entry]]
        has_head = any("head" in (resolution.columns.declared[each] or ()) for each in by_entry[entry])
        yield _Extent(min(family[0] for family in members), max(family[-1] for family in members), has_head)


def _is_upside_down(extents: list[_Extent]) -> bool:
    """Return whether each of three or more entries begins and ends, in the model, before the entry listed before it."""
    descend = all(later.first < one.first and later.last < one.last for one, later in pairwise(extents))
    return len(extents) > 2 and descend and not extents[-1].has_head


def join_before_layer(compilation: Compilation) -> Iterator[Finding]:
    """LRS309: a `join` that shares the last of several layers, and has parameters before that layer in the model."""
    resolution = compilation.resolution
    for rule, selection, ladder in _ladders(resolution):
        early: dict[Pattern, list[int]] = {}
        for representative, layer in _shared_last_layers(resolution, selection, ladder):
            members = [member for member in resolution.families.members[representative] if member < layer.first]
            members = [member for member in members if not layer.is_inside(_owner(resolution, member))]
            early.setdefault(selection.hit(representative).pattern, []).extend(members)
        for pattern, members in early.items():
            if members:
                subject = Subject(resolution, pattern.path, rule, sorted(members))
                yield subject.finding(
                    "LRS309",
                    f"the `join` puts {subject.counted()} on the last of several layers, though the model has them "
                    "before all that is on that layer",
                    "If they belong to the first of these layers, write `{join: …, to: first}`.",
                )


def _owner(resolution: Resolution, parameter: int) -> str:
    """The beginning of the names in the module that owns a parameter."""
    owner = resolution.columns.names[parameter].rpartition(".")[0]
    return f"{owner}." if owner else ""


@dataclass
class _Layer:
    """The last of the layers that begin alike, of which `alike` has the numbers: its number, its members by family."""

    columns: Columns
    alike: set[int] = field(default_factory=set)
    number: int = -1
    families: list[list[int]] = field(default_factory=list)

    def add(self, number: int, members: list[int]) -> None:
        """Add some members of one of the layers."""
        self.alike.add(number)
        if number > self.number:
            self.number, self.families = number, []
        if number == self.number:
            self.families.append(members)

    @cached_property
    def first(self) -> int:
        """Its first parameter."""
        return min(members[0] for members in self.families)

    @cached_property
    def _extremes(self) -> tuple[str, str]:
        names = [self.columns.names[member] for members in self.families for member in members]
        return min(names), max(names)

    def is_inside(self, owner: str) -> bool:
        """Return whether all its names begin like those in a module."""
        return all(name.startswith(owner) for name in self._extremes)


def _shared_last_layers(resolution: Resolution, selection: Selection, ladder: Ladder) -> Iterator[tuple[int, _Layer]]:
    """The families of `join`s that capture something, each with the layer that it shares as the last of several."""
    known: dict[tuple[int, int], dict[Captures, _Layer]] = {}
    for representative in ladder.layers:
        entry, captures = selection.place(representative)
        captured = any(start < end for start, end in selection.match(representative).regs[1:])
        if captured and selection.regexes.joins.get(entry) == "last":
            key = (selection.regexes.joined(entry), len(captures))
            if key not in known:
                known[key] = _last_layers(resolution, selection, ladder, *key)
            if len(known[key][captures].alike) > 1:
                yield representative, known[key][captures]


def _last_layers(
    resolution: Resolution, selection: Selection, ladder: Ladder, entry: int, length: int
) -> dict[Captures, _Layer]:
    """The last layer of an entry, for each beginning of so many captures."""
    names = resolution.columns.names
    last: dict[Captures, _Layer] = {}
    for representative, layers in ladder.layers.items():
        if selection.place(representative).entry != entry:
            continue
        match, alone = selection.match(representative), len(resolution.families.members[representative]) == 1
        for number, members in layers.items():  # all of a family on one layer begin alike
            text = match.string if alone else names[members[0]]
            captures = tuple([text[start:end] or "0" for start, end in match.regs[1 : length + 1]])
            begins = beginning(selection.regexes, entry, captures)
            last.setdefault(begins, _Layer(resolution.columns)).add(number, members)
    return last
