"""Is a rate written where a multiple was meant, or the other way round? LRS310, LRS319."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, setting_subject
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.wording import number, six_digits
from lrspec.spec.axes import axis_words
from lrspec.spec.torch_optim import ADAMS

_LIKE_MULTIPLES = (0.1, 0.2, 0.25, 0.5, 1)
_HIGHEST = {"lr_mult": 0.01, "weight_decay_mult": 0.1}
"""The multipliers, and the values below which one is taken for the value that it multiplies."""


def rate_for_multiple(compilation: Compilation) -> Iterator[Finding]:
    """LRS310: an `lr` far above that of an Adam, and a number that is usual as a multiple."""
    resolution = compilation.resolution
    for applied in resolution.applied_settings:
        rate = applied.setting.value
        if applied.setting.key != ("lr",) or rate not in _LIKE_MULTIPLES or _of_one_element(resolution, applied.rule):
            continue
        high = [p for p in _held(resolution, applied) if rate >= 10 * _adams_rate(resolution, p)]
        if high:
            subject = setting_subject(resolution, applied, high)
            base = number(_adams_rate(resolution, high[0]))
            yield subject.finding(
                "LRS310",
                f"`lr: {number(rate)}` is a rate, not a multiple: {resolution.base_of(high[0]).type} trains "
                f"{subject.counted()} at {number(rate)}, not at {number(rate)} times {base}",
                f"Was `lr_mult: {number(rate)}` meant? If not, `check: {{rate-for-multiple: ignore}}` accepts it.",
            )


def multiple_for_rate(compilation: Compilation) -> Iterator[Finding]:
    """LRS319: a multiplier that is the number it multiplies, too small for a multiple."""
    resolution = compilation.resolution
    by_place: dict[tuple[int, str], tuple[AppliedSetting, list[int]]] = {}
    for applied in resolution.applied_settings:
        key = applied.setting.key[0]
        if key not in _HIGHEST:
            continue
        multiple = getattr(resolution.spec.rules[applied.rule], key)
        if 0 < multiple < _HIGHEST[key]:
            axis = applied.setting.axis
            equal = [p for p in _held(resolution, applied) if getattr(resolution.base_of(p), axis) == multiple]
            by_place.setdefault((applied.rule, key), (applied, []))[1].extend(equal)
    for (rule, key), (applied, equal) in by_place.items():
        if equal:
            subject, axis = setting_subject(resolution, applied, equal), applied.setting.axis
            multiple = number(getattr(resolution.spec.rules[rule], key))
            base = spell((*resolution.spec.base_path(resolution.optimizer_of(equal[0])), axis))
            yield subject.finding(
                "LRS319",
                f"`{key}: {multiple}` multiplies `{base}`, which is {multiple} too: {axis_words(axis)} of "
                f"{subject.counted()} is {six_digits(applied.setting.value)}",
                f"For {multiple} itself, use `{axis}: {multiple}` or `{key}: 1`.",
            )


def _held(resolution: Resolution, applied: AppliedSetting) -> list[int]:
    """The trained parameters on which a setting holds."""
    axis = applied.setting.axis
    return [p for p in applied.parameters if resolution.winner(axis, p) is applied and resolution.trainable(p)]


def _adams_rate(resolution: Resolution, parameter: int) -> float:
    """The learning rate of the Adam that trains a parameter, or else of its class; infinite if it is not an Adam."""
    base = resolution.base_of(parameter)
    if base.type not in ADAMS:
        return math.inf
    return ADAMS[base.type] if base.lr is None else base.lr


def _of_one_element(resolution: Resolution, rule: int) -> bool:
    """Return whether everything that a rule selects has one element, as far as shapes are known."""
    members = resolution.families.expand(resolution.selections[rule].parameters)
    shapes = (resolution.columns.shapes[member] for member in members)
    return all(shape is None or math.prod(shape) == 1 for shape in shapes)
