"""The checks of an audit, one module per question, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.audit.checks.membership import MEMBERSHIP
from lrspec.audit.checks.schedules import flattened_rates
from lrspec.audit.checks.statistics import statistics_of_frozen
from lrspec.audit.checks.towards_input import rates_towards_input
from lrspec.audit.checks.unread_keys import unread_key
from lrspec.audit.finding import AuditFinding
from lrspec.audit.run import Run

CHECKS: tuple[Callable[[Run], Iterator[AuditFinding]], ...] = (
    *MEMBERSHIP,
    unread_key,
    flattened_rates,
    rates_towards_input,
    statistics_of_frozen,
)
"""Each yields the findings of one code, or of some that exclude each other; `lrspec explain CODE` prints the manual."""
