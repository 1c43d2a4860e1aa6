"""Passes findings to the caller of the library: as an exception, or as a warning of the logger `lrspec`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import brief
from lrspec.diagnostics.report import report, summary
from lrspec.diagnostics.source import Text

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


class BriefError(ValueError):
    """An error whose text is for people and may be long, and whose `repr` is one line."""

    def __repr__(self) -> str:
        return brief(f"{type(self).__name__}({str(self)!r})")


class ReportedError(Exception):
    """Findings as an exception: its text is their report, made when it is asked for."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], text: Text) -> None:
        super().__init__(diagnostics, text)
        self.diagnostics = diagnostics
        self._text = text

    def __str__(self) -> str:
        return report(self.diagnostics, self._text)

    def __repr__(self) -> str:
        place = f" in {self.diagnostics[0].path}" if self.diagnostics else ""
        return brief(f"<{type(self).__name__}: {summary(self.diagnostics) or 'no findings'}{place}>")


class SpecError(ReportedError):
    """The spec has errors, or does not fit the model.

    `diagnostics` are all findings, warnings included, in the order of their places. `plan` is the plan as far as it
    got, or None if the spec itself has errors. The text is the report.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...], text: Text, plan: Plan | None = None) -> None:
        super().__init__(diagnostics, text)
        self.plan = plan


def warn(report: str) -> None:
    """Log a report that has warnings only; nothing is printed unless somebody handles the logger `lrspec`."""
    import logging  # here, since the command logs nothing

    logger = logging.getLogger("lrspec")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.warning(report)
