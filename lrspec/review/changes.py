"""Which settings of parameters changed, those that changed alike together, and the words for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import few, six_digits, two_values
from lrspec.review.sameness import are_same, differing, hashable
from lrspec.review.snapshot import GIVEN, Entry, Snapshot

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
_NESTED = ("options", "tags")
_AXES = {"lr": ("lr", "layer", "scale"), "status": ("freeze",), "frozen_until": ("freeze",)}
"""The axes of a rule that decide a setting, if they are not called like it."""

_TRAIN = ("trained", "unmatched")
_LESS = ("status", "options")
"""What is not told of parameters that train, since it is the same for most."""

Pair = tuple[int, int]
"""The places of a parameter in an old and a new model."""

_Rules = tuple[tuple[str, ...], tuple[str, ...]]
"""The names of the rules that set something before, and of those that set it now."""


@dataclass(frozen=True)
class Setting:
    """A setting that changed: its different values, old and new, and the rules that set it then and now.

    A value is None if it was or is not set. The key is one of the JSON plan: `lr`, `status`, `options.betas`.
    """

    key: str
    values: tuple[tuple[Any, Any], ...]
    was_set_by: tuple[str, ...]
    set_by: tuple[str, ...]

    def __str__(self) -> str:
        """`lr 0.001 → 0.0005`, and `lr × 0.5 (1e-5 to 0.001 → 5e-6 to 0.0005)` if it has several values."""
        if len(self.values) == 1:
            (old, new), *_ = self.values
            one, other = two_values(_written(old), _written(new)) if None not in (old, new) else (_one(old), _one(new))
            return f"{printable(self.key)} {one} → {other}"
        old, new = ([each[side] for each in self.values] for side in (0, 1))
        change = f"{_several(old)} → {_several(new)}"
        ratio = _ratio(self.values)
        return f"{printable(self.key)} {change}" if ratio is None else f"{printable(self.key)} × {ratio} ({change})"


@dataclass(frozen=True)
class Change:
    """Settings that changed, set by the same rules, of these parameters; at least one setting."""

    settings: tuple[Setting, ...]
    pairs: tuple[Pair, ...]

    def __str__(self) -> str:
        """`lr 0.001 → 0.0005 (set by `head`), weight_decay 0 → 0.05 (set by `norms` now, by `rest` before)`."""
        return ", ".join(f"{', '.join(map(str, same))}{_by(*_setters_of(same))}" for same in _same_rules(self.settings))


def _same_rules(settings: Sequence[Setting]) -> list[list[Setting]]:
    """Settings side by side that the same rules set, where any does."""
    groups: list[list[Setting]] = []
    for setting in settings:
        if groups and _fit(_setters_of(groups[-1]), _setters_of([setting])):
            groups[-1].append(setting)
        else:
            groups.append([setting])
    return groups


def _fit(one: _Rules, other: _Rules) -> bool:
    return one == other or (
        any(one) and any(other) and all(not a or not b or a == b for a, b in zip(one, other, strict=True))
    )


def _setters_of(settings: Iterable[Setting]) -> _Rules:
    """The rules that set some settings before, and now."""
    was, now = zip(*((setting.was_set_by, setting.set_by) for setting in settings), strict=True)
    return tuple(dict.fromkeys(chain(*was))), tuple(dict.fromkeys(chain(*now)))


def _by(before: Sequence[str], now: Sequence[str]) -> str:
    """The words for what sets some settings now, and what set them before."""
    if before == now:
        return f" (set by {_rules(now)})" if now else ""
    return f" (set by {_rules(now) or 'no rule'} now, by {_rules(before) or 'no rule'} before)"


def changes(old: Snapshot, new: Snapshot, pairs: Iterable[Pair]) -> list[Change]:
    """Return what changed for some parameters: one change for all that the same rules set, then and now."""
    alike: dict[tuple[Any, ...], list[Pair]] = {}
    for one, other in pairs:
        if kind := tuple(_changed(old.entries[one], new.entries[other])):
            alike.setdefault(kind, []).append((one, other))
    return [Change(tuple(_settings(old, new, kind, same)), tuple(same)) for kind, same in alike.items()]


def _changed(old: Entry, new: Entry) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The keys of the settings that differ, and the rules that set them then and now."""
    if are_same(old.given, new.given):
        return
    was, now = _flat(old.given), _flat(new.given)
    for key in sorted(differing(was, now), key=_order):
        yield key, _setters(old, key), _setters(new, key)


def _order(key: str) -> tuple[int, str]:
    return GIVEN.index(key.partition(".")[0]), key


def _settings(old: Snapshot, new: Snapshot, kind: Sequence[Any], pairs: Sequence[Pair]) -> Iterator[Setting]:
    both = [(_flat(old.entries[one].given), _flat(new.entries[other].given)) for one, other in pairs]
    for key, before, now in kind:
        given = ((_written(was.get(key)), _written(is_now.get(key))) for was, is_now in both)
        yield Setting(key, tuple({hashable(pair): pair for pair in given}.values()), before, now)


def _setters(entry: Entry, key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.set_by[axis] for axis in axes_of(key) if axis in entry.set_by))


def axes_of(key: str) -> tuple[str, ...]:
    """Return the axes of a rule that decide a setting, as in `set_by`."""
    return _AXES.get(key, (key,))


def _flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with each option and each tag for itself: `options.betas`."""
    flat = {key: value for key, value in given.items() if key not in _NESTED}
    return flat | {f"{key}.{name}": value for key in _NESTED for name, value in given.get(key, {}).items()}


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return json.dumps(value)
    return tuple(map(_written, value)) if isinstance(value, list | tuple) else value


def _one(value: Any) -> str:
    return "not set" if value is None else six_digits(_written(value))


def _several(values: Sequence[Any]) -> str:
    """The lowest and the highest of some numbers, or the values, each once."""
    if all(isinstance(value, int | float) for value in values):
        values = [min(values), max(values)]
    words = list(dict.fromkeys(map(_one, values)))
    return " to ".join(words) if len(words) == 2 else ", ".join(words)


def _ratio(values: Sequence[tuple[Any, Any]]) -> str | None:
    """The factor between old and new numbers, if all have the same one."""
    if not all(isinstance(old, float) and isinstance(new, float) and old for old, new in values):
        return None
    ratios = {_one(new / old) for old, new in values}
    return ratios.pop() if len(ratios) == 1 else None


def _rules(names: Iterable[str]) -> str:
    return " and ".join(f"`{printable(name)}`" for name in dict.fromkeys(names))


def pattern(name: str) -> str:
    """Return a name with `*` for each number between dots: `blocks.*.norm1.weight`."""
    return _NUMBER.sub("*", name)


def patterns(names: Iterable[str]) -> list[str]:
    """Return names in a few words: `blocks.*.norm1.weight (12 ×)` for those that differ in numbers between dots."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(pattern(name), []).append(name)
    return [same[0] if len(same) == 1 else f"{pattern} ({len(same):,} ×)" for pattern, same in alike.items()]


def given_words(entries: Sequence[Entry]) -> str:
    """Return what parameters are given, in words: `lr 1e-5 to 0.001, weight_decay 0.05`."""
    if not all(entry.given["status"] in _TRAIN for entry in entries):
        return few(list(dict.fromkeys(entry.given["status"] for entry in entries)))
    flat = [_flat(entry.given) for entry in entries]
    keys = sorted({key for each in flat for key in each if not key.startswith(_LESS)}, key=_order)
    return ", ".join(f"{printable(key)} {_several([each.get(key) for each in flat])}" for key in keys)


def changed_values(old: Mapping[str, Any], new: Mapping[str, Any], keys: Iterable[str]) -> str:
    """Return which values of two mappings differ, in words; empty if none does."""
    changed = {*differing(old, new)}
    return ", ".join(str(Setting(key, ((old.get(key), new.get(key)),), (), ())) for key in keys if key in changed)
