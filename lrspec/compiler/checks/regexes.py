"""Does a regex match what was meant? LRS301, LRS302."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lrspec.compiler.checks.finding import Compilation, Subject, unjudged
from lrspec.compiler.names import Name
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Correction, Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count
from lrspec.regex.digits import ALIKE
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import has_literal, single_dots

Matches = Mapping[Name, re.Match[str]]
"""The matches of a regex in names that stand for those of their families."""


def regex_partial_component(compilation: Compilation) -> Iterator[Finding]:
    """LRS301: a regex that matches a whole component of some names and a part of a longer component of others."""
    resolution = compilation.resolution
    for rule, pattern, matches in _judged(resolution, has_literal):
        try:
            lints = [_cut_number(resolution, pattern, matches), _partial_component(resolution, pattern, matches)]
        except SlowRegexError:
            what = f"whether '{printable(pattern.regex)}' cuts numbers or names in two"
            yield unjudged(resolution, "LRS301", rule, pattern, what)
            continue
        cuts = [lint for lint in lints if lint]
        if cuts:
            parameters = {parameter for lint in cuts for parameter in lint.parameters}
            subject = Subject(resolution, pattern.path, rule, sorted(parameters))
            yield subject.finding("LRS301", cuts[0].message, cuts[0].advice)


def regex_unescaped_dot(compilation: Compilation) -> Iterator[Finding]:
    """LRS302: a dot that matched something other than a dot, so that escaped it would select less."""
    resolution = compilation.resolution
    for rule, pattern, matches in _judged(resolution, single_dots):
        try:
            lost_by_dot = ((dot, _lost(resolution, pattern, dot, matches)) for dot in single_dots(pattern.regex))
            dot, lost = next(((dot, lost) for dot, lost in lost_by_dot if lost), (0, []))
        except SlowRegexError:
            what = f"whether each `.` of '{printable(pattern.regex)}' is meant for any character"
            yield unjudged(resolution, "LRS302", rule, pattern, what)
            continue
        if lost:
            yield Subject(resolution, pattern.path, rule, lost).finding(
                "LRS302",
                f"the `.` at column {dot + 1} of '{printable(pattern.regex)}' stands for any character; with `\\.` the "
                f"regex would no longer match {count(len(lost), 'parameter')}",
                "Write `\\.` for a dot, or `[^.]` for any other character.",
                meant=Correction(_escaped(pattern.regex, dot)),
            )


def _judged(resolution: Resolution, worth: Callable[[str], object]) -> Iterator[tuple[int, Pattern, Matches]]:
    """Each regex on names that is worth judging, with its rule and its matches.

    For `match` and `layers` these are in parameters that the rule selects in the end: `exclude` may make up for a regex
    that is too broad.
    """
    for rule, selection in enumerate(resolution.selections):
        for hit in (*selection.hits, *selection.excluded):
            if worth(hit.pattern.regex):
                yield rule, hit.pattern, hit.matches


class _Lint(NamedTuple):
    message: str
    advice: str
    parameters: Sequence[int]


def _cut_number(resolution: Resolution, pattern: Pattern, matches: Matches) -> _Lint | None:
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
    return _Lint(
        f"'{regex}' ends inside a number: of {text} it matches '{part}'",
        r"Match the whole number with `\d+`, or end the regex with `\.`.",
        resolution.families.expand({name.parameter for name, _ in cut}),
    )


def _partial_component(resolution: Resolution, pattern: Pattern, matches: Matches) -> _Lint | None:
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
    return _Lint(
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


def _lost(resolution: Resolution, pattern: Pattern, dot: int, matches: Matches) -> list[int]:
    """The parameters that the regex would not match with its dot escaped; none if that makes it slow.

    SlowRegexError if all regexes together take too long.
    """
    escaped = Pattern(_escaped(pattern.regex, dot), pattern.path)
    try:
        kept = resolution.names.judging.matched(escaped, matches)
    except SlowRegexError as slow:
        if slow.seconds is None:
            raise
        return []
    matched = resolution.families.expand({name.parameter for name in matches})
    return [parameter for parameter in matched if parameter not in kept]


def _escaped(regex: str, dot: int) -> str:
    return f"{regex[:dot]}\\.{regex[dot + 1 :]}"
