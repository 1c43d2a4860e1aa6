"""The settings of a rule: the axes that it sets, and the values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lrspec.spec.axes import AXES
from lrspec.spec.language import Decay, Optimizer, Rule


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that a rule sets: the axis, its value, and the key of the rule that sets it.

    The value on `lr` and on `weight_decay` is the resulting number: multiples of the optimizer's are multiplied out.
    """

    axis: str
    value: Any
    key: tuple[str, ...]

    @property
    def is_multiple(self) -> bool:
        """Return whether the value is a multiple of the optimizer's."""
        return self.key in (("lr_mult",), ("weight_decay_mult",))

    @property
    def decides(self) -> bool:
        """Return whether it decides the parameters to which it applies."""
        return self.axis in AXES and AXES[self.axis].decides and self.value is not False


def settings(rule: Rule, optimizer: Optimizer) -> Iterator[Setting]:
    """The settings of a rule, one per axis; multipliers multiply the values of `optimizer`."""
    if rule.lr is not None:
        yield Setting("lr", rule.lr, ("lr",))
    if rule.lr_mult is not None:
        yield Setting("lr", (optimizer.lr or 0.0) * rule.lr_mult, ("lr_mult",))
    if rule.layer_decay is not None:
        decay = rule.layer_decay if isinstance(rule.layer_decay, Decay) else Decay(factor=rule.layer_decay)
        yield Setting("layer", decay, ("layer_decay",))
    if rule.lr_scale is not None:
        yield Setting("scale", rule.lr_scale, ("lr_scale",))
    if rule.weight_decay is not None:
        yield Setting("weight_decay", rule.weight_decay, ("weight_decay",))
    if rule.weight_decay_mult is not None:
        yield Setting("weight_decay", (optimizer.weight_decay or 0.0) * rule.weight_decay_mult, ("weight_decay_mult",))
    if rule.freeze is not None:
        yield Setting("freeze", rule.freeze, ("freeze",))
    if rule.optimizer is not None:
        yield Setting("optimizer", rule.optimizer, ("optimizer",))
    for name, value in (rule.options or {}).items():
        yield Setting(f"options.{name}", value, ("options", name))


def comparable(value: Any) -> Any:
    """A value that is equal for equal settings: 1 equals 1.0, but `true` does not equal 1."""
    if isinstance(value, tuple):
        return tuple(comparable(item) for item in value)
    return (isinstance(value, bool), value)
