"""Does a regex match what was meant? LRS301, LRS315 or LRS316, and LRS302."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.compiler.checks.anchors import anchor_of_one_branch
from lrspec.compiler.checks.cuts import Matches, partial_component
from lrspec.compiler.checks.finding import Compilation, Slip, Subject, unjudged
from lrspec.compiler.checks.one_digit import one_digit
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import PatternHits
from lrspec.diagnostics.codes import CODES, Severity
from lrspec.diagnostics.diagnostic import Correction, Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import single_dots

_SLIPS: tuple[tuple[str, Callable[[Resolution, int, PatternHits], Slip | None], str], ...] = (
    ("LRS301", partial_component, "cuts numbers or names in two"),
    ("LRS315", anchor_of_one_branch, "is anchored in one branch only"),
    ("LRS316", one_digit, "leaves out numbers from 10 on"),
)
"""What a regex is judged by, in order, each with its code and its question."""


def regex_slip(compilation: Compilation) -> Iterator[Finding]:
    """LRS301, LRS315 and LRS316: a regex that matches too much or too little; each regex gets only the first."""
    resolution = compilation.resolution
    for rule, hit in _hits(resolution):
        for code, judge, question in _SLIPS:
            try:
                slip = judge(resolution, rule, hit)
            except SlowRegexError:
                what = f"whether '{printable(hit.pattern.regex)}' {question}"
                yield unjudged(resolution, code, rule, hit.pattern, what)
                break
            if slip and resolution.spec.severity(CODES[code], rule) is not Severity.ignore:
                subject = Subject(resolution, hit.pattern.path, rule, slip.parameters)
                yield subject.finding(code, slip.message, slip.advice, meant=slip.meant)
                break


def regex_unescaped_dot(compilation: Compilation) -> Iterator[Finding]:
    """LRS302: a dot that matched something other than a dot, so that escaped it would select less."""
    resolution = compilation.resolution
    for rule, hit in _hits(resolution):
        pattern = hit.pattern
        try:
            lost_by_dot = ((dot, _lost(resolution, pattern, dot, hit.matches)) for dot in single_dots(pattern.regex))
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


def _hits(resolution: Resolution) -> Iterator[tuple[int, PatternHits]]:
    """Each regex on names with its rule.

    The matches of `match` and `layers` are in parameters that the rule selects in the end: `exclude` may make up for a
    regex that is too broad.
    """
    for rule, selection in enumerate(resolution.selections):
        for hit in (*selection.hits, *selection.excluded):
            yield rule, hit


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
