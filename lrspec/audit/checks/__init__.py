"""The checks of an audit, one module per question, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.audit.checks.groups import GROUPS
from lrspec.audit.checks.membership import MEMBERSHIP
from lrspec.audit.finding import AuditFinding
from lrspec.audit.run import Run

CHECKS: tuple[Callable[[Run], Iterator[AuditFinding]], ...] = (*MEMBERSHIP, *GROUPS)
"""Each yields the findings of one code, or of some that exclude each other; `lrspec explain CODE` prints the manual."""
