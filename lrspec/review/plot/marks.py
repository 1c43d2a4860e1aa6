"""What a plot by depth shows: one mark for what a group has in a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lrspec.compiler.plan import Plan
from lrspec.review.plot.columns import Columns

_SPREAD = 0.8  # of the width of a column

Members: TypeAlias = dict[tuple[int | None, int, bool], list[int]]
"""Parameters by group, column, and whether they thaw."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The parameters of a group, or the frozen ones, that are in a column; `waits` if they thaw during the run.

    `x` is the place of the column, or beside it where the column has several rates: then these are in model order.
    """

    column: int
    x: float
    elements: int | None
    group: int | None
    optimizer: str | None
    lr: float | None
    weight_decay: float | None
    waits: bool

    @property
    def frozen(self) -> bool:
        """Whether its parameters are in no group."""
        return self.group is None


def marks_of(plan: Plan, columns: Columns) -> list[Mark]:
    """Return the marks, the largest first, so that none hides another."""
    members = _members(plan, columns)
    places = _places(plan, columns, members)
    marks = []
    for (group, column, waits), parameters in members.items():
        settings = None if group is None else (plan.groups or ())[group].settings
        optimizer, lr, decay = (settings.optimizer, settings.lr, settings.weight_decay) if settings else (None,) * 3
        elements, x = plan.inventory.columns.elements(parameters), places[column, group is None, lr]
        marks.append(Mark(column, x, elements, group, optimizer, lr, decay, waits))
    return sorted(marks, key=lambda mark: -(mark.elements or 0))


def _members(plan: Plan, columns: Columns) -> Members:
    """The parameters of each mark."""
    waiting = {member for members in plan.thawing.values() for member in members}
    members: Members = {}
    for group, member in _grouped(plan):
        members.setdefault((group, columns.of[member], member in waiting), []).append(member)
    return members


def _grouped(plan: Plan) -> Iterator[tuple[int | None, int]]:
    for index, group in enumerate(plan.groups or ()):
        yield from ((index, member) for member in group.members)
    for cohort in plan.cohorts:
        if not cohort.status.trains:
            yield from ((None, member) for member in cohort.members)


def _places(plan: Plan, columns: Columns, members: Members) -> dict[tuple[int, bool, float | None], float]:
    """Where the parameters of each column that have the same rate are on the x axis: the middle of their ranks."""
    together: dict[tuple[int, bool, float | None], list[int]] = {}
    for (group, column, _), parameters in members.items():
        lr = None if group is None else (plan.groups or ())[group].settings.lr
        together.setdefault((column, group is None, lr), []).extend(parameters)
    ranks, count = _ranks(columns)
    places = {}
    for (column, frozen, lr), parameters in together.items():
        middle = (sum(ranks[member] for member in parameters) / len(parameters) + 0.5) / count[column] - 0.5
        places[column, frozen, lr] = column + (0.0 if len(parameters) == count[column] else _SPREAD * middle)
    return places


def _ranks(columns: Columns) -> tuple[list[int], Counter[int]]:
    """The rank of each parameter in its column, and the number of parameters of each column."""
    ranks, count = [], Counter[int]()
    for column in columns.of:
        ranks.append(count[column])
        count[column] += 1
    return ranks, count
