"""A plan as HTML, as notebooks show it: the table of `lrspec compile`, and the findings."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from rich.table import Column, Table
from rich.text import Text

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.report import report
from lrspec.formats.table import grids, title, totals

PRE = '<pre style="font-family: monospace; white-space: pre; overflow-x: auto">'
"""The beginning of text that is laid out in columns."""


def html(plan: Plan) -> str:
    """The table of a plan, its totals, and the report of its findings, if it has any; every text is escaped."""
    below = [f"<p>{escape(line)}</p>" for line in totals(plan)]
    parts = [f"<p>{escape(title(plan))}</p>", *map(grid_html, grids(plan)), *below]
    if plan.diagnostics:
        parts.append(f"{PRE}{escape(report(plan.diagnostics, plan.file.document.text))}</pre>")
    return "<div>\n" + "\n".join(parts) + "\n</div>\n"


def grid_html(grid: Table) -> str:
    """A table as HTML; every text is escaped."""
    columns = grid.columns
    lines = zip(*(column.cells for column in columns), strict=True)
    rows = [_row("td", zip(columns, cells, strict=True)) for cells in lines]
    head = f"<thead>{_row('th', ((column, column.header) for column in columns))}</thead>"
    foot = f"<tfoot>{_row('th', ((column, column.footer) for column in columns))}</tfoot>" if grid.show_footer else ""
    return "\n".join(["<table>", head, "<tbody>", *rows, "</tbody>", *([foot] if foot else []), "</table>"])


def _row(tag: str, cells: Iterable[tuple[Column, object]]) -> str:
    row = ""
    for column, cell in cells:
        text = cell.plain if isinstance(cell, Text) else str(cell)
        side = "right" if column.justify == "right" else "left"
        row += f'<{tag} style="text-align: {side}; padding: 0 0.5em">{escape(text)}</{tag}>'
    return f"<tr>{row}</tr>"
