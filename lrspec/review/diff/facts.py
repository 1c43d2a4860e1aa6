"""What differs besides the settings of parameters that are in both models, a line for what is alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from lrspec.diagnostics.wording import count, few, value_words
from lrspec.models.parameters import Shape
from lrspec.review.changes import Change, changes, given_words
from lrspec.review.diff.difference import Difference, Replaced
from lrspec.review.diff.names import Names, ranges
from lrspec.review.pairing.fusions import Fusion
from lrspec.review.sameness import differing
from lrspec.review.snapshot import Entry, Snapshot


class Fact(NamedTuple):
    """Something that differs: what became of which, and more about it. Nothing is escaped."""

    kind: str
    which: str
    more: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.which}{f' ({self.more})' if self.more else ''}"


def facts(difference: Difference) -> list[Fact]:
    """All that differs but for the settings of what is in both."""
    found = (_added, _gone, _fused, _split, _renamed, _reshaped, _tied, _moved, _optimizers, _schedules, _set_by)
    return list(chain.from_iterable(find(difference) for find in found))


def _added(difference: Difference) -> Iterator[Fact]:
    entries = [difference.new.entries[place] for place in difference.pairing.added]
    for given, names in _alike(entries, difference.new).items():
        yield Fact("added", names, given)


def _gone(difference: Difference) -> Iterator[Fact]:
    entries = [difference.old.entries[place] for place in difference.pairing.gone]
    for given, names in _alike(entries, difference.old).items():
        yield Fact("gone", names, f"had {given}")


def _alike(entries: Sequence[Entry], of: Snapshot) -> dict[str, str]:
    """Patterns for the names of what is given the same, with their number, by what it is given."""
    alike: dict[str, list[str]] = {}
    for entry in entries:
        alike.setdefault(_given(entry), []).append(entry.name)
    every = Names(entry.name for entry in of.entries) if entries else Names(())
    return {given: _counted(every.patterns(names), len(names)) for given, names in alike.items()}


def _counted(patterns: Sequence[str], number: int) -> str:
    return few(patterns) if number == 1 else f"{few(patterns)}: {count(number, 'parameter')}"


def _given(entry: Entry) -> str:
    """What a parameter is given, and by which rules."""
    rules = dict.fromkeys(entry.set_by.values())
    return ", ".join(filter(None, (given_words([entry]), f"set by {' and '.join(rules) or 'no rule'}")))


def _fused(difference: Difference) -> Iterator[Fact]:
    old, new = difference.old, difference.new
    for parts, wholes, more in _fusions(old, new, difference.pairing.fused, forward=True):
        yield Fact("fused", f"{parts} → {wholes}", more)


def _split(difference: Difference) -> Iterator[Fact]:
    old, new = difference.old, difference.new
    for parts, wholes, more in _fusions(new, old, difference.pairing.split, forward=False):
        yield Fact("split", f"{wholes} → {parts}", more)


def _fusions(
    several: Snapshot, one: Snapshot, fusions: Sequence[Fusion], *, forward: bool
) -> Iterator[tuple[str, str, str]]:
    """Patterns for parts and wholes, and how often, for those that are alike in names and in what changes."""
    alike: dict[tuple[tuple[str, ...], str], list[Fusion]] = {}
    for fusion in fusions:
        leaves = dict.fromkeys(several.entries[part].name.rpartition(".")[2] for part in fusion.parts)
        leaf = one.entries[fusion.whole].name.rpartition(".")[2]
        pairs = [(part, fusion.whole) if forward else (fusion.whole, part) for part in fusion.parts]
        words = "; ".join(map(str, changes(*((several, one) if forward else (one, several)), pairs)))
        alike.setdefault(((*leaves, leaf), words), []).append(fusion)
    for (_, words), same in alike.items():
        parts = ranges(several.entries[part].name for fusion in same for part in fusion.parts)
        wholes = ranges(one.entries[fusion.whole].name for fusion in same)
        times = [f"{len(same):,} ×"] if len(same) > 1 else []
        yield few(parts, 12).replace(", ", " + "), few(wholes), "; ".join([*times, *([words] if words else [])])


def _renamed(difference: Difference) -> Iterator[Fact]:
    for replacement, pairs in difference.pairing.renamed:
        old, new = (".".join(steps) for steps in replacement)
        if len(pairs) == 1:
            ((one, other),) = pairs
            yield Fact("renamed", f"{difference.old.entries[one].name} → {difference.new.entries[other].name}")
        else:
            step = _step_before(old, difference.old.entries[pairs[0][0]].name)
            which = " → ".join(".".join(filter(None, (step, steps))) or "…" for steps in (old, new))
            yield Fact("renamed", which, count(len(pairs), "parameter"))


def _step_before(steps: str, name: str) -> str:
    """The step of a name before some of its steps, which are where a step was inserted or dropped."""
    return f".{name}".partition(f".{steps}.")[0].rpartition(".")[2] if steps else ""


def _reshaped(difference: Difference) -> Iterator[Fact]:
    yield from _of_parameters(difference, "shape", "reshaped", _shape)


def _shape(shape: Shape | None) -> str:
    return "unknown" if shape is None else f"[{', '.join(map(str, shape))}]"


def _tied(difference: Difference) -> Iterator[Fact]:
    yield from _of_parameters(difference, "aliases", "other names", lambda aliases: ", ".join(aliases or ["none"]))


def _of_parameters(difference: Difference, key: str, kind: str, words: Any) -> Iterator[Fact]:
    alike: dict[str, list[str]] = {}
    for change in difference.changes:
        if key in change.before:
            names = [difference.new.entries[place].name for _, place in change.places]
            alike.setdefault(f"{words(change.before[key])} → {words(change.after[key])}", []).extend(names)
    for what, names in alike.items():
        yield Fact(kind, f"{few(ranges(names))}: {what}")


def _moved(difference: Difference) -> Iterator[Fact]:
    if difference.moved:
        yield Fact("order", "the parameters come in another order")


def _optimizers(difference: Difference) -> Iterator[Fact]:
    yield from _replaced("optimizer", difference.optimizers)


def _schedules(difference: Difference) -> Iterator[Fact]:
    yield from _replaced("schedule", difference.schedules)


def _replaced(kind: str, replaced: Iterable[Replaced]) -> Iterator[Fact]:
    for name, before, after in replaced:
        which = "" if name == kind else f"{name}: "
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            keys = differing(before, after)
            words = [f"{key} {plain(before.get(key))} → {plain(after.get(key))}" for key in keys]
            yield Fact(kind, f"{which}{', '.join(words)}")
        else:
            yield Fact(kind, f"{which}{plain(before)} → {plain(after)}")


def plain(value: Any) -> str:
    """A value of an optimizer or a schedule, as YAML has it in one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {plain(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(plain, value))}]"
    if value is None:
        return "not set"
    return value if isinstance(value, str) else value_words(value)


def _set_by(difference: Difference) -> Iterator[Fact]:
    """Parameters with the same settings, which other rules give to them now."""
    alike: dict[str, list[str]] = {}
    for change in difference.changes:
        if any(key.startswith("set_by.") for key in change.before) and not _sets(difference, change.places):
            before, after = (_rules(values) for values in (change.before, change.after))
            names = [difference.new.entries[place].name for _, place in change.places]
            alike.setdefault(f"{before} → {after}", []).extend(names)
    every = Names(entry.name for entry in difference.new.entries) if alike else Names(())
    for rules, names in alike.items():
        yield Fact("set by other rules", rules, _counted(every.patterns(names), len(names)))


def _sets(difference: Difference, places: Sequence[tuple[int, int]]) -> list[Change]:
    return changes(difference.old, difference.new, places[:1])


def _rules(values: Mapping[str, Any]) -> str:
    rules = dict.fromkeys(rule for key, rule in values.items() if key.startswith("set_by.") and rule)
    return ", ".join(rules) or "no rule"
