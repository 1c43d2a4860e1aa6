"""Is a value out of proportion to its neighbour, or to what it is for? LRS320."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import Path
from lrspec.diagnostics.wording import number, value_words
from lrspec.spec.language import Decay, Spec
from lrspec.spec.torch_optim import ADAMS


def odd_value(compilation: Compilation) -> Iterator[Finding]:
    """LRS320: a floor that is not below the factor, `betas` turned round, or an `eps` above 1."""
    resolution = compilation.resolution
    for index, floor, factor in _high_floors(resolution.spec):
        yield Subject(resolution, ("rules", index, "layer_decay", "min_mult"), index).finding(
            "LRS320",
            f"`min_mult: {number(floor)}` is not below the factor {number(factor)}: all layers of "
            f"`{resolution.spec.rule_names[index]}` but the last have the multiplier {number(floor)}",
            "Use a floor that only the layers near the input would fall below, or remove it.",
        )
    for path, rule, value, classes in _options(resolution, "betas"):
        if not classes.isdisjoint(ADAMS) and value[0] >= 0.99 and value[0] > value[1]:
            swapped = value_words((value[1], value[0]))
            yield Subject(resolution, path, rule).finding(
                "LRS320",
                f"the first of `betas: {value_words(value)}` is above the second: momentum would last longer than the "
                "average of squares",
                f"Were they turned round? `betas: {swapped}`",
            )
    for path, rule, value, _ in _options(resolution, "eps"):
        if isinstance(value, int | float) and value > 1:
            yield Subject(resolution, path, rule).finding(
                "LRS320",
                f"`eps` is {number(value)}, above 1: it only keeps a denominator from being 0",
                "Check the exponent: 1e-8 is usual.",
            )


def _high_floors(spec: Spec) -> Iterator[tuple[int, float, float]]:
    """The rules whose ladder has a floor that is not below its factor, with both."""
    for index, rule in enumerate(spec.rules):
        decay = rule.layer_decay
        if isinstance(decay, Decay) and decay.factor is not None and (decay.min_mult or 0.0) >= decay.factor:
            yield index, decay.min_mult or 0.0, decay.factor


def _options(resolution: Resolution, name: str) -> Iterator[tuple[Path, int | None, Any, set[str | None]]]:
    """The values that an option is given: the path, the rule if any, the value, and the classes it is given to."""
    for optimizer, base in resolution.spec.bases.items():
        if name in base.options:
            yield (*resolution.spec.base_path(optimizer), name), None, base.options[name], {base.type}
    for applied in resolution.applied_settings:
        if applied.setting.axis == f"options.{name}":
            classes = {resolution.base_of(parameter).type for parameter in applied.parameters}
            yield ("rules", applied.rule, "options", name), applied.rule, applied.setting.value, classes
