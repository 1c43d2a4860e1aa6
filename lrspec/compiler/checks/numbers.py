"""Is there a number wherever a setting counts with one? LRS214."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import captured


def no_such_number(compilation: Compilation) -> Iterator[Finding]:
    """LRS214: a setting that counts with a number which is not there."""
    yield from _captures(compilation)


def _captures(compilation: Compilation) -> Iterator[Finding]:
    """The regexes of an `every` whose last group captures no decimal number, in names that the ladder counts."""
    resolution = compilation.resolution
    for rule, (selection, ladder) in enumerate(zip(resolution.selections, resolution.ladders, strict=True)):
        by_pattern: dict[Pattern, list[int]] = {}
        for parameter in sorted(ladder.uncounted if ladder else ()):
            by_pattern.setdefault(selection.hit(parameter).pattern, []).append(parameter)
        for pattern, parameters in by_pattern.items():
            text = captured(selection.match(parameters[0]))[-1]
            subject = Subject(resolution, pattern.path, rule, resolution.families.expand(parameters))
            yield subject.finding(
                "LRS214",
                f"`every` divides numbers, and the last group of '{printable(pattern.regex)}' captures none in "
                f"{subject.counted()}, such as '{printable(text)}'",
                "Capture digits alone, last in the regex (`(\\d+)`), and give other names an entry of their own.",
            )
