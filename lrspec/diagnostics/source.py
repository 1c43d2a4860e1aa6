"""Places in a spec: positions and spans in its text, and paths to its values."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from lrspec.diagnostics.escape import printable

Path: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to a value: `("rules", 3, "layers", 0)`."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: line and column, both 1-based; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of a text; `end` is exclusive."""

    start: Position
    end: Position


@dataclass(frozen=True)
class Text:
    """A text with its lines counted as editors do: they end in LF, CRLF or CR."""

    content: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(newline.end() for newline in re.finditer(r"\r\n|\n|\r", self.content))]

    def position(self, index: int) -> Position:
        """The place of the character at a 0-based index; inside a CRLF, that of the CR."""
        if index and self.content.startswith("\r\n", index - 1):
            index -= 1
        line = bisect_right(self._starts, index)
        return Position(line, index - self._starts[line - 1] + 1)

    def span(self, start: int, end: int) -> Span:
        """The piece between two 0-based indices; `end` is exclusive and may lie past the end of the text."""
        return Span(self.position(start), self.position(min(end, len(self.content))))

    def index(self, position: Position) -> int:
        """The 0-based index of the character at a place."""
        return self._starts[position.line - 1] + position.column - 1

    def piece(self, span: Span) -> str:
        """The text between two places."""
        return self.content[self.index(span.start) : self.index(span.end)]

    def line(self, number: int) -> str:
        """A line by its 1-based number, without its line ending; empty past the last line."""
        if number > len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.content)
        return self.content[self._starts[number - 1] : end].rstrip("\r\n")


def spell(path: Path) -> str:
    """A path as messages write it: `rules[3].layers[0]`."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".")


def rule_of(path: Path) -> int | None:
    """The index of the rule that a path leads into, or None."""
    return path[1] if path[:1] == ("rules",) and len(path) > 1 and isinstance(path[1], int) else None


def last_key(path: Path) -> str:
    """The last key of a path, with the list index after it: `match[1]`."""
    last = max(place for place, step in enumerate(path) if isinstance(step, str))
    return printable(str(path[last])) + "".join(f"[{step}]" for step in path[last + 1 :])
