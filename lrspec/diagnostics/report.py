"""Diagnostics as text: each with the line of the spec that it is about, and a caret under the place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TypeAlias
from unicodedata import combining, east_asian_width

from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.source import Text

Paint: TypeAlias = Callable[[str, str], str]
"""Colours a text: `paint("error", text)`; the parts are the severities, `place` and `gutter`."""

_SHOWN = 1000  # diagnostics
_WIDEST = 110  # columns: of the spec around a place, and of what is said about it


def uncoloured(_: str, text: str) -> str:
    """Without colour."""
    return text


def report(diagnostics: Sequence[Diagnostic], text: Text, paint: Paint = uncoloured) -> str:
    """The diagnostics of a spec, and how many there are; empty where there are none."""
    if not diagnostics:
        return ""
    return "\n\n".join([*blocks(diagnostics, text, paint), summary(diagnostics)])


def blocks(diagnostics: Sequence[Diagnostic], text: Text, paint: Paint = uncoloured) -> Iterator[str]:
    """Each diagnostic of a spec with its line and a caret under its place: the first thousand, and how many more."""
    for found in diagnostics[:_SHOWN]:
        yield "\n".join(_block(found, text, paint))
    if len(diagnostics) > _SHOWN:
        yield f"and {len(diagnostics) - _SHOWN:,} more"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    severities = [found.severity for found in diagnostics]
    counts = [(severities.count(kind), kind.value) for kind in (Severity.error, Severity.warning)]
    return ", ".join(f"{count:,} {kind}{'s' if count > 1 else ''}" for count, kind in counts if count)


def _block(found: Diagnostic, text: Text, paint: Paint) -> Iterator[str]:
    first, *more = found.lines
    place = paint("place", f"{harmless(found.path)}:{found.line}:{found.column}:")
    yield f"{place} {paint(found.severity.value, f'{found.severity} {found.code}')} {found.name}: {harmless(first)}"
    gutter = " " * len(str(found.line))
    yield paint("gutter", f" {gutter} |")
    line, caret = _excerpt(found, text)
    yield f"{paint('gutter', f' {found.line} |')} {line}".rstrip()
    yield f"{paint('gutter', f' {gutter} |')} {paint(found.severity.value, caret)}"
    for said in more:
        wrapped = wrap(harmless(said), _WIDEST, break_long_words=False, break_on_hyphens=False)
        first_line, *others = wrapped or [""]  # a name may be a blank
        yield f"{paint('gutter', f' {gutter} =')} {first_line}"
        yield from (f" {gutter}   {line}" for line in others)


def _excerpt(found: Diagnostic, text: Text) -> tuple[str, str]:
    """The line, and the carets under it; of a long line the part around the place."""
    line = text.line(found.line)
    start = found.column - 1
    end = found.end_column - 1 if found.end_line == found.line else start + 1
    before = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = line[before : before + _WIDEST]
    left = "…" if before else ""
    right = "…" if before + _WIDEST < len(line) else ""
    marked = line[start : min(end, before + _WIDEST)]
    caret = " " * _width(left + line[before:start]) + "^" * max(1, _width(marked))
    return left + _displayed(shown) + right, caret


def _displayed(text: str) -> str:
    return harmless(text.replace("\t", " "))


def _width(text: str) -> int:
    """How many columns a terminal gives to a text."""
    shown = _displayed(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in shown)
