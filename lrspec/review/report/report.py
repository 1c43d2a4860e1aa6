"""`Report`: the page that shows a plan, for a file or for a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path

from lrspec.compiler.compile import Outcome, attempt
from lrspec.compiler.plan import Plan
from lrspec.diagnostics.errors import SpecError
from lrspec.files import write_file
from lrspec.review.diff.diff import Side
from lrspec.review.report.data import data_of
from lrspec.review.report.difference import difference_from
from lrspec.review.report.page import page

_FRAME = 'sandbox="allow-scripts" title="lrspec report" width="100%" height="900" style="border: 0"'


@dataclass(frozen=True, slots=True)
class Report:
    """A report: `html` is the page. A notebook shows it in a frame."""

    html: str

    def __repr__(self) -> str:
        return f"<Report: {len(self.html):,} characters of HTML>"

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{escape(self.html)}" {_FRAME}></iframe>'

    def write(self, path: str | PathLike[str]) -> None:
        """Write the page to a file, whole or not at all; OSError if it cannot be written."""
        write_file(Path(path), self.html.encode())


def of_outcome(outcome: Outcome, before: Side | None = None) -> Report:
    """Return the report of a compile; with a side `before`, also what differs from that.

    Raises:
        SpecError: if the compile made no plan.
        ReportError: if jinja2 is not installed.
        NothingToCompareError: if the side before has no such model.
    """
    if outcome.plan is None or outcome.resolution is None:
        raise SpecError(outcome.diagnostics, outcome.file.document.text)
    difference = None if before is None else difference_from(before, outcome.plan)
    return Report(page(data_of(outcome.resolution, outcome.plan, difference)))


def of_plan(plan: Plan) -> Report:
    """Return the report of a plan, which is compiled again: it has what a spec gives, and not for which reasons."""
    return of_outcome(attempt(plan.file, plan.inventory))
