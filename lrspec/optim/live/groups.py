"""Reads the groups of live optimizers: their first rates, weight decay and options, and what else is in them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lrspec.optim.live.schedules import LEFT_IN_GROUPS, Schedule
from lrspec.optim.live.signature import Signature
from lrspec.optim.live.values import identical, is_number, is_plain, plain_value
from lrspec.spec.language import ONLY
from lrspec.spec.torch_optim import NOT_OPTIONS

_SCHEDULERS = {"initial_lr", "initial_weight_decay", "max_lr", "min_lr", "swa_lr", "base_momentum", "max_momentum"}
KNOWN = NOT_OPTIONS | _SCHEDULERS | {"lr_scale", "group_name"}
"""The keys of a group that are neither options nor tags: torch's own, those of schedulers, mmengine's name."""


@dataclass(frozen=True, eq=False)
class LiveOptimizer:
    """An optimizer under its wrappers: its name in the spec, its class as a spec has it, and its groups."""

    name: str
    signature: Signature
    defaults: Mapping[str, Any]
    groups: Sequence[Mapping[str, Any]]
    schedules: Sequence[Schedule]
    inside: str = ""
    """The class of a Lookahead around it."""
    noted: Collection[Any] = ()
    """The keys that its steps set, to note something."""
    lost: Sequence[str] = ()
    """The arguments that it was made with, and that are not in its groups."""
    stepping: Any = None
    """The optimizer that steps, which has the state."""

    def label(self, number: int) -> str:
        """Return what to call a group: `group 3`, or `group 3 of `muon``."""
        return f"group {number}" if self.name == ONLY else f"group {number} of `{self.name}`"

    def rate(self, number: int) -> Any:
        """Return the learning rate that a group starts from, before any schedule; None if it has none."""
        rate, scale = self.base(number), plain_value(self._scale(self.groups[number]))
        return rate if self.scaled_already or not (is_number(rate) and is_number(scale)) else rate * scale

    def base(self, number: int) -> Any:
        """Return the rate that the schedule of a group is a multiple of, which `lr_scale` is not yet in.

        That is the first rate, or if it is not known, the present one.
        """
        first = self.first(number)
        return plain_value(self.groups[number].get("lr")) if first is None else first

    def first(self, number: int) -> Any:
        """Return the rate that a scheduler has for a group or has left in it; None if there is none."""
        group, rate = self.groups[number], self._schedule_rate(number)
        if rate is None:
            rate = next((group[key] for key in LEFT_IN_GROUPS if key in group), None)
        return plain_value(rate)

    def _schedule_rate(self, number: int) -> Any:
        return next((bases[number] for bases in self._bases if number < len(bases)), None)

    @cached_property
    def _bases(self) -> list[Sequence[Any]]:
        heights_first = sorted(self.schedules, key=lambda each: not each.is_height)
        return [each.bases for each in heights_first if each.bases is not None]

    @cached_property
    def trains(self) -> list[bool]:
        """For each group, whether something in it requires grad; it may be the loss's."""
        return [any(tensor.requires_grad for tensor in group["params"]) for group in self.groups]

    @property
    def scales(self) -> bool:
        """True if groups have an `lr_scale`, by which timm's schedulers multiply."""
        return any(self._scale(group) != 1 for group in self.groups)

    def _scale(self, group: Mapping[str, Any]) -> Any:
        return 1.0 if "lr_scale" in self.signature.arguments else group.get("lr_scale", 1.0)

    @cached_property
    def scaled_already(self) -> bool:
        """True if the rates are `lr_scale` times one number, as a training loop sets them that keeps no first ones."""
        if any("initial_lr" in group or self._schedule_rate(number) for number, group in enumerate(self.groups)):
            return False
        pairs = [(plain_value(group.get("lr")), plain_value(self._scale(group))) for group in self.groups]
        ones = [lr / scale for lr, scale in pairs if is_number(lr) and is_number(scale) and scale]
        apart = len({lr for lr, _ in pairs if is_number(lr)}) > 1
        return apart and len(ones) == len(pairs) and all(math.isclose(one, ones[0], rel_tol=1e-9) for one in ones)

    def decay(self, number: int) -> Any:
        """Return the weight decay that a group starts from, before any schedule; None if it has none."""
        group = self.groups[number]
        return plain_value(group.get("initial_weight_decay", group.get("weight_decay")))

    @cached_property
    def options(self) -> list[dict[str, Any]]:
        """The arguments of the class that each group has; those that a scheduler moves as they were before."""
        return [self._options(group) for group in self.groups]

    def _options(self, group: Mapping[str, Any]) -> dict[str, Any]:
        found = {key: group[key] for key in self.signature.arguments if key in group and key not in NOT_OPTIONS}
        for key in self._cycled(group):
            first = self.defaults[key]
            found[key] = (first[0], *found[key][1:]) if key == "betas" else first
        return {key: plain_value(value) for key, value in found.items()}

    def scheduled_options(self) -> list[str]:
        """Return the options that a scheduler moves in some group."""
        return list(dict.fromkeys(key for group in self.groups for key in self._cycled(group)))

    def _cycled(self, group: Mapping[str, Any]) -> list[str]:
        """The options that OneCycleLR and CyclicLR move, which leave their limits in a group."""
        keys = ("betas", "momentum") if "max_momentum" in group else ()
        return [key for key in keys if key in group and key in self.defaults and key in self.signature.arguments]

    def unfit_options(self) -> dict[str, Any]:
        """Return the options that no spec can have, unless they are the class's own, with one value of each."""
        found: dict[str, Any] = {}
        for options in self.options:
            for key, value in options.items():
                if not is_plain(value) and not identical(value, self.signature.arguments[key]):
                    found.setdefault(key, value)
        return found

    @cached_property
    def others(self) -> list[dict[str, Any]]:
        """The keys of each group that are not the class's own: those that a loop reads, or a step notes."""
        own = {*self.signature.arguments, *self.defaults}
        known = {*KNOWN, *own, *(f"initial_{key}" for key in own)}
        return [{key: plain_value(each[key]) for key in each if key not in known} for each in self.groups]
