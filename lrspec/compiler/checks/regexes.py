"""A `Resolution` to the findings LRS301 and LRS302: regexes that match what was probably not meant."""

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
"""The matches of a regex in names that stand for those of their kinds."""


def regex_partial_component(compilation: Compilation) -> Iterator[Finding]:
    """LRS301: a regex that matches a whole component of some names and a part of a longer component of others."""
    resolution = compilation.resolution
    for rule, pattern, matches in _judged(resolution, has_literal):
        try:
            found = [judge(resolution, pattern, matches) for judge in (_cut_number, _partial_component)]
        except SlowRegexError:
            yield unjudged(resolution, "LRS301", rule, pattern, f"what '{printable(pattern.regex)}' cuts in two")
            continue
        lints = [lint for lint in found if lint]
        if lints:
            parameters = {parameter for *_, parameters in lints for parameter in parameters}
            message, advice, _ = lints[0]
            yield Subject(resolution, pattern.path, rule, sorted(parameters)).finding("LRS301", message, advice)


def regex_unescaped_dot(compilation: Compilation) -> Iterator[Finding]:
    """LRS302: a dot that matched something other than a dot, so that the regex selects more than it would with one."""
    resolution = compilation.resolution
    for rule, pattern, matches in _judged(resolution, single_dots):
        try:
            first = _first_lost(resolution, pattern, matches)
        except SlowRegexError:
            what = f"whether each `.` of '{printable(pattern.regex)}' is meant for any character"
            yield unjudged(resolution, "LRS302", rule, pattern, what)
            continue
        if first is not None:
            dot, lost = first
            yield Subject(resolution, pattern.path, rule, lost).finding(
                "LRS302",
                f"the `.` at column {dot + 1} of '{printable(pattern.regex)}' stands for any character, and with "
                f"`\\.` the regex would not match {count(len(lost), 'parameter')} that it does match",
                "Write `\\.` for a dot, or `[^.]` where any other character is meant.",
                meant=Correction(_escaped(pattern.regex, dot)),
            )


def _judged(resolution: Resolution, worth: Callable[[str], object]) -> Iterator[tuple[int, Pattern, Matches]]:
    """Each regex on names that is worth judging, with its rule and its matches.

    Of `match` and `layers` only names of parameters that the rule selects in the end: `exclude` is as good as a
    narrower regex.
    """
    for rule, selection in enumerate(resolution.selections):
        for hit in (*selection.hits, *selection.excluded):
            if worth(hit.pattern.regex):
                yield rule, hit.pattern, hit.matches


Lint = tuple[str, str, Sequence[int]]
"""A message, an advice, and the parameters that they are about."""


def _cut_number(resolution: Resolution, pattern: Pattern, matches: Matches) -> Lint | None:
    """A regex that stops between two digits."""
    cut = {name: match for name, match in matches.items() if match[0] and _within_number(match.string, match.end())}
    if not cut:
        return None
    match = next(iter(cut.values()))
    regex, of, taken = printable(pattern.regex), printable(match.string), printable(match[0])
    message = f"'{regex}' ends inside a number: of {of} it matches '{taken}'"
    advice = r"Take the whole number with `\d+`, or end the regex with `\.`."
    return message, advice, resolution.families.expand({name.parameter for name in cut})


def _partial_component(resolution: Resolution, pattern: Pattern, matches: Matches) -> Lint | None:
    """A regex that has what reads the same as a whole component of one name and as a part of one in others.

    Raises:
        SlowRegexError: where to look at all names of the kinds that it matches takes too long.
    """
    if not any(_cuts_a_component(match) for match in matches.values()):
        return None
    edges = {name: list(_edges(match)) for name, match in matches.items() if match[0]}
    if not _may_read_the_same(edges, matches):
        return None
    if not resolution.names.work.affords(sum(len(resolution.families.members[name.parameter]) for name in edges)):
        raise SlowRegexError(pattern, "", None)
    whole: dict[str, str] = {}
    partial: dict[str, list[tuple[int, str]]] = {}
    for name, text, first in resolution.names.expand(edges):
        for edge in edges[first]:
            piece = text[edge.start : edge.end]
            if edge.is_whole:
                whole.setdefault(piece, text)
            else:
                partial.setdefault(piece, []).append((name.parameter, text))
    both = [piece for piece in partial if piece in whole]
    if not both:
        return None
    message = (
        f"'{printable(pattern.regex)}' matches the whole of '{printable(both[0])}' in {printable(whole[both[0]])}, "
        f"and a part of a longer component in {printable(partial[both[0]][0][1])}"
    )
    advice = r"Say where the component begins and ends: `^` or `\.` before it, `\.` or `$` after it."
    return message, advice, [parameter for piece in both for parameter, _ in partial[piece]]


def _cuts_a_component(match: re.Match[str]) -> bool:
    text, (start, end) = match.string, match.span()
    return end > start and (_inside(text, start) or _inside(text, end))


class _Edge(NamedTuple):
    """The first or the last component that a match touches, as far as it does, and whether that is all of it."""

    start: int
    end: int
    is_whole: bool


def _edges(match: re.Match[str]) -> Iterator[_Edge]:
    text, (start, end) = match.string, match.span()
    first, last = text.find(".", start, end), text.rfind(".", start, end) + 1
    first_end, last_start = (end, start) if first < 0 else (first, last)
    for one, other in dict.fromkeys([(start, first_end), (last_start, end)]):
        if one < other:
            cut = (one == start and _inside(text, start)) or (other == end and _inside(text, end))
            yield _Edge(one, other, not cut)


def _may_read_the_same(edges: Mapping[Name, Sequence[_Edge]], matches: Matches) -> bool:
    """Whether some whole component and some part read the same, but for digits: names of a kind differ in these."""
    pieces: dict[bool, set[str]] = {True: set(), False: set()}
    for name, its in edges.items():
        for edge in its:
            pieces[edge.is_whole].add(matches[name].string[edge.start : edge.end].translate(ALIKE))
    return not pieces[True].isdisjoint(pieces[False])


def _inside(text: str, index: int) -> bool:
    """Whether `index` is between two characters of one component."""
    return 0 < index < len(text) and text[index - 1] != "." and text[index] != "."


def _within_number(text: str, index: int) -> bool:
    return _inside(text, index) and text[index - 1].isdigit() and text[index].isdigit()


def _first_lost(resolution: Resolution, pattern: Pattern, matches: Matches) -> tuple[int, list[int]] | None:
    """The first dot for which the regex would match less with it escaped, and the parameters that it would not match.

    Raises:
        SlowRegexError: where that takes too long to tell.
    """
    found = ((dot, _lost(resolution, pattern, dot, matches)) for dot in single_dots(pattern.regex))
    return next(((dot, lost) for dot, lost in found if lost), None)


def _lost(resolution: Resolution, pattern: Pattern, dot: int, matches: Matches) -> list[int]:
    """The parameters that the regex would not match with its dot escaped; none where it becomes slow by that."""
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
