"""Diagnostics as text: each with its line of the spec and carets under the place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TypeAlias
from unicodedata import combining, east_asian_width

from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.source import Text
from lrspec.diagnostics.wording import count

Paint: TypeAlias = Callable[[str, str], str]
"""Colours a text: `paint("error", text)`; the first argument is a severity, `place` or `gutter`."""

_SHOWN = 1000  # diagnostics
_WIDEST = 110  # columns: of the excerpt from the spec, and of the lines below it
_NARROWEST = 20  # columns: in a narrower terminal, lines are too long
_BOUND = "\N{NO-BREAK SPACE}"  # what is harmless has none, so it can stand for a space at which no line ends


def uncoloured(_: str, text: str) -> str:
    """The text without colour."""
    return text


def report(diagnostics: Sequence[Diagnostic], text: Text, paint: Paint = uncoloured, width: int | None = None) -> str:
    """The diagnostics of a spec and their counts; empty if there are none."""
    return "\n\n".join([*blocks(diagnostics, text, paint, width), summary(diagnostics)]) if diagnostics else ""


def blocks(
    diagnostics: Sequence[Diagnostic], text: Text, paint: Paint = uncoloured, width: int | None = None
) -> Iterator[str]:
    """Each diagnostic with its line of the spec and carets under the place; after a thousand, the number of others.

    Lines are wrapped at `width` columns, and the line of the spec is cut; without it, only long details are wrapped.
    """
    for diagnostic in diagnostics[:_SHOWN]:
        yield "\n".join(_block(diagnostic, text, paint, width))
    if len(diagnostics) > _SHOWN:
        yield f"and {len(diagnostics) - _SHOWN:,} more"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    return severities_in_words(diagnostic.severity for diagnostic in diagnostics)


def severities_in_words(found: Iterable[Severity]) -> str:
    """`2 errors, 1 warning`."""
    severities = Counter(found)
    shown = [severity for severity in (Severity.error, Severity.warning) if severities[severity]]
    return ", ".join(count(severities[severity], severity) for severity in shown)


def _block(diagnostic: Diagnostic, text: Text, paint: Paint, width: int | None) -> Iterator[str]:
    severity, number = diagnostic.severity, str(diagnostic.line)
    empty_gutter = paint("gutter", f" {' ' * len(number)} |")
    before = len(number) + 4  # columns of the gutter
    widest = _WIDEST if width is None else max(_NARROWEST, min(_WIDEST, width - before - 2))  # 2 for `…` at both ends
    _, *details = diagnostic.lines
    yield _heading(diagnostic, paint, width, " " * before)
    yield empty_gutter
    line, carets = _excerpt(diagnostic, text, widest)
    yield f"{paint('gutter', f' {number} |')} {line}".rstrip()
    yield f"{empty_gutter} {paint(severity, carets)}"
    indent = " " * len(number)
    for detail in details:
        wrapped = wrap(harmless(detail), widest, break_long_words=False, break_on_hyphens=False)
        first, *others = wrapped or [""]  # a name may be a blank
        yield f"{paint('gutter', f' {indent} =')} {first}"
        yield from (f" {indent}   {other}" for other in others)


def _heading(diagnostic: Diagnostic, paint: Paint, width: int | None, indent: str) -> str:
    """The place, the code and the problem, wrapped if there is a width, but not inside the place."""
    place = f"{harmless(diagnostic.path)}:{diagnostic.line}:{diagnostic.column}:".replace(" ", _BOUND)
    label = f"{diagnostic.severity}{_BOUND}{diagnostic.code}"
    words = f"{place} {label} {diagnostic.name}: {harmless(diagnostic.lines[0])}"
    if width is not None:
        columns = max(_NARROWEST, width)
        wrapped = wrap(words, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        words = "\n".join(wrapped)
    for part, text in ("place", place), (diagnostic.severity, label):
        words = words.replace(text, paint(part, text), 1)
    return words.replace(_BOUND, " ")


def _excerpt(diagnostic: Diagnostic, text: Text, widest: int) -> tuple[str, str]:
    """The line of a diagnostic, and carets to go under it; of a long line, the part around the place."""
    line = text.line(diagnostic.line)
    start = diagnostic.column - 1
    end = diagnostic.end_column - 1 if diagnostic.end_line == diagnostic.line else start + 1
    before = max(0, start - widest // 2) if len(line) > widest else 0
    after = before + widest
    left = "…" if before else ""
    right = "…" if after < len(line) else ""
    carets = " " * _width(left + line[before:start]) + "^" * max(1, _width(line[start : min(end, after)]))
    return left + _displayed(line[before:after]) + right, carets


def _displayed(text: str) -> str:
    return harmless(text.replace("\t", " "))


def _width(text: str) -> int:
    """The number of columns that a text takes in a terminal."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in _displayed(text) if not combining(c))
