"""The settings of a group whose parameters resume: the spec's, or the checkpoint's, and where these differ.

What a scheduler has put into the saved groups goes on: the rate that it started from becomes the spec's, and the others
keep their proportion to it, so that a scheduler made with `last_epoch=` goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lrspec.diagnostics.wording import SHOWN, few, value_words
from lrspec.optim.live_values import plain_value, same
from lrspec.optim.resume.result import ChangedSetting, ResumeError
from lrspec.optim.resume.saved_state import SavedParameter
from lrspec.optim.state_keys import HOW_TO_STEP

Values: TypeAlias = Mapping[str, Any]

_RATES = ("lr", "initial_lr", "max_lr", "min_lr")
_MOMENTA = ("base_momentum", "max_momentum")
_OF_SCHEDULERS = frozenset((*_RATES[1:], *_MOMENTA))
_CYCLED = frozenset({"betas", "momentum"})
"""What OneCycleLR and CyclicLR move besides the rates; they leave `max_momentum` in the group."""


@dataclass(frozen=True)
class NewGroup:
    """A group of an optimizer: its name, its settings now and by the plan, and what was saved of its parameters.

    `scheduled` are the settings of the saved group whose schedule goes on in this one, if there is one.
    """

    name: str
    now: Values
    planned: Values
    saved: Sequence[SavedParameter]
    scheduled: Values | None

    def with_the_specs(self) -> dict[str, Any]:
        """The plan's settings; other keys stay as the optimizer has them.

        A scheduler that is attached already has made of the plan's rates what holds now, and that stays.
        """
        held = {"lr", *_cycled(self.now)} if "initial_lr" in self.now else set()
        settings = {**self.now, **{key: value for key, value in self.planned.items() if key not in held}}
        if self.scheduled and not held and "lr" in settings:
            settings |= _gone_on(settings["lr"], self.scheduled)
        return {key: _like(self.now.get(key), value) for key, value in settings.items()}

    def with_the_checkpoints(self) -> dict[str, Any]:
        """The settings that the parameters had; of a group that has only new ones, the spec's.

        Raises:
            ResumeError: where they had different ones.
        """
        if not self.saved:
            return self.with_the_specs()
        first, *others = _of_each_old_group(self.saved)
        for other in others:
            if keys := _differing(first.settings, other.settings):
                raise ResumeError(self._both(first, other, keys))
        how = {key: value for key, value in self.now.items() if key in HOW_TO_STEP}
        return {**self.now, **first.settings, **how}

    def differences(self) -> Iterator[ChangedSetting]:
        """What differs between the checkpoint and the spec; of rates, those that a scheduler started from."""
        old = [each.settings for each in _of_each_old_group(self.saved)]
        spec = {**self.now, **({"lr": base_rate(self.now)} if "lr" in self.now else {}), **self.planned}
        unknown = HOW_TO_STEP | _OF_SCHEDULERS | _cycled(self.now).union(*map(_cycled, old))
        for key, value in spec.items():
            if key in unknown or not any(key in each for each in old):
                continue
            values = _distinct(base_rate(each) if key == "lr" else each.get(key) for each in old)
            if len(values) > 1 or not same(values[0], value):
                yield ChangedSetting(self.name, key, tuple(map(plain_value, values)), plain_value(value))

    def _both(self, one: SavedParameter, other: SavedParameter, keys: Sequence[str]) -> str:
        had = ", ".join(f"{key} {_words(one, key)} and {_words(other, key)}" for key in keys[:SHOWN])
        return (
            f"the group `{self.name}` cannot have the settings of the checkpoint: "
            f"{few([one.name, other.name])} had different ones there, {had}\n"
            'Resume with those of the spec (settings="spec"), or have a rule put these parameters into two groups.'
        )


def schedule_of(
    group: Iterable[SavedParameter], optimizer: Sequence[SavedParameter], every: Iterable[SavedParameter]
) -> Values | None:
    """The settings of the saved group whose schedule goes on in a group now, if there is one.

    That is one that its own parameters were in, or else others of its optimizer, or else any: one with a rate, of which
    it can be told how far along the schedule is. An optimizer that no scheduler was attached to goes on without.
    """
    if optimizer and not _scheduled(optimizer):
        return None
    found = [*_scheduled(group), *_scheduled(optimizer), *_scheduled(every)]
    return next((each for each in found if base_rate(each)), found[0] if found else None)


def _scheduled(saved: Iterable[SavedParameter]) -> list[Values]:
    return [each.settings for each in _of_each_old_group(saved) if "initial_lr" in each.settings]


def base_rate(settings: Values) -> Any:
    """The learning rate that a scheduler multiplies, or that is constant where there is none."""
    return next((settings[key] for key in ("max_lr", "initial_lr", "lr") if key in settings), None)


def _gone_on(lr: Any, saved: Values) -> dict[str, Any]:
    """The rates of a group that was scheduled, as they would be if it had started from this one."""
    base = plain_value(base_rate(saved))
    rates = {key: lr * (plain_value(saved[key]) / base if base else 1.0) for key in _RATES if key in saved}
    return {**rates, **{key: saved[key] for key in _MOMENTA if key in saved}}


def _of_each_old_group(saved: Iterable[SavedParameter]) -> list[SavedParameter]:
    """The first parameter of each old group: those of one have the same settings."""
    return list({id(each.settings): each for each in reversed(list(saved))}.values())[::-1]


def _cycled(settings: Values) -> frozenset[str]:
    return _CYCLED if "max_momentum" in settings else frozenset()


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Each of some values once; a list or a mapping cannot be in a set."""
    found: list[Any] = []
    for value in values:
        if not any(same(value, each) for each in found):
            found.append(value)
    return found


def _differing(one: Values, other: Values) -> list[str]:
    return [
        key
        for key in {**one, **other}
        if key not in HOW_TO_STEP and plain_value(one.get(key)) != plain_value(other.get(key))
    ]


def _words(saved: SavedParameter, key: str) -> str:
    return value_words(plain_value(saved.settings.get(key)))


def _like(now: Any, value: Any) -> Any:
    """A value as a tensor, where the optimizer has one (a rate that a captured graph reads)."""
    is_number = isinstance(value, int | float)
    return now.new_full(tuple(now.shape), value) if is_number and hasattr(now, "new_full") else value
