"""Is a rate written where a multiple was meant, or the other way round? LRS310, LRS319."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TypeAlias

from lrspec.compiler.checks.finding import Compilation, setting_subject
from lrspec.compiler.checks.holding import by_place, held
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.wording import number, six_digits
from lrspec.spec.axes import axis_words
from lrspec.spec.language import Optimizer, SizeFactor
from lrspec.spec.torch_optim import ADAMS

_LIKE_MULTIPLES = (0.1, 0.2, 0.25, 0.5, 1)
_HIGHEST = {"lr_mult": 0.01, "weight_decay_mult": 0.1}
"""The multipliers, and the values below which one is taken for the value that it multiplies."""

Written: TypeAlias = Mapping[str, Optimizer]
"""The optimizers as the file describes them."""


def rate_for_multiple(compilation: Compilation) -> Iterator[Finding]:
    """LRS310: an `lr` far above that of an Adam, and a number that is usual as a multiple."""
    resolution = compilation.resolution
    for applied, high in by_place(resolution, partial(_high, compilation.written)):
        subject, rate = setting_subject(resolution, applied, high), number(applied.setting.value)
        adams = number(_adams_rate(compilation.written, resolution, high[0]))
        yield subject.finding(
            "LRS310",
            f"`lr: {rate}` is a rate, not a multiple: it replaces the {adams} of "
            f"{resolution.base_of(high[0]).type} on {subject.counted()}",
            f"Was `lr_mult: {rate}` meant? If not, `check: {{rate-for-multiple: ignore}}` accepts it.",
        )


def multiple_for_rate(compilation: Compilation) -> Iterator[Finding]:
    """LRS319: a multiplier that is the number it multiplies, too small for a multiple."""
    resolution = compilation.resolution
    for applied, equal in by_place(resolution, partial(_squared, compilation.written)):
        subject, axis, key = setting_subject(resolution, applied, equal), applied.setting.axis, applied.setting.key[0]
        multiple = number(getattr(resolution.spec.rules[applied.rule], key))
        base = spell((*resolution.spec.base_path(resolution.optimizer_of(equal[0])), axis))
        yield subject.finding(
            "LRS319",
            f"`{key}: {multiple}` multiplies `{base}`, which is {multiple} too: {axis_words(axis)} of "
            f"{subject.counted()} is {six_digits(float(multiple) ** 2)}",
            f"For {multiple} itself, use `{axis}: {multiple}` or `{key}: 1`.",
        )


def _high(written: Written, resolution: Resolution, applied: AppliedSetting) -> Iterator[int]:
    """The parameters that an Adam trains at an `lr` that looks like a multiple."""
    rate = applied.setting.value
    if applied.setting.key == ("lr",) and rate in _LIKE_MULTIPLES and not _of_one_element(resolution, applied.rule):
        yield from (p for p in held(resolution, applied) if rate >= 10 * _adams_rate(written, resolution, p))


def _squared(written: Written, resolution: Resolution, applied: AppliedSetting) -> Iterator[int]:
    """The parameters on which a multiplier multiplies its own number, and not only in this run."""
    key, axis = applied.setting.key[0], applied.setting.axis
    multiple = getattr(resolution.spec.rules[applied.rule], key) if key in _HIGHEST else 0
    if not isinstance(multiple, SizeFactor) and 0 < multiple < _HIGHEST.get(key, 0):
        for p in held(resolution, applied):
            if getattr(resolution.base_of(p), axis) == getattr(written[resolution.optimizer_of(p)], axis) == multiple:
                yield p


def _adams_rate(written: Written, resolution: Resolution, parameter: int) -> float:
    """The learning rate of the Adam that trains a parameter, or else of its class; infinite if it is not an Adam."""
    kind, rate = resolution.base_of(parameter).type, written[resolution.optimizer_of(parameter)].lr
    if kind not in ADAMS:
        return math.inf
    return ADAMS[kind] if rate is None else rate


def _of_one_element(resolution: Resolution, rule: int) -> bool:
    """Return whether everything that a rule selects has one element."""
    members = resolution.families.expand(resolution.selections[rule].parameters)
    shapes = (resolution.columns.shapes[member] for member in members)
    return all(shape is not None and math.prod(shape) == 1 for shape in shapes)
