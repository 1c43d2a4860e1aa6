"""The parameters on which settings hold, and the values that parameters have without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lrspec.compiler.own_settings import OwnSettings
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.compiler.settings import settings
from lrspec.diagnostics.source import Path
from lrspec.spec.language import Optimizer, Spec
from lrspec.spec.torch_optim import DEFAULT_WEIGHT_DECAY


def held(resolution: Resolution, applied: AppliedSetting) -> Iterator[int]:
    """The trained parameters on which a setting holds."""
    winners = resolution.winners[applied.setting.axis] if applied.parameters else {}
    return (p for p in applied.parameters if winners[p] is applied and resolution.trainable(p))


def by_place(
    resolution: Resolution, meant: Callable[[Resolution, AppliedSetting], Iterable[int]]
) -> Iterator[tuple[AppliedSetting, list[int]]]:
    """The settings with a parameter that is meant, each with all of them.

    A setting that applies once for each value is one setting.
    """
    places: dict[tuple[int, Path], tuple[AppliedSetting, list[int]]] = {}
    for applied in resolution.applied_settings:
        place = (applied.rule, applied.setting.key)
        places.setdefault(place, (applied, []))[1].extend(meant(resolution, applied))
    yield from ((applied, parameters) for applied, parameters in places.values() if parameters)


def base_decay(optimizer: Optimizer) -> float:
    """The weight decay of an optimizer, or else of its class; 0 if the class is not known."""
    if optimizer.weight_decay is not None:
        return optimizer.weight_decay
    return DEFAULT_WEIGHT_DECAY.get(optimizer.type or "", 0.0)


def decay_of(resolution: Resolution, parameter: int) -> Any:
    """The weight decay of a parameter: that of a rule, or else of its optimizer."""
    applied = resolution.winner("weight_decay", parameter)
    return applied.setting.value if applied else base_decay(resolution.base_of(parameter))


def values_without(resolution: Resolution, applied: AppliedSetting, parameters: Iterable[int]) -> Iterator[Any]:
    """The value of each parameter if a setting, which holds there, did not: that of a later rule, or the optimizer's.

    The setting is not on the rate, the layer or frozenness.
    """
    axis, rules = applied.setting.axis, resolution.spec.rules
    others = {other.rule for other in resolution.applied_settings if other.setting.axis == axis}
    later = [rule for rule in sorted(others) if rule > applied.rule]
    for parameter in parameters:
        optimizers = {parameter: resolution.optimizer_of(parameter)}
        base = resolution.spec.bases[optimizers[parameter]]
        for rule in later:
            if parameter in resolution.selections[rule].parameters:
                own = OwnSettings(resolution.spec, rules[rule], resolution.columns, optimizers, None)
                later_one = next(setting for setting in settings(rules[rule], base) if setting.axis == axis)
                yield next(iter(own.by_value(later_one, [parameter]))).value
                break
        else:
            yield _base_value(axis, base, resolution.spec)


def _base_value(axis: str, base: Optimizer, spec: Spec) -> Any:
    if axis == "weight_decay":
        return base_decay(base)
    defaults = {"scale": 1.0, "optimizer": spec.default, "schedule": spec.default_schedule}
    return defaults[axis] if axis in defaults else base.options.get(axis.removeprefix("options."))
