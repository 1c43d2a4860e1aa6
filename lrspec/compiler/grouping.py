"""From a `Resolution` to the contents of a `Plan`: the cohorts of parameters, and the fewest groups for them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain, count
from typing import Any

from lrspec.compiler.ladder import multiplier
from lrspec.compiler.plan import Assignment, Cohort, Group, Layer, Settings, Status
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.settings import comparable
from lrspec.models.parameters import Columns
from lrspec.spec.axes import axis_order


def cohorts_of(resolution: Resolution) -> tuple[Cohort, ...]:
    """The cohorts of a resolution, in the order in which the first parameter of each appears."""
    assignments_by: dict[Hashable, _Assignments] = {}
    cohorts: dict[tuple[_Assignments, Status, int | None], list[list[int]]] = {}
    for representative, family in resolution.families.members.items():
        winners = tuple([on_axis.get(representative) for on_axis in resolution.winners.values()])
        if winners not in assignments_by:
            assignments_by[winners] = _Assignments(resolution, representative)
        assignments = assignments_by[winners]
        if resolution.trainable(representative):
            status = Status.trained if representative in resolution.decided else Status.unmatched
        else:
            status = Status.frozen_by_spec if resolution.frozen_by_spec(representative) else Status.frozen_by_model
        ladder = assignments.ladder
        layers: Mapping[Any, list[int]] = ladder.layers[representative] if ladder else {None: family}
        for layer, members in layers.items():
            cohorts.setdefault((assignments, status, layer), []).append(members)
    merged = [
        Cohort(assignments.representative, assignments.on(layer), status, _merged(members))
        for (assignments, status, layer), members in cohorts.items()
    ]
    return tuple(sorted(merged, key=lambda cohort: cohort.members[0]))


def _merged(members: list[list[int]]) -> list[int]:
    return members[0] if len(members) == 1 else sorted(chain(*members))


class _Assignments:
    """The assignments of parameters on which the same settings hold: one per layer, if they are on a ladder."""

    def __init__(self, resolution: Resolution, representative: int) -> None:
        base, rule_names = resolution.base_of(representative), resolution.spec.rule_names
        on_axes = ((axis, on_axis.get(representative)) for axis, on_axis in resolution.winners.items())
        winners = {axis: applied for axis, applied in on_axes if applied}
        values = {axis: applied.setting.value for axis, applied in winners.items()}
        self.representative = representative
        self._lr, self._scale, self._freeze = values.get("lr", base.lr), values.get("scale", 1.0), values.get("freeze")
        self._weight_decay = weight_decay(resolution, representative)
        self._optimizer = None if resolution.spec.optimizers is None else resolution.optimizer_of(representative)
        self._options = tuple(sorted({**base.options, **_named("options", values)}.items()))
        self._tags = tuple(sorted(_named("tags", values).items())) if resolution.spec.tag_names else None
        self._schedule = values.get("schedule", resolution.spec.default_schedule)
        in_order = sorted(winners, key=lambda axis: (winners[axis].rule, axis_order(axis)))
        self._set_by = {axis: rule_names[winners[axis].rule] for axis in in_order}
        self._decay: Any = values.get("layer")
        self.ladder = resolution.ladders[winners["layer"].rule] if "layer" in winners else None
        resolution.names.work.keep(len(self._options), ("rules",))
        self._made: dict[int | None, Assignment] = {}

    def on(self, number: int | None) -> Assignment:
        """The assignment on a layer; None without a ladder.

        The rate is `(lr | optimizer.lr × lr_mult | optimizer.lr) × layer multiplier × lr_scale`, in this order.
        """
        if number not in self._made:
            layer = None
            if self.ladder and number is not None:
                mult = multiplier(self._decay, number, self.ladder.count)
                layer = Layer(self._set_by["layer"], number, self.ladder.count, mult)
            lr = None if self._lr is None else float(self._lr * (layer.mult if layer else 1.0) * self._scale)
            settings = Settings(lr, self._weight_decay, self._options, self._optimizer, self._schedule, self._tags)
            self._made[number] = Assignment(settings, self._set_by, layer, self._freeze)
        return self._made[number]


def _named(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The options or the tags among the values of axes, by their names."""
    return {axis.removeprefix(f"{kind}."): value for axis, value in values.items() if axis.startswith(f"{kind}.")}


def group_parameters(columns: Columns, cohorts: Sequence[Cohort]) -> tuple[Group, ...]:
    """The fewest groups that express the settings, in the order in which the first parameter of each appears."""
    together: dict[Hashable, list[Cohort]] = {}
    numbers: dict[tuple[int, int], int] = {}  # by identity: all layers of a ladder share these, compared only once
    known: dict[Hashable, int] = {}
    for cohort in cohorts:
        if not cohort.status.trains:
            continue
        settings = cohort.assignment.settings
        identity = id(settings.options), id(settings.tags)
        if identity not in numbers:
            values = _all_comparable(settings.options), _all_comparable(settings.tags or ())
            numbers[identity] = known.setdefault(values, len(known))
        key = (settings.optimizer, settings.lr, settings.weight_decay, settings.schedule, numbers[identity])
        together.setdefault(key, []).append(cohort)
    groups: dict[str, Group] = {}
    for of_group in together.values():
        settings, set_by, layer, _ = of_group[0].assignment
        rules = dict.fromkeys(set_by.values())
        name = "/".join([layer.label if layer and rule == layer.rule else rule for rule in rules]) or "unmatched"
        numbered = (f"{name}-{number}" for number in count(2))  # a rule may be called `unmatched`
        unique = next(candidate for candidate in chain([name], numbered) if candidate not in groups)
        members = _merged([cohort.members for cohort in of_group])
        groups[unique] = Group(unique, settings, tuple([columns.names[member] for member in members]), members, columns)
    return tuple(groups.values())


def _all_comparable(values: Iterable[tuple[str, Any]]) -> Hashable:
    return tuple([(name, comparable(value)) for name, value in values])


def weight_decay(resolution: Resolution, representative: int) -> float | None:
    """The weight decay of a family; None if nothing sets it."""
    decay = resolution.winner("weight_decay", representative)
    return decay.setting.value if decay else resolution.base_of(representative).weight_decay
