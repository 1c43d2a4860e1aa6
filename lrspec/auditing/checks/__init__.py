"""The checks of an audit, one module per question, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.auditing.checks.decay import DECAY
from lrspec.auditing.checks.groups import GROUPS
from lrspec.auditing.checks.membership import MEMBERSHIP
from lrspec.auditing.checks.muon import embedding_under_muon
from lrspec.auditing.checks.schedules import flattened_rates
from lrspec.auditing.checks.state import stale_state
from lrspec.auditing.checks.statistics import statistics_of_frozen
from lrspec.auditing.checks.towards_input import rates_towards_input
from lrspec.auditing.checks.unread_keys import unread_key
from lrspec.auditing.checks.values import unfit_value
from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run

CHECKS: tuple[Callable[[Run], Iterator[AuditFinding]], ...] = (
    *MEMBERSHIP,
    *GROUPS,
    *DECAY,
    embedding_under_muon,
    unfit_value,
    unread_key,
    flattened_rates,
    rates_towards_input,
    statistics_of_frozen,
    stale_state,
)
"""Each yields the findings of one code, or of some that exclude each other; `lrspec explain CODE` prints the manual."""
