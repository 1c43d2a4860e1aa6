"""An audit as text and as HTML: a table of the model's parts with their settings, then the findings."""

from __future__ import annotations

from lrspec.auditing.result import Audit


def text(audit: Audit) -> str:
    """The audit as text."""
    return "\n\n".join(map(str, audit.diagnostics))


def html(audit: Audit) -> str:
    """The audit as HTML."""
    raise NotImplementedError
