"""Warnings by the logger `lrspec`; where nobody handles that, nothing is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrspec.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


def warn(report: str) -> None:
    """Log a report that has warnings only."""
    import logging  # here, since the command logs nothing

    logger = logging.getLogger("lrspec")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.warning(report)


class SpecError(Exception):
    """The spec is wrong, or does not fit the model.

    `diagnostics` are all findings, warnings included, in the order of their places; `plan` is the plan
    as far as it got, or None where the spec itself has errors. The text is the rendered report.
    """

    def __init__(self, report: str, diagnostics: tuple[Diagnostic, ...], plan: Plan | None = None) -> None:
        super().__init__(report)
        self.diagnostics = diagnostics
        self.plan = plan
