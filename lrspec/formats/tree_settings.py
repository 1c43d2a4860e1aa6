"""What a plan gives to the parameters of each branch of a tree: where it is alike, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any

from lrspec.compiler.plan import Cohort, Plan, Settings, Status, shown_steps
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import few, six_digits
from lrspec.formats.folding import Branch
from lrspec.formats.table_rows import thaw_words
from lrspec.optim.live.values import is_number
from lrspec.spec.times import Time

_SHOWN = 3  # words in a cell
_DECAY = "weight decay"

Cell = Callable[[Branch], str]
"""What a column says of a branch."""


class TreeSettings:
    """The settings of a plan's parameters, by their places in the inventory."""

    def __init__(self, plan: Plan, steps: int | None) -> None:
        self._plan, self._steps = plan, steps
        cohorts = {place: cohort for cohort in plan.cohorts for place in cohort.members}
        self._cohorts = [cohorts[place] for place in range(len(cohorts))]

    def traits(self, *, decay: bool) -> list[Hashable]:
        """What is the same of parameters that are alike: settings, but for a place on one ladder; and what ties them.

        Without `decay`, their weight decay may differ.
        """
        known: dict[Hashable, int] = {}
        numbers = {id(cohort): known.setdefault(_trait(cohort, decay), len(known)) for cohort in self._plan.cohorts}
        aliases = self._plan.inventory.columns.aliases
        return [(numbers[id(cohort)], aliases.get(place)) for place, cohort in enumerate(self._cohorts)]

    @cached_property
    def columns(self) -> dict[str, Cell]:
        """The columns, by their headers: rates and weight decay, and what differs inside of the model."""
        columns: dict[str, Cell] = {"learning rate": self._rate, _DECAY: self._decay}
        columns |= {name: self._cell(value) for name, value in self._differing.items()}
        if self._plan.thawing:
            columns["frozen until"] = self._thawing
        return columns | {f"at step {step:,}": self._rate_at(step) for step in self._shown_steps}

    @property
    def dispensable(self) -> tuple[str, ...]:
        """The headers of columns that may be dropped, the first of them first."""
        return (*self._differing, _DECAY)

    def count(self, branch: Branch, *statuses: Status) -> int:
        """The number of a branch's parameters that have one of some statuses."""
        return sum(self._cohorts[place].status in statuses for place in branch.places)

    @cached_property
    def _differing(self) -> dict[str, Callable[[Settings], Any]]:
        """Options, tags, schedules and optimizers that are not the same everywhere, by their names."""
        trained = [cohort.assignment.settings for cohort in self._plan.cohorts if cohort.status.trains]
        names = dict.fromkeys(name for each in trained for name, _ in (*each.options, *(each.tags or ())))
        values = {name: _option(name) for name in names}
        values |= {"schedule": lambda each: each.schedule, "optimizer": lambda each: each.optimizer}
        return {name: value for name, value in values.items() if len({repr(value(each)) for each in trained}) > 1}

    @property
    def _shown_steps(self) -> list[int]:
        return shown_steps(self._steps) if self._steps else []

    def _trained(self, places: Sequence[int]) -> list[Cohort]:
        distinct = {id(self._cohorts[place]): self._cohorts[place] for place in places}
        return [cohort for cohort in distinct.values() if cohort.status.trains]

    def _cell(self, value: Callable[[Settings], Any]) -> Cell:
        return lambda branch: _span(value(cohort.assignment.settings) for cohort in self._trained(branch.places))

    def _rate(self, branch: Branch) -> str:
        return self._cell(lambda each: each.lr)(branch) or "frozen"

    def _decay(self, branch: Branch) -> str:
        """The weight decay of a branch; of a line with several parameters that of the first, and others by name."""
        cell = self._cell(lambda each: each.weight_decay)
        if len(branch.shapes) < 2 or branch.branches:
            return cell(branch)
        names = self._plan.inventory.columns.names
        leaves: dict[str, list[int]] = {}
        for place in branch.places:
            leaves.setdefault(names[place].rpartition(".")[2], []).append(place)
        (_, first), *others = ((leaf, cell(Branch(leaf, leaf, 1, places))) for leaf, places in leaves.items())
        return ", ".join([first, *(f"{printable(leaf)} {decay}" for leaf, decay in others if decay != first)])

    def _thawing(self, branch: Branch) -> str:
        return thaw_words((cohort.assignment.freeze for cohort in self._trained(branch.places)), self._steps)

    def _rate_at(self, step: int) -> Cell:
        rates = list(self._plan.rates_at(step, self._steps or 1).values())
        groups = {place: group for group, each in enumerate(self._plan.groups or ()) for place in each.members}

        def cell(branch: Branch) -> str:
            return _span(rates[group] for group in dict.fromkeys(map(groups.get, branch.places)) if group is not None)

        return cell


def _trait(cohort: Cohort, decay: bool) -> Hashable:
    settings, set_by, layer, freeze = cohort.assignment
    if not cohort.status.trains:
        return cohort.status
    others = (settings.options, settings.optimizer, settings.schedule, settings.tags, decay and settings.weight_decay)
    if layer is None:
        return (cohort.status, others, settings.lr, freeze)
    by = tuple((axis, rule) for axis, rule in set_by.items() if decay or axis != "weight_decay")
    return (cohort.status, others, layer.rule, by, isinstance(freeze, Time))


def _option(name: str) -> Callable[[Settings], Any]:
    return lambda each: dict((*each.options, *(each.tags or ()))).get(name)


def _span(values: Iterable[Any]) -> str:
    """The lowest and the highest of some numbers, or the first of other values; `default` for what nothing sets."""
    distinct = {repr(value): value for value in values}
    numbers = [value for value in distinct.values() if is_number(value)]
    ends = dict.fromkeys(map(six_digits, (min(numbers), max(numbers)))) if numbers else {}
    others = ["default" if value is None else six_digits(value) for value in distinct.values() if not is_number(value)]
    return ", ".join([*([" … ".join(ends)] if ends else []), *([few(others, _SHOWN)] if others else [])])
