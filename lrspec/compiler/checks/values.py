"""Is a value 0, above 1, or not a finite number? LRS303, LRS304, and LRS104 of a product."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrspec.compiler.checks.finding import (
    Compilation,
    Source,
    Subject,
    base_source,
    multiple_of,
    setting_source,
    source_of,
)
from lrspec.compiler.plan import Cohort
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import number
from lrspec.spec.axes import axis_words


def zero_lr(compilation: Compilation) -> Iterator[Finding]:
    """LRS303: a learning rate of 0, where `freeze` was probably meant."""
    resolution = compilation.resolution
    zero = [cohort for cohort in compilation.cohorts if cohort.status.trains and cohort.assignment.settings.lr == 0]
    sources = [_zero_source(resolution, cohort.first) for cohort in zero]
    for subject in _by_source(resolution, zero, sources):
        yield subject.finding(
            "LRS303",
            f"the learning rate of {subject.counted()} is 0",
            "To freeze them, use `freeze: true`: at 0 they still have gradients and state, count in clipping, and a "
            "scheduler can move them.",
        )


def large_value(compilation: Compilation) -> Iterator[Finding]:
    """LRS304: a learning rate or a weight decay above 1."""
    resolution = compilation.resolution
    trained = [cohort for cohort in compilation.cohorts if cohort.status.trains]
    for key in ("lr", "weight_decay"):
        large = [cohort for cohort in trained if 1 < _value(cohort, key) < math.inf]
        sources = [_large_source(resolution, cohort.first, key) for cohort in large]
        for subject in _by_source(resolution, large, sources):
            members = set(subject.parameters)
            highest = number(max(_value(cohort, key) for cohort in large if not members.isdisjoint(cohort.members)))
            yield subject.finding(
                "LRS304",
                f"{axis_words(key)} of {subject.counted()} is {highest}, above 1",
                "Check the exponent; if the value is intended, `check: {large-value: ignore}` accepts it.",
            )


def infinite_value(resolution: Resolution, cohorts: Sequence[Cohort]) -> Iterator[Finding]:
    """LRS104: a product of settings that is not finite: too large, or too large times 0."""
    for key in ("lr", "weight_decay"):
        infinite = [cohort for cohort in cohorts if not math.isfinite(_value(cohort, key))]
        sources = [_large_source(resolution, cohort.first, key) for cohort in infinite]
        for subject in _by_source(resolution, infinite, sources):
            message = f"{axis_words(key)} of {subject.counted()} is not a finite number"
            yield subject.finding("LRS104", message, "Its factors are too large.")
    for name, schedule in (resolution.spec.schedules or {}).items():
        highest = max(max(segment.begins or 0.0, segment.to or 1.0) for segment in schedule)
        own = (cohort for cohort in cohorts if cohort.assignment.settings.schedule == name)
        beyond = [cohort for cohort in own if _value(cohort, "lr") * highest == math.inf > _value(cohort, "lr")]
        for subject in _by_source(resolution, beyond, [(None, ("schedules", name))] * len(beyond)):
            message = f"the schedule `{name}` lifts the learning rate of {subject.counted()} beyond a finite number"
            yield subject.finding("LRS104", message, "Its factors are too large.")


def _value(cohort: Cohort, key: str) -> float:
    return getattr(cohort.assignment.settings, key) or 0.0


def _by_source(resolution: Resolution, cohorts: Sequence[Cohort], sources: Sequence[Source]) -> Iterator[Subject]:
    """The parameters of cohorts by the sources of their values."""
    by_source: dict[Source, list[int]] = {}
    for cohort, source in zip(cohorts, sources, strict=True):
        by_source.setdefault(source, []).extend(cohort.members)
    for (rule, path), members in by_source.items():
        yield Subject(resolution, path, rule, sorted(members))


def _zero_source(resolution: Resolution, parameter: int) -> Source:
    """The source of the value that makes a learning rate 0."""
    for axis in ("lr", "scale"):
        applied = resolution.winner(axis, parameter)
        if applied and multiple_of(resolution, applied) == 0:
            return setting_source(applied)
    layer = resolution.winner("layer", parameter)
    if layer and resolution.base_of(parameter).lr != 0:
        return setting_source(layer)
    return base_source(resolution, parameter, "lr")


def _large_source(resolution: Resolution, parameter: int, key: str) -> Source:
    """The source of the value that makes a learning rate or a weight decay large."""
    applied, scale = resolution.winner(key, parameter), resolution.winner("scale", parameter)
    if key == "lr" and scale and scale.setting.value > 1:
        base = applied.setting.value if applied else resolution.base_of(parameter).lr
        if base is None or base <= 1:
            applied = scale
    return source_of(resolution, parameter, applied, key)
