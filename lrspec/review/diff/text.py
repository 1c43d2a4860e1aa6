"""A diff as text for a terminal: one line that sums up, then a table by rule and layer, and a line for all else."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.wording import few
from lrspec.formats.table import printed
from lrspec.review.diff.diff import Compared, Diff
from lrspec.review.diff.names import ranges
from lrspec.review.diff.rows import Row
from lrspec.review.diff.words import elements

_PATTERNS = 4
_DISPENSABLE = ("elements",)


def text(diff: Diff, width: int | None = None) -> str:
    """A diff as text; `width` is the terminal's, or None without a terminal."""
    if len(diff.models) == 1:
        return _printed(f"{diff.summary}\n{diff.title}, for {diff.models[0].words}", diff.models[0], width)
    parts = [printed(f"{diff.summary}\n{diff.title}", [], [], width, ())]
    parts += [_printed(f"\n{each.words}: {each.summary}", each, width) for each in diff.models if each.difference]
    return "".join(parts)


def _printed(title: str, compared: Compared, width: int | None) -> str:
    facts = [harmless(str(fact)) for fact in compared.facts]
    return printed(title, [grid(compared)] if compared.rows else [], facts, width, _DISPENSABLE)


def grid(compared: Compared) -> Table:
    """The settings that differ, by rule and by layer."""
    table = Table(box=box.SIMPLE_HEAD)
    layers = any(row.layers for row in compared.rows)
    for header in ("rule", *(["layers"] if layers else []), "which"):
        table.add_column(header, overflow="fold")
    for header in ("parameters", "elements"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("change", overflow="fold")
    for row in compared.rows:
        cells = [row.label, *([layer_words(row)] if layers else []), few(patterns(compared, row), _PATTERNS)]
        table.add_row(*(Text(harmless(cell)) for cell in (*cells, *numbers(row), row.words)))
    return table


def patterns(compared: Compared, row: Row) -> list[str]:
    """Patterns for the names of a row."""
    return compared.names.patterns([parameter.name for parameter in row.parameters])


def layer_words(row: Row) -> str:
    """The layers of a row, `0 … 11`."""
    return ranges(map(str, row.layers))[0] if row.layers else ""


def numbers(row: Row) -> tuple[str, str]:
    """The number of parameters of a row, and of their elements."""
    known = elements(row.parameters)
    return f"{len(row.parameters):,}", "?" if known is None else f"{known:,}"
