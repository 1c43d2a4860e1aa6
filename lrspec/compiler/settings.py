"""What a rule sets: an axis of a parameter's settings, and the value there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lrspec.spec.axes import AXES
from lrspec.spec.language import Decay, Optimizer, Rule


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that a rule sets: the axis, the value there, and the key of the rule that says so.

    The value on `lr` and on `weight_decay` is the resulting number, multiples of the optimizer's multiplied out.
    """

    axis: str
    value: Any
    key: tuple[str, ...]

    @property
    def is_multiple(self) -> bool:
        """Whether the value depends on the optimizer that it is a multiple of."""
        return self.key in (("lr_mult",), ("weight_decay_mult",))

    @property
    def decides(self) -> bool:
        """Whether a parameter that it reaches is decided."""
        return self.axis in AXES and AXES[self.axis].decides and self.value is not False


def settings(rule: Rule, optimizer: Optimizer) -> Iterator[Setting]:
    """All that a rule sets, an axis each; multiples are those of `optimizer`."""
    if rule.lr is not None:
        yield Setting("lr", rule.lr, ("lr",))
    if rule.lr_mult is not None:
        yield Setting("lr", (optimizer.lr or 0.0) * rule.lr_mult, ("lr_mult",))
    if rule.layer_decay is not None:
        yield Setting("layer", _decay(rule.layer_decay), ("layer_decay",))
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


def _decay(given: float | Decay) -> Decay:
    return given if isinstance(given, Decay) else Decay(factor=given)


def comparable(value: Any) -> Any:
    """A value such that equal settings are equal: true is no 1, while 1 is 1.0."""
    if isinstance(value, tuple):
        return tuple(comparable(item) for item in value)
    return (isinstance(value, bool), value)
