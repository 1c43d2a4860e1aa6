"""Does a regex cut a number or a component of a name in two? LRS301."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lrspec.compiler.checks.finding import Slip
from lrspec.compiler.names import Name
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import PatternHits
from lrspec.diagnostics.escape import printable
from lrspec.regex.digits import ALIKE
from lrspec.regex.groups import groups_behind_digits
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import has_literal

Matches = Mapping[Name, re.Match[str]]
"""The matches of a regex in names that stand for those of their families."""


def partial_component(resolution: Resolution, rule: int, hit: PatternHits) -> Slip | None:
    """LRS301: a regex that matches a whole component of some names and a part of a longer component of others.

    SlowRegexError if looking at all names of the families that it matches takes too long.
    """
    slips: list[Slip | None] = []
    if has_literal(hit.pattern.regex):
        slips = [
            _cut_number(resolution, hit.pattern, hit.matches),
            _partial_component(resolution, hit.pattern, hit.matches),
        ]
    if resolution.spec.rules[rule].layers is not None and hit in resolution.selections[rule].hits:
        slips.append(_cut_capture(resolution, hit.pattern, hit.matches))
    cuts = [slip for slip in slips if slip]
    if not cuts:
        return None
    parameters = {parameter for slip in cuts for parameter in slip.parameters}
    return Slip(cuts[0].message, cuts[0].advice, sorted(parameters))


def _cut_number(resolution: Resolution, pattern: Pattern, matches: Matches) -> Slip | None:
    """A regex that stops between two digits."""
    cut: list[tuple[Name, re.Match[str]]] = []
    for name, match in matches.items():
        text, end = match.string, match.end()
        if match[0] and _inside(text, end) and text[end - 1].isdigit() and text[end].isdigit():
            cut.append((name, match))
    if not cut:
        return None
    match = cut[0][1]
    regex, text, part = printable(pattern.regex), printable(match.string), printable(match[0])
    return Slip(
        f"'{regex}' ends inside a number: of {text} it matches '{part}'",
        r"Match the whole number with `\d+`, or end the regex with `\.`.",
        resolution.families.expand({name.parameter for name, _ in cut}),
    )


def _cut_capture(resolution: Resolution, pattern: Pattern, matches: Matches) -> Slip | None:
    """A group of a ladder that captures from between two digits on, where the regex asks for no digit before it."""
    groups = set(range(1, pattern.compiled.groups + 1)) - groups_behind_digits(pattern.regex)
    cut: dict[Name, str] = {}
    for name, match in matches.items():
        text = match.string
        for start, end in (match.span(group) for group in sorted(groups)):
            if 0 < start < end and text[start - 1].isdigit() and text[start].isdigit():
                cut.setdefault(name, text[start:end])
    if not cut:
        return None
    name, part = next(iter(cut.items()))
    regex, text = printable(pattern.regex), printable(matches[name].string)
    return Slip(
        f"'{regex}' captures only the end of a number: in {text} it captures '{printable(part)}'",
        r"Say what stands before the number, as in `\.(\d+)\.`: `.*` takes all digits but the last.",
        resolution.families.expand({name.parameter for name in cut}),
    )


def _partial_component(resolution: Resolution, pattern: Pattern, matches: Matches) -> Slip | None:
    """A regex whose match reads the same as a whole component of one name and as a part of one in others.

    SlowRegexError if looking at all names of the families that it matches takes too long.
    """
    if not any(
        match[0] and (_inside(match.string, match.start()) or _inside(match.string, match.end()))
        for match in matches.values()
    ):
        return None
    edges = {name: list(_Edge.of(match)) for name, match in matches.items() if match[0]}
    pieces: dict[bool, set[str]] = {True: set(), False: set()}
    for name, of_name in edges.items():
        for edge in of_name:
            pieces[edge.is_whole].add(matches[name].string[edge.start : edge.end].translate(ALIKE))
    if pieces[True].isdisjoint(pieces[False]):  # but for digits, in which names of a family differ
        return None
    if not resolution.names.work.affords(sum(len(resolution.families.members[name.parameter]) for name in edges)):
        raise SlowRegexError(pattern, "", None)
    whole: dict[str, str] = {}
    partial: dict[str, list[tuple[int, str]]] = {}
    for name, text, representative in resolution.names.expand(edges):
        for edge in edges[representative]:
            piece = text[edge.start : edge.end]
            if edge.is_whole:
                whole.setdefault(piece, text)
            else:
                partial.setdefault(piece, []).append((name.parameter, text))
    both = [piece for piece in partial if piece in whole]
    if not both:
        return None
    return Slip(
        f"'{printable(pattern.regex)}' matches the whole of '{printable(both[0])}' in {printable(whole[both[0]])}, "
        f"and a part of a longer component in {printable(partial[both[0]][0][1])}",
        r"Say where the component begins and ends: `^` or `\.` before it, `\.` or `$` after it.",
        [parameter for piece in both for parameter, _ in partial[piece]],
    )


class _Edge(NamedTuple):
    """The first or the last component that a match touches, as far as it does, and whether that is all of it."""

    start: int
    end: int
    is_whole: bool

    @classmethod
    def of(cls, match: re.Match[str]) -> Iterator[_Edge]:
        """The edges of a match: two, or one if they are the same."""
        text, (start, end) = match.string, match.span()
        first, last = text.find(".", start, end), text.rfind(".", start, end) + 1
        first_end, last_start = (end, start) if first < 0 else (first, last)
        for one, other in dict.fromkeys([(start, first_end), (last_start, end)]):
            if one < other:
                cut = (one == start and _inside(text, start)) or (other == end and _inside(text, end))
                yield cls(one, other, not cut)


def _inside(text: str, index: int) -> bool:
    """Return whether `index` is between two characters of one component."""
    return 0 < index < len(text) and text[index - 1] != "." and text[index] != "."
