"""A `Resolution` to the findings LRS301 and LRS302: regexes that match what was probably not meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lrspec.about import About
from lrspec.diagnostics import Finding, Meant
from lrspec.matching import Name, SlowRegexError
from lrspec.patterns import Pattern
from lrspec.regex_tokens import has_literal, single_dots
from lrspec.resolution import Resolution
from lrspec.source import printable
from lrspec.wording import count

Matches = Mapping[Name, str]


def regex_partial_component(resolution: Resolution) -> Iterator[Finding]:
    """LRS301: a regex that matches a whole component of some names and a part of a longer component of others."""
    for rule, pattern, matched in _judged(resolution, has_literal):
        spans = {name: found.span() for name, found in resolution.names.search(pattern, matched).items()}
        found = (judge(pattern, matched, spans) for judge in (_cut_number, _partial_component))
        lints = [lint for lint in found if lint]
        if lints:
            message, advice, _ = lints[0]
            names = {name.parameter for *_, names in lints for name in names}
            yield About(resolution, pattern.path, rule, sorted(names)).finding("LRS301", message, advice)


def regex_unescaped_dot(resolution: Resolution) -> Iterator[Finding]:
    """LRS302: a dot that matched something other than a dot, so that the regex selects more than it would with one."""
    for rule, pattern, matched in _judged(resolution, single_dots):
        found = (
            (dot, lost) for dot in single_dots(pattern.regex) if (lost := _lost(resolution, pattern, dot, matched))
        )
        if first := next(found, None):
            dot, lost = first
            yield About(resolution, pattern.path, rule, lost).finding(
                "LRS302",
                f"the `.` at column {dot + 1} of '{printable(pattern.regex)}' stands for any character, and with "
                f"`\\.` the regex would not match {count(len(lost), 'parameter')} that it does match",
                "Write `\\.` for a dot, or `[^.]` where any other character is meant.",
                meant=Meant(_escaped(pattern.regex, dot)),
            )


REGEX_LINTS = (regex_partial_component, regex_unescaped_dot)
"""Every lint of regexes."""


def _judged(resolution: Resolution, worth: Callable[[str], object]) -> Iterator[tuple[int, Pattern, Matches]]:
    """Each regex on names that is worth judging, with its rule and the names that it matches.

    Of `match` and `layers` only names of parameters that the rule selects in the end: `exclude` is as good as a
    narrower regex.
    """
    texts = resolution.names.texts
    for rule, selection in enumerate(resolution.selections):
        for hit in selection.hits:
            if worth(hit.pattern.regex):
                yield rule, hit.pattern, {name: texts[name] for name in hit.captures}
        for pattern in selection.regexes.exclude if not selection.unknowable else ():
            if worth(pattern.regex):
                yield rule, pattern, {name: texts[name] for name in resolution.names.search(pattern, texts)}


Lint = tuple[str, str, list[Name]]
"""A message, an advice, and the names that they are about."""


def _cut_number(pattern: Pattern, matched: Matches, spans: Mapping[Name, tuple[int, int]]) -> Lint | None:
    """A regex that stops between two digits."""
    cut = [name for name, (start, end) in spans.items() if end > start and _within_number(matched[name], end)]
    if not cut:
        return None
    text, (start, end) = matched[cut[0]], spans[cut[0]]
    regex, of, taken = printable(pattern.regex), printable(text), printable(text[start:end])
    message = f"'{regex}' ends inside a number: of {of} it matches '{taken}'"
    return message, r"Take the whole number with `\d+`, or end the regex with `\.`.", cut


def _partial_component(pattern: Pattern, matched: Matches, spans: Mapping[Name, tuple[int, int]]) -> Lint | None:
    """A regex that has what reads the same as a whole component of one name and as a part of one in others."""
    whole: dict[str, Name] = {}
    partial: dict[str, list[Name]] = {}
    for name, (start, end) in spans.items():
        for piece, is_whole in _edges(matched[name], start, end) if end > start else ():
            if is_whole:
                whole.setdefault(piece, name)
            else:
                partial.setdefault(piece, []).append(name)
    both = [piece for piece in partial if piece in whole]
    if not both:
        return None
    there, here = printable(matched[whole[both[0]]]), printable(matched[partial[both[0]][0]])
    message = (
        f"'{printable(pattern.regex)}' matches the whole of '{printable(both[0])}' in {there}, "
        f"and a part of a longer component in {here}"
    )
    advice = r"Say where the component begins and ends: `^` or `\.` before it, `\.` or `$` after it."
    return message, advice, [name for piece in both for name in partial[piece]]


def _edges(text: str, start: int, end: int) -> Iterator[tuple[str, bool]]:
    """The first and the last component that a match touches, as far as it does, and whether that is all of it."""
    pieces = text[start:end].split(".")
    last = len(pieces) - 1
    for place in sorted({0, last}):
        cut = (place == 0 and _inside(text, start)) or (place == last and _inside(text, end))
        if pieces[place]:
            yield pieces[place], not cut


def _inside(text: str, index: int) -> bool:
    """Whether `index` is between two characters of one component."""
    return 0 < index < len(text) and text[index - 1] != "." and text[index] != "."


def _within_number(text: str, index: int) -> bool:
    return _inside(text, index) and text[index - 1].isdigit() and text[index].isdigit()


def _lost(resolution: Resolution, pattern: Pattern, dot: int, matched: Matches) -> list[int]:
    """The parameters that the regex would not match with its dot escaped; none where that takes too long to tell."""
    escaped = Pattern(_escaped(pattern.regex, dot), pattern.path)
    try:
        kept = {name.parameter for name in resolution.names.search(escaped, matched)}
    except SlowRegexError:
        return []
    return sorted({name.parameter for name in matched} - kept)


def _escaped(regex: str, dot: int) -> str:
    return f"{regex[:dot]}\\.{regex[dot + 1 :]}"
