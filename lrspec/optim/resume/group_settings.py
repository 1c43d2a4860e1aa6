"""Chooses the settings of a group whose parameters resume, the spec's or the checkpoint's, and compares the two.

What a scheduler has put into the saved groups is carried over: the rate that it started from becomes the spec's, and
the others keep their proportion to it, so that a scheduler made with `last_epoch=` continues where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lrspec.diagnostics.wording import SHOWN, few, value_words
from lrspec.optim.live.values import plain_value, same
from lrspec.optim.resume.result import ChangedSetting, ResumeError
from lrspec.optim.resume.saved_state import SavedParameter
from lrspec.optim.state_keys import HOW_TO_STEP

Values: TypeAlias = Mapping[str, Any]

_RATES = ("lr", "initial_lr", "max_lr", "min_lr")
_MOMENTA = ("base_momentum", "max_momentum")
_CYCLED = frozenset({"betas", "momentum"})
"""Settings that OneCycleLR and CyclicLR move besides the rates; they leave `max_momentum` in the group."""


@dataclass(frozen=True)
class NewGroup:
    """A group of an optimizer: its name, its settings now and by the plan, and its saved parameters.

    `scheduled` are the settings of the saved group whose schedule continues in this one, if there is one.
    """

    name: str
    now: Values
    planned: Values
    saved: Sequence[SavedParameter]
    scheduled: Values | None

    def with_the_specs(self) -> dict[str, Any]:
        """Return the plan's settings; other keys stay as the optimizer has them.

        A scheduler that is already attached has set its own keys from the plan's rates, and those stay. A number
        becomes a tensor if the optimizer has one (a rate that a captured graph reads).
        """
        unchanged = {"lr", *_cycled(self.now)} if "initial_lr" in self.now else set()
        settings = {**self.now, **{key: value for key, value in self.planned.items() if key not in unchanged}}
        if self.scheduled and not unchanged and "lr" in settings:
            lr, base = settings["lr"], plain_value(base_rate(self.scheduled))
            for key in _RATES:
                if key in self.scheduled:
                    settings[key] = lr * (plain_value(self.scheduled[key]) / base if base else 1.0)
            settings |= {key: self.scheduled[key] for key in _MOMENTA if key in self.scheduled}
        for key, value in settings.items():
            current: Any = self.now.get(key)
            if isinstance(value, int | float) and hasattr(current, "new_full"):
                settings[key] = current.new_full(tuple(current.shape), value)
        return settings

    def with_the_checkpoints(self) -> dict[str, Any]:
        """Return the settings that the parameters had (ResumeError if these differ); for only new ones, the spec's."""
        if not self.saved:
            return self.with_the_specs()
        first, *others = _of_each_old_group(self.saved)
        for other in others:
            differing = []
            for key in {**first.settings, **other.settings}:
                one, two = plain_value(first.settings.get(key)), plain_value(other.settings.get(key))
                if key not in HOW_TO_STEP and one != two:
                    differing.append(f"{key} {value_words(one)} and {value_words(two)}")
            if differing:
                raise ResumeError(
                    f"the group `{self.name}` cannot have the settings of the checkpoint: "
                    f"{few([first.name, other.name])} had different ones there, {', '.join(differing[:SHOWN])}\n"
                    'Resume with settings="spec", or have a rule put these parameters into two groups.'
                )
        how = {key: value for key, value in self.now.items() if key in HOW_TO_STEP}
        return {**self.now, **first.settings, **how}

    def differences(self) -> Iterator[ChangedSetting]:
        """The settings that differ between the checkpoint and the spec; base rates if a scheduler was attached."""
        old = [parameter.settings for parameter in _of_each_old_group(self.saved)]
        spec = {**self.now, **({"lr": base_rate(self.now)} if "lr" in self.now else {}), **self.planned}
        skipped = HOW_TO_STEP.union(_RATES[1:], _MOMENTA, _cycled(self.now), *map(_cycled, old))
        for key, value in spec.items():
            if key in skipped or not any(key in settings for settings in old):
                continue
            values: list[Any] = []  # each once; a list or a mapping cannot be in a set
            for settings in old:
                was = base_rate(settings) if key == "lr" else settings.get(key)
                if not any(same(was, other) for other in values):
                    values.append(was)
            if len(values) > 1 or not same(values[0], value):
                yield ChangedSetting(self.name, key, tuple(map(plain_value, values)), plain_value(value))


def schedule_of(
    group: Iterable[SavedParameter], optimizer: Sequence[SavedParameter], every: Iterable[SavedParameter]
) -> Values | None:
    """Return the settings of the saved group whose schedule continues in a group now, if there is one.

    It is one that the group's own parameters were in, otherwise one of its optimizer, otherwise any: preferably one
    with a rate, which tells how far along the schedule is. An optimizer that had no scheduler continues without.
    """
    if optimizer and not _scheduled(optimizer):
        return None
    candidates = [*_scheduled(group), *_scheduled(optimizer), *_scheduled(every)]
    return next((settings for settings in candidates if base_rate(settings)), candidates[0] if candidates else None)


def _scheduled(saved: Iterable[SavedParameter]) -> list[Values]:
    return [parameter.settings for parameter in _of_each_old_group(saved) if "initial_lr" in parameter.settings]


def base_rate(settings: Values) -> Any:
    """Return the learning rate that a scheduler multiplies or, without one, the constant rate."""
    return next((settings[key] for key in ("max_lr", "initial_lr", "lr") if key in settings), None)


def _of_each_old_group(saved: Iterable[SavedParameter]) -> list[SavedParameter]:
    """The first parameter of each old group: all parameters of a group have the same settings."""
    return list({id(parameter.settings): parameter for parameter in reversed(list(saved))}.values())[::-1]


def _cycled(settings: Values) -> frozenset[str]:
    return _CYCLED if "max_momentum" in settings else frozenset()
