"""Reads the groups of live optimizers: their first rates, weight decay and options, and what else is in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.drafting.live.described import Described
from lrspec.drafting.live.values import is_number, is_plain, plain_or_not, same_value
from lrspec.drafting.numbers import shortest
from lrspec.optim.verify.schedulers import Schedule
from lrspec.spec.language import ONLY
from lrspec.spec.torch_optim import NOT_OPTIONS

_SCHEDULERS = {"initial_lr", "initial_weight_decay", "max_lr", "min_lr", "swa_lr", "base_momentum", "max_momentum"}
KNOWN = NOT_OPTIONS | _SCHEDULERS | {"lr_scale"}
"""The keys of a group that are not options: torch's own, and those of schedulers."""


class GroupsError(BriefError):
    """The groups of an optimizer are such that no spec describes them; the text says why."""


class GroupValues(NamedTuple):
    """The rate, the weight decay and the options of a group."""

    rate: float
    decay: float | None
    options: dict[str, Any]


@dataclass(frozen=True, eq=False)
class LiveOptimizer:
    """An optimizer under its wrappers: its name in the spec, its class as a spec has it, and its groups."""

    name: str
    described: Described
    defaults: Mapping[str, Any]
    groups: Sequence[Mapping[str, Any]]
    schedules: Sequence[Schedule]
    inside: str = ""
    """The class of a Lookahead around it."""

    def label(self, number: int) -> str:
        """Return what to call a group: `group 3`, or `group 3 of `muon``."""
        return f"group {number}" if self.name == ONLY else f"group {number} of `{self.name}`"

    def values(self, number: int) -> GroupValues:
        """Return what a group starts from, without values that no spec can have; GroupsError if it has no rate."""
        rate, decay = self.rate(number), self._decay(number)
        for value, noun in ((rate, "learning rate"), (0.0 if decay is None else decay, "weight decay")):
            if value is None:
                raise GroupsError(f"{self.label(number)} has no {noun}, and a spec needs one ({self.described.type})")
            if not is_number(value) or value < 0:
                found = printable(str(value))
                raise GroupsError(f"{self.label(number)} has the {noun} {found}, and a spec needs one from 0 on")
        options = {key: value for key, value in self.options[number].items() if is_plain(value)}
        return GroupValues(float(rate), None if decay is None else shortest(float(decay)), options)

    def rate(self, number: int) -> Any:
        """Return the learning rate that a group starts from, before any schedule; None if it has none."""
        group, start = self.groups[number], self._scheduled(number)
        if start is None:
            start = next((group[key] for key in ("max_lr", "initial_lr", "lr") if key in group), None)
        rate, scale = plain_or_not(start), plain_or_not(self._scale(group))
        return rate if self.scaled_already or not (is_number(rate) and is_number(scale)) else rate * scale

    def _scheduled(self, number: int) -> Any:
        """The rate that a scheduler starts from in a group; one that moves between two rates has its height."""
        return next((bases[number] for bases in self._bases if number < len(bases)), None)

    @cached_property
    def _bases(self) -> list[Sequence[Any]]:
        own = sorted(self.schedules, key=lambda each: each.base != "`max_lr`")
        return [each.bases for each in own if each.bases is not None]

    @property
    def scales(self) -> bool:
        """True if groups have an `lr_scale`, by which timm's schedulers multiply."""
        return any(self._scale(group) != 1 for group in self.groups)

    def _scale(self, group: Mapping[str, Any]) -> Any:
        return 1.0 if "lr_scale" in self.described.arguments else group.get("lr_scale", 1.0)

    @cached_property
    def scaled_already(self) -> bool:
        """True if the rates are `lr_scale` times one number, as a training loop sets them that keeps no first ones."""
        if any("initial_lr" in group or self._scheduled(number) for number, group in enumerate(self.groups)):
            return False
        pairs = [(plain_or_not(group.get("lr")), plain_or_not(self._scale(group))) for group in self.groups]
        ones = [lr / scale for lr, scale in pairs if is_number(lr) and is_number(scale) and scale]
        apart = len({lr for lr, _ in pairs if is_number(lr)}) > 1
        return apart and len(ones) == len(pairs) and all(math.isclose(one, ones[0], rel_tol=1e-9) for one in ones)

    def _decay(self, number: int) -> Any:
        group = self.groups[number]
        return plain_or_not(group.get("initial_weight_decay", group.get("weight_decay")))

    @cached_property
    def options(self) -> list[dict[str, Any]]:
        """The arguments of the class that each group has; those that a scheduler moves as they were before."""
        return [self._options(number, group) for number, group in enumerate(self.groups)]

    def _options(self, number: int, group: Mapping[str, Any]) -> dict[str, Any]:
        found = {key: group[key] for key in self.described.arguments if key in group and key not in NOT_OPTIONS}
        for key in self.moved(number):
            first = self.defaults[key]
            found[key] = (first[0], *found[key][1:]) if key == "betas" else first
        return {key: plain_or_not(value) for key, value in found.items()}

    def moved(self, number: int) -> list[str]:
        """Return the options of a group that a scheduler moves: OneCycleLR and CyclicLR leave their limits there."""
        group = self.groups[number]
        moved = ("betas", "momentum") if "max_momentum" in group else ()
        return [key for key in moved if key in group and key in self.defaults and key in self.described.arguments]

    def not_plain(self) -> dict[str, Any]:
        """Return the options that no spec can have, unless they are the class's own, with one value of each."""
        found: dict[str, Any] = {}
        for options in self.options:
            for key, value in options.items():
                if not is_plain(value) and not same_value(value, self.described.arguments[key]):
                    found.setdefault(key, value)
        return found

    def strange_keys(self) -> list[str]:
        """Return the keys of groups that the class does not have, neither as arguments nor to note something."""
        known = {*KNOWN, *self.described.arguments, *self.defaults}
        return list(dict.fromkeys(str(key) for group in self.groups for key in group if key not in known))
