"""The rows of a diff: settings that differ, by rule, and by layer where the factors of layers differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

from lrspec.compiler.plan import Status
from lrspec.diagnostics.wording import six_digits
from lrspec.models.parameters import Parameter
from lrspec.review.changes import Pair, Setting, changes
from lrspec.review.diff.difference import Difference
from lrspec.review.snapshot import Entry

NO_RULE = "no rule"
"""What sets something that is the optimizer's own, or the model's."""

_MOST_RUNS = 4
"""The most rows that one ladder is divided into."""


@dataclass(frozen=True)
class Row:
    """Settings that differ for some parameters, by the same rules; `layers` are those of a ladder."""

    settings: tuple[Setting, ...]
    parameters: tuple[Parameter, ...]
    layers: tuple[int, ...] = ()
    becomes: str | None = None
    """`frozen` or `thawed`, if that is what differs."""
    more: str = ""
    """More about the values."""

    @property
    def rules(self) -> list[str]:
        """The rules that decide now."""
        return _rules(setting.set_by for setting in self.settings)

    @property
    def label(self) -> str:
        """The rules that decide, and those that did if they are others."""
        now, before = ", ".join(self.rules), ", ".join(_rules(setting.was_set_by for setting in self.settings))
        return now if now == before else f"{now} (was {before})"

    def setting(self, key: str) -> Setting | None:
        """What differs of one setting."""
        return next((setting for setting in self.settings if setting.key == key), None)

    @property
    def words(self) -> str:
        """What differs."""
        words = self.becomes or "; ".join(map(str, self.settings))
        return f"{words} ({self.more})" if self.more else words


def _rules(setters: Iterable[Sequence[str]]) -> list[str]:
    return [*dict.fromkeys(rule for rules in setters for rule in rules or (NO_RULE,))]


@dataclass(frozen=True)
class _Part:
    """Parameters for which the same rules decide some settings."""

    settings: tuple[Setting, ...]
    pairs: tuple[Pair, ...]
    kind: str | None = None


def rows(difference: Difference) -> list[Row]:
    """The rows of what is in both models, in the order of their first parameters."""
    kinds: dict[str | None, list[Pair]] = {}
    for pair in sorted(place for change in difference.changes for place in change.places):
        kinds.setdefault(_kind(difference, pair), []).append(pair)
    parts = [part for kind, pairs in kinds.items() for part in _parts(difference, pairs, kind)]
    runs = [run for part in _joined(parts) for run in _runs(difference, part)]
    return [_row(difference, run) for run in sorted(runs, key=lambda run: run.pairs[0][1])]


def _kind(difference: Difference, pair: Pair) -> str | None:
    """`frozen`, `thawed`, or None for what trains in both; `still frozen` for what trains in neither."""
    old, new = difference.old.entries[pair[0]], difference.new.entries[pair[1]]
    if trains(old):
        return None if trains(new) else "frozen"
    return "thawed" if trains(new) else "still frozen"


def trains(entry: Entry) -> bool:
    """Return whether a parameter is in a group."""
    return Status(entry.given["status"]).trains


def _parts(difference: Difference, pairs: Sequence[Pair], kind: str | None) -> Iterator[_Part]:
    """The parts of each setting for itself; of what does not train, or did not, only the status counts."""
    found: dict[tuple[Any, ...], tuple[dict[Any, None], list[Pair]]] = {}
    for change in changes(difference.old, difference.new, pairs):
        for setting in change.settings:
            if kind is None or setting.key == "status":
                key = (setting.key, setting.was_set_by, setting.set_by)
                values, places = found.setdefault(key, ({}, []))
                values.update(dict.fromkeys(setting.values))
                places += change.pairs
    for (key, was_set_by, set_by), (values, places) in found.items():
        yield _Part((Setting(key, tuple(values), was_set_by, set_by),), tuple(sorted(places)), kind)


def _joined(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Join parts of the same rules and the same parameters."""
    same: dict[tuple[Any, ...], list[_Part]] = {}
    for part in parts:
        (setting,) = part.settings
        same.setdefault((setting.was_set_by, setting.set_by, part.pairs, part.kind), []).append(part)
    for each in same.values():
        yield replace(each[0], settings=tuple(setting for part in each for setting in part.settings))


def _row(difference: Difference, part: _Part) -> Row:
    entries = [difference.new.entries[place] for _, place in part.pairs]
    becomes = part.kind if part.kind in ("frozen", "thawed") else None
    on_ladder = any(setting.key == "lr" for setting in part.settings)
    layers = sorted({entry.layer[1] for entry in entries if entry.layer}) if on_ladder else ()
    more = _rates(difference, part) if becomes else _decays(difference, part) if len(layers) > 2 else ""
    return Row(part.settings, tuple(entry.parameter for entry in entries), tuple(layers), becomes, more)


def _rates(difference: Difference, part: _Part) -> str:
    """The rates at which something trains now, or did."""
    old, new = difference.old.entries, difference.new.entries
    frozen = part.kind == "frozen"
    given = [(old[one] if frozen else new[other]).given for one, other in part.pairs]
    rates = [each["lr"] for each in given if "lr" in each]
    if not rates:
        return ""
    ends = " to ".join(dict.fromkeys(map(six_digits, (min(rates), max(rates)))))
    return f"{'was ' if frozen else ''}lr {ends}"


def _decays(difference: Difference, part: _Part) -> str:
    """The factors from layer to layer before and after, if they are the same for all layers."""
    by_layer: dict[int, set[tuple[Any, Any]]] = {}
    for one, other in part.pairs:
        old, new = difference.old.entries[one], difference.new.entries[other]
        by_layer.setdefault(_layer(new), set()).add((old.given.get("lr"), new.given.get("lr")))
    rates = [(index, *by_layer[index].pop()) for index in sorted(by_layer) if len(by_layer[index]) == 1]
    if len(rates) != len(by_layer) or any(not rate for each in rates for rate in each[1:]):
        return ""
    factors = [
        {six_digits((lower[side] / upper[side]) ** (1 / (upper[0] - lower[0]))) for lower, upper in pairwise(rates)}
        for side in (1, 2)
    ]
    (before, *others), (after, *more) = factors
    return "" if others or more or before == after else f"a layer: × {before} → × {after}"


def _runs(difference: Difference, part: _Part) -> Iterator[_Part]:
    """A part for each run of layers whose rates have one factor; the whole part if these are not a few."""
    new = difference.new.entries
    in_order = sorted(part.pairs, key=lambda pair: _layer(new[pair[1]]))
    layers = [[*pairs] for _, pairs in groupby(in_order, key=lambda pair: _layer(new[pair[1]]))]
    runs: list[list[Pair]] = []
    before: str | None = None
    for layer in layers:
        factor = _factor(difference, layer)
        if runs and factor is not None and factor == before:
            runs[-1].extend(layer)
        else:
            runs.append([*layer])
        before = factor
    divide = any(setting.key == "lr" for setting in part.settings) and 1 < len(runs) <= min(_MOST_RUNS, len(layers) - 1)
    for run in runs if divide else ():
        for each in _joined(_parts(difference, run, part.kind)):
            settings = tuple(s for s in each.settings if any(s.key == wanted.key for wanted in part.settings))
            if settings:
                yield replace(each, settings=settings)
    if not divide:
        yield part


def _layer(entry: Entry) -> int:
    return entry.layer[1] if entry.layer else -1


def _factor(difference: Difference, pairs: Iterable[Pair]) -> str | None:
    """The factor between rates before and after, to six digits; None if there are several, or none."""
    old, new = difference.old.entries, difference.new.entries
    rates = [(old[one].given.get("lr", 0), new[other].given.get("lr", 0)) for one, other in pairs]
    factors = {six_digits(after / before) if before and after else None for before, after in rates}
    return factors.pop() if len(factors) == 1 else None
