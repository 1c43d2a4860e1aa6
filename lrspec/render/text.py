"""Diagnostics as text: each with the line of the spec that it is about, and a caret under the place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from unicodedata import combining, east_asian_width

from lrspec.diagnostics import Diagnostic, Severity
from lrspec.source import Text, harmless

_SHOWN = 1000  # diagnostics
_WIDEST = 110  # columns: of the spec around a place, and of what is said about it


def report(diagnostics: Sequence[Diagnostic], text: Text) -> str:
    """The diagnostics of a spec, the first thousand of them, and how many there are; empty where there are none."""
    if not diagnostics:
        return ""
    blocks = ["\n".join(_block(found, text)) for found in diagnostics[:_SHOWN]]
    if len(diagnostics) > _SHOWN:
        blocks.append(f"and {len(diagnostics) - _SHOWN:,} more")
    return "\n\n".join([*blocks, summary(diagnostics)])


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    severities = [found.severity for found in diagnostics]
    counts = [(severities.count(kind), kind.value) for kind in (Severity.error, Severity.warning)]
    return ", ".join(f"{count:,} {kind}{'s' if count > 1 else ''}" for count, kind in counts if count)


def _block(found: Diagnostic, text: Text) -> Iterator[str]:
    first, *more = found.message.split("\n")
    place = f"{harmless(found.path)}:{found.line}:{found.column}"
    yield f"{place}: {found.severity} {found.code} {found.name}: {harmless(first)}"
    gutter = " " * len(str(found.line))
    yield f" {gutter} |"
    line, caret = _excerpt(found, text)
    yield f" {found.line} | {line}".rstrip()
    yield f" {gutter} | {caret}"
    first_indent, indent = f" {gutter} = ", f" {gutter}   "
    for said in more:
        yield from wrap(
            harmless(said),
            _WIDEST + len(indent),
            initial_indent=first_indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


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
