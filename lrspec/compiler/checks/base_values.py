"""The values that parameters have where a rule does not set them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.compiler.settings import settings
from lrspec.spec.language import Optimizer
from lrspec.spec.torch_optim import DEFAULT_WEIGHT_DECAY


def base_decay(optimizer: Optimizer) -> float:
    """The weight decay of an optimizer, or else of its class; 0 if the class is not known."""
    if optimizer.weight_decay is not None:
        return optimizer.weight_decay
    return DEFAULT_WEIGHT_DECAY.get(optimizer.type or "", 0.0)


def values_without(resolution: Resolution, applied: AppliedSetting, parameters: Iterable[int]) -> Iterator[Any]:
    """The value of each parameter if a setting, which holds there, did not: that of a later rule, or the optimizer's.

    The setting is not on the rate, the layer or frozenness.
    """
    axis, rules = applied.setting.axis, resolution.spec.rules
    others = {other.rule for other in resolution.applied_settings if other.setting.axis == axis}
    later = [rule for rule in sorted(others) if rule > applied.rule]
    for parameter in parameters:
        base = resolution.base_of(parameter)
        for rule in later:
            if parameter in resolution.selections[rule].parameters:
                yield next(setting.value for setting in settings(rules[rule], base) if setting.axis == axis)
                break
        else:
            yield _base_value(axis, base, resolution.spec.default)


def _base_value(axis: str, base: Optimizer, default: str) -> Any:
    values = {"weight_decay": base_decay(base), "scale": 1.0, "optimizer": default}
    return values[axis] if axis in values else base.options.get(axis.removeprefix("options."))
