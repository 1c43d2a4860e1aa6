"""The settings of a rule: the axes that it sets, and the values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lrspec.spec.axes import AXES
from lrspec.spec.language import Decay, Optimizer, Rule, SizeFactor

_MULTIPLES = ("lr_mult", "weight_decay_mult")
_BY_NAME = ("options", "tags")


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that a rule sets: the axis, its value, and the key of the rule that sets it.

    The value on `lr` and on `weight_decay` is the resulting number: multiples of the optimizer's are multiplied out.
    What depends on the shape or the layer of a parameter is a mapping of the spec until it is known on which parameter
    (`own_settings.py`); then it is a number, a time, true or false. `factor` is that of a shape, `missing` is true if
    the parameter has no such size.
    """

    axis: str
    value: Any
    key: tuple[str, ...]
    factor: float | None = None
    missing: bool = False

    @property
    def is_multiple(self) -> bool:
        """Return whether the value is a multiple of the optimizer's."""
        return self.key[0] in _MULTIPLES

    @property
    def decides(self) -> bool:
        """Return whether it decides the parameters to which it applies."""
        decides = self.axis in AXES and AXES[self.axis].decides
        return decides and (self.axis != "freeze" or self.value is True)


def settings(rule: Rule, optimizer: Optimizer) -> Iterator[Setting]:
    """The settings of a rule, one per axis; multipliers multiply the values of `optimizer`."""
    for axis in AXES.values():
        for key in axis.keys:
            value = getattr(rule, key)
            if value is None or key in _BY_NAME:
                continue
            if key in _MULTIPLES and not isinstance(value, SizeFactor):
                value *= getattr(optimizer, axis.name) or 0.0
            elif key == "layer_decay" and not isinstance(value, Decay):
                value = Decay(factor=value)
            yield Setting(axis.name, value, (key,))
    for key in _BY_NAME:
        for name, value in (getattr(rule, key) or {}).items():
            yield Setting(f"{key}.{name}", value, (key, name))


def comparable(value: Any) -> Any:
    """A value that is equal for equal settings: 1 equals 1.0, but `true` does not equal 1."""
    if isinstance(value, tuple):
        return tuple(comparable(item) for item in value)
    return (isinstance(value, bool), value)
