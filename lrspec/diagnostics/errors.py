"""How findings reach a caller of the library: as an exception, or as a warning of the logger `lrspec`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.report import report, summary
from lrspec.diagnostics.source import Text

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


class SpecError(Exception):
    """The spec has errors, or does not fit the model.

    `diagnostics` are all findings, warnings included, in the order of their places. `plan` is the plan as far as it
    got, or None if the spec itself has errors. The text of the exception is the report, made when it is asked for.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...], text: Text, plan: Plan | None = None) -> None:
        super().__init__(diagnostics, text, plan)
        self.diagnostics = diagnostics
        self.plan = plan
        self._text = text

    def __str__(self) -> str:
        return report(self.diagnostics, self._text)

    def __repr__(self) -> str:
        return f"<SpecError: {summary(self.diagnostics)} in {printable(self.diagnostics[0].path, 60)}>"


def warn(report: str) -> None:
    """Log a report that has warnings only; nothing is printed unless somebody handles the logger `lrspec`."""
    import logging  # here, since the command logs nothing

    logger = logging.getLogger("lrspec")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.warning(report)
