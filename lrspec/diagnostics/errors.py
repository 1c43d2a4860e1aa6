"""Passes findings to the caller of the library: as an exception, or as Python's warnings."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
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


class SpecWarning(UserWarning):
    """A finding that is not an error; the text says where in the spec it is."""


def warn(findings: Iterable[Diagnostic | str]) -> None:
    """Issue a `SpecWarning` for each finding or sentence, at the line of whoever has called lrspec."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__") or "").partition(".")[0] == "lrspec":
        level, frame = level + 1, frame.f_back
    for finding in findings:
        warnings.warn(str(finding), SpecWarning, stacklevel=level)
