"""The checks of an audit, one module per question, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.auditing.checks.membership import MEMBERSHIP
from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run

CHECKS: tuple[Callable[[Run], Iterator[AuditFinding]], ...] = (*MEMBERSHIP,)
"""Each yields the findings of one code, or of some that exclude each other; `lrspec explain CODE` prints the manual."""
