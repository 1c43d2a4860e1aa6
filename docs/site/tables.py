"""The tables of a Markdown page, as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_UNITS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0}
_POWER = re.compile(r"2\^(-?\d+)")
_NUMBER = re.compile(r"(?:≈ )?(?P<number>\d[\d,]*(?:\.\d+)?)(?: (?P<unit>µs|ms|s))?")


class Table(NamedTuple):
    """A table under a heading, with the text above it; cells are without the marks of bold and code."""

    heading: str
    caption: str
    columns: list[str]
    rows: list[list[str]]


def tables(markdown: str) -> Iterator[Table]:
    """The tables of a page, in order."""
    heading = caption = ""
    for block in markdown.split("\n\n"):
        lines = block.strip().splitlines()
        if lines and lines[0].startswith("|"):
            columns, _, *rows = map(_cells, lines)
            yield Table(heading, caption, columns, rows)
        elif block.lstrip().startswith("## "):
            heading, caption = block.strip().removeprefix("## "), ""
        else:
            caption = block.strip()


def number(cell: str) -> float:
    """The number of a cell; times are in seconds."""
    if power := _POWER.fullmatch(cell):
        return float(2 ** int(power[1]))
    found = _NUMBER.fullmatch(cell)
    if not found:
        raise ValueError(f"not a number: {cell!r}")
    return float(found["number"].replace(",", "")) * _UNITS[found["unit"] or ""]


def _cells(line: str) -> list[str]:
    return [re.sub(r"\*\*|`", "", cell).strip() for cell in line.strip("|").split("|")]
