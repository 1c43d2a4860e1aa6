"""`Audit`: the groups of live optimizers and the findings about them, as data, as text and as a table in notebooks."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.settings import AuditedGroup
from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import brief
from lrspec.diagnostics.wording import count
from lrspec.formats.terminal import width
from lrspec.models.inventory import Inventory


class AuditError(BriefError):
    """Live optimizers have errors; the text is the report, `audit` has the findings."""

    def __init__(self, audit: Audit) -> None:
        super().__init__(str(audit))
        self.audit = audit


@dataclass(frozen=True)
class Audit:
    """What optimizers do to a model: `groups`, and `diagnostics`, the findings, errors first.

    Its text is a table of the model's parts with their settings, then the findings.
    """

    inventory: Inventory = field(repr=False)
    groups: tuple[AuditedGroup, ...]
    diagnostics: tuple[AuditFinding, ...]

    @property
    def ok(self) -> bool:
        """True if there is no error; there may be warnings."""
        return not any(each.severity is Severity.error for each in self.diagnostics)

    def raise_if_errors(self) -> None:
        """Raise an AuditError if there is an error; its text is the report."""
        if not self.ok:
            raise AuditError(self)

    def to_dict(self) -> dict[str, Any]:
        """The audit as JSON values."""
        return {
            "lrspec_audit": 1,
            "model": self.inventory.source,
            "groups": [group.to_dict() for group in self.groups],
            "diagnostics": [each.to_dict() for each in self.diagnostics],
        }

    def __repr__(self) -> str:
        return brief(f"<Audit: {count(len(self.groups), 'group')}, {count(len(self.diagnostics), 'finding')}>")

    def __str__(self) -> str:
        from lrspec.auditing.table import text  # here, since rich takes time to import

        return text(self, width(sys.stdout))

    def _repr_html_(self) -> str:
        from lrspec.auditing.table import html

        return html(self)
