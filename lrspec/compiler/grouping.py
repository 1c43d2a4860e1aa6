"""A `Resolution` to what is in a `Plan`: the settings of each parameter, and the fewest groups that express them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain, count
from typing import Any

from lrspec.compiler.ladder import multiplier
from lrspec.compiler.plan import Assignment, Cohort, Group, Layer, Settings, Status
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.settings import comparable
from lrspec.models.parameters import Columns
from lrspec.spec.axes import axis_order


def cohorts_of(resolution: Resolution) -> tuple[Cohort, ...]:
    """What each parameter of a resolution gets, in the order in which the first of each share appears."""
    axes = sorted(resolution.winners, key=axis_order)
    made: dict[Hashable, _Assignments] = {}
    together: dict[tuple[_Assignments, Status, int | None], list[list[int]]] = {}
    for first in resolution.families.members:
        winners, status = tuple([resolution.winners[axis].get(first) for axis in axes]), _status(resolution, first)
        assignments = made.get(winners) or made.setdefault(winners, _Assignments(resolution, first))
        for layer, members in _by_layer(resolution, first).items():
            together.setdefault((assignments, status, layer), []).append(members)
    found = [
        Cohort(assignments.first, assignments.on(layer), status, _merged(its))
        for (assignments, status, layer), its in together.items()
    ]
    return tuple(sorted(found, key=lambda cohort: cohort.members[0]))


def _merged(members: list[list[int]]) -> list[int]:
    return members[0] if len(members) == 1 else sorted(chain(*members))


class _Assignments:
    """What parameters get on which the same settings hold: by the layers of the ladder, if there is one."""

    def __init__(self, resolution: Resolution, first: int) -> None:
        self.first = first
        self._lr, self._scale = _rate(resolution, first), resolution.winner("scale", first)
        self._optimizer = None if resolution.spec.optimizers is None else resolution.optimizer_of(first)
        self._weight_decay, self._options = weight_decay(resolution, first), _options(resolution, first)
        self._set_by, self._freeze = _set_by(resolution, first), resolution.winner("freeze", first)
        self._layers = _layers(resolution, first)
        resolution.names.work.keep(len(self._options), ("rules",))
        self._made: dict[int | None, Assignment] = {}

    def on(self, number: int | None) -> Assignment:
        """What they get on a layer; None where they are on no ladder."""
        if number not in self._made:
            layer = None if number is None else self._layers(number)
            freeze = None if self._freeze is None else self._freeze.setting.value
            settings = Settings(self._rate_on(layer), self._weight_decay, self._options, self._optimizer)
            self._made[number] = Assignment(settings, self._set_by, layer, freeze)
        return self._made[number]

    def _rate_on(self, layer: Layer | None) -> float | None:
        """`(lr | optimizer.lr × lr_mult | optimizer.lr) × layer multiplier × lr_scale`, in this order."""
        if self._lr is None:
            return None
        return float(self._lr * (layer.mult if layer else 1.0) * (self._scale.setting.value if self._scale else 1.0))


def _by_layer(resolution: Resolution, first: int) -> Mapping[int, list[int]] | Mapping[None, list[int]]:
    """The parameters of a kind by their layers; None where they are on no ladder."""
    applied = resolution.winner("layer", first)
    ladder = resolution.ladders[applied.rule] if applied else None
    return ladder.layers[first] if ladder else {None: resolution.families.members[first]}


def group_parameters(columns: Columns, cohorts: Sequence[Cohort]) -> tuple[Group, ...]:
    """The fewest groups that express the settings, in the order in which the first parameter of each appears."""
    together: dict[Hashable, list[Cohort]] = {}
    numbers = _options_numbered(cohorts)
    for cohort in cohorts:
        if cohort.status.trains:
            given = cohort.assignment.settings
            key = (given.optimizer, given.lr, given.weight_decay, numbers[id(given.options)])
            together.setdefault(key, []).append(cohort)
    names = _unique_names(_group_name(these[0].assignment) for these in together.values())
    return tuple(_group(name, these, columns) for name, these in zip(names, together.values(), strict=True))


def _options_numbered(cohorts: Sequence[Cohort]) -> dict[int, int]:
    """A number for the options of each share, by their identity: the same for equal ones.

    All layers of a ladder have one and the same object, so that options are compared once.
    """
    every = {id(cohort.assignment.settings.options): cohort.assignment.settings.options for cohort in cohorts}
    known: dict[Hashable, int] = {}
    comparables = {each: tuple((name, comparable(value)) for name, value in every[each]) for each in every}
    return {each: known.setdefault(comparables[each], len(known)) for each in every}


def _group(name: str, these: Sequence[Cohort], columns: Columns) -> Group:
    members = _merged([cohort.members for cohort in these])
    return Group(name, these[0].assignment.settings, tuple([columns.names[each] for each in members]), members, columns)


def _unique_names(wanted: Iterable[str]) -> list[str]:
    """The names, numbered from 2 where an earlier group has the same: a rule may be called `unmatched`."""
    names: dict[str, None] = {}
    for name in wanted:
        numbered = (f"{name}-{number}" for number in count(2))
        names[next(each for each in chain([name], numbered) if each not in names)] = None
    return list(names)


def _group_name(first: Assignment) -> str:
    label = {first.layer.rule: first.layer.label} if first.layer else {}
    rules = dict.fromkeys(first.set_by.values())
    return "/".join(label.get(rule, rule) for rule in rules) or "unmatched"


def _status(resolution: Resolution, index: int) -> Status:
    if not resolution.trainable(index):
        return Status.frozen_by_spec if resolution.frozen_by_spec(index) else Status.frozen_by_model
    return Status.trained if index in resolution.decided else Status.unmatched


def _rate(resolution: Resolution, first: int) -> float | None:
    rate = resolution.winner("lr", first)
    return rate.setting.value if rate else resolution.base_of(first).lr


def weight_decay(resolution: Resolution, index: int) -> float | None:
    """The weight decay of a parameter that stands for its kind; None where nothing sets it."""
    decay = resolution.winner("weight_decay", index)
    return decay.setting.value if decay else resolution.base_of(index).weight_decay


def _options(resolution: Resolution, index: int) -> tuple[tuple[str, Any], ...]:
    options = resolution.base_of(index).options
    for axis in resolution.winners:
        if axis.startswith("options.") and (found := resolution.winner(axis, index)):
            options[axis.removeprefix("options.")] = found.setting.value
    return tuple(sorted(options.items()))


def _layers(resolution: Resolution, first: int) -> Callable[[int], Layer]:
    """The layers of the ladder that a parameter is on, by their numbers."""

    def numbered(number: int) -> Layer:
        applied = resolution.winners["layer"][first]
        ladder = resolution.ladders[applied.rule]
        assert ladder is not None
        mult = multiplier(applied.setting.value, number, ladder.count)
        return Layer(resolution.spec.rule_names[applied.rule], number, ladder.count, mult)

    return numbered


def _set_by(resolution: Resolution, index: int) -> dict[str, str]:
    """The rule of each axis, in the order of the rules."""
    found = ((axis, resolution.winner(axis, index)) for axis in resolution.winners)
    winning = [(applied.rule, axis_order(axis), axis) for axis, applied in found if applied]
    return {axis: resolution.spec.rule_names[rule] for rule, _, axis in sorted(winning)}
