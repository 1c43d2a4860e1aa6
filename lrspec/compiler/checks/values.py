"""Is a value 0, above 1, or not a finite number? LRS303, LRS304, and LRS104 of a product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from lrspec.compiler.checks.finding import Compilation, Source, Subject, base_source, setting_source, source_of
from lrspec.compiler.plan import Cohort
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import number


def zero_lr(compilation: Compilation) -> Iterator[Finding]:
    """LRS303: a learning rate of 0, where `freeze` was probably meant."""
    resolution = compilation.resolution
    zero = [cohort for cohort in compilation.cohorts if cohort.status.trains and cohort.assignment.settings.lr == 0]
    for subject in _by_source(resolution, zero, _zero_source):
        yield subject.finding(
            "LRS303",
            f"the learning rate of {subject.counted()} is 0",
            "To freeze them, use `freeze: true`: at 0 they still have gradients and state, count in clipping, and a "
            "scheduler can move them.",
        )


def large_value(compilation: Compilation) -> Iterator[Finding]:
    """LRS304: a learning rate or a weight decay above 1."""
    resolution = compilation.resolution
    for quantity in _QUANTITIES:
        large = [
            cohort for cohort in compilation.cohorts if cohort.status.trains and 1 < quantity.of(cohort) < math.inf
        ]
        for subject in _by_source(resolution, large, quantity.source):
            members = set(subject.parameters)
            highest = number(max(quantity.of(cohort) for cohort in large if not members.isdisjoint(cohort.members)))
            yield subject.finding(
                "LRS304",
                f"the {quantity.name} of {subject.counted()} is {highest}, above 1",
                "Check the exponent; if the value is intended, `check: {large-value: ignore}` accepts it.",
            )


def infinite_value(resolution: Resolution, cohorts: Sequence[Cohort]) -> Iterator[Finding]:
    """LRS104: a product of settings that is not finite: too large, or too large times 0."""
    for quantity in _QUANTITIES:
        infinite = [cohort for cohort in cohorts if not math.isfinite(quantity.of(cohort))]
        for subject in _by_source(resolution, infinite, quantity.source):
            yield subject.finding(
                "LRS104",
                f"the {quantity.name} of {subject.counted()} is not a finite number",
                "Its factors are too large.",
            )


def _by_source(
    resolution: Resolution, cohorts: Iterable[Cohort], source: Callable[[Resolution, int], Source]
) -> Iterator[Subject]:
    """The parameters by the sources of their values."""
    by_source: dict[Source, list[int]] = {}
    for cohort in cohorts:
        by_source.setdefault(source(resolution, cohort.first), []).extend(cohort.members)
    for (rule, path), members in by_source.items():
        yield Subject(resolution, path, rule, sorted(members))


def _zero_source(resolution: Resolution, parameter: int) -> Source:
    """The source of the value that makes a learning rate 0."""
    for axis in ("lr", "scale"):
        applied = resolution.winner(axis, parameter)
        if applied and getattr(resolution.spec.rules[applied.rule], applied.setting.key[0]) == 0:
            return setting_source(applied)
    layer = resolution.winner("layer", parameter)
    if layer and resolution.base_of(parameter).lr != 0:
        return setting_source(layer)
    return base_source(resolution, parameter, "lr")


def _large_source(resolution: Resolution, parameter: int) -> Source:
    """The source of the value that makes a learning rate large."""
    rate, scale = resolution.winner("lr", parameter), resolution.winner("scale", parameter)
    base = rate.setting.value if rate else resolution.base_of(parameter).lr
    large_rate = base is not None and base > 1
    applied = scale if scale and scale.setting.value > 1 and not large_rate else rate
    return source_of(resolution, parameter, applied, "lr")


class _Quantity(NamedTuple):
    """A number that a parameter gets: its name, its value (0 if nothing sets it), and its source."""

    name: str
    of: Callable[[Cohort], float]
    source: Callable[[Resolution, int], Source]


_QUANTITIES = (
    _Quantity("learning rate", lambda cohort: cohort.assignment.settings.lr or 0.0, _large_source),
    _Quantity(
        "weight decay",
        lambda cohort: cohort.assignment.settings.weight_decay or 0.0,
        lambda resolution, parameter: source_of(
            resolution, parameter, resolution.winner("weight_decay", parameter), "weight_decay"
        ),
    ),
)
