"""Finds what a spec gives to a model now that is not what is locked, as findings about the spec (LRS602 to LRS608)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path
from lrspec.diagnostics.wording import count, few
from lrspec.review.changes import (
    Change,
    Pair,
    Setting,
    axes_of,
    changed_values,
    changes,
    given_words,
    pattern,
    patterns,
)
from lrspec.review.lock.lock import LockedModel, rule_hashes
from lrspec.review.pairing.fusions import Fusion
from lrspec.review.pairing.pairing import Pairing, pair
from lrspec.review.pairing.renames import Rename, Replacement
from lrspec.review.sameness import are_same
from lrspec.review.snapshot import Entry, Snapshot
from lrspec.spec.axes import AXES
from lrspec.spec.load import SpecFile

_SHOWN = 5
"""The most patterns that a message lists."""


@dataclass(frozen=True)
class Differences:
    """What differs between a model of a lock and what a spec gives now.

    `rules` are the lock's hashes of rules, `model` is the place of the model in the spec, and `advice` the last line of
    each message.
    """

    locked: LockedModel
    rules: Mapping[str, str]
    file: SpecFile
    now: Snapshot
    model: Path
    advice: str

    @cached_property
    def pairing(self) -> Pairing:
        """What became of each parameter."""
        old, new = ([entry.parameter for entry in each.entries] for each in (self._old, self.now))
        return pair(old, new)

    @property
    def _old(self) -> Snapshot:
        return self.locked.snapshot

    def findings(self) -> Iterator[Finding]:
        """Return everything that differs; nothing if only rules have other names, or parameters another order."""
        if self._are_same():
            return
        yield from self._added()
        yield from self._gone()
        yield from map(self._renamed, self.pairing.renamed)
        yield from self._joined("LRS605", self.pairing.fused)
        yield from self._joined("LRS606", self.pairing.split)
        reshaped = [each for each in self.pairing.kept if self._is_reshaped(each)]
        if reshaped:
            yield self._reshaped(reshaped)
        others = {*reshaped, *chain.from_iterable(rename.pairs for rename in self.pairing.renamed)}
        pairs = self.pairing.pairs
        changed = self._changes([each for each in pairs if each not in others])
        yield from map(self._changed, changed)
        changed += self._changes([each for each in pairs if each in others])
        yield from self._base_changes({setting.key for each in changed for setting in each.settings})

    def _are_same(self) -> bool:
        """Whether all is the same, which is quick to tell."""
        old, now = self._old, self.now
        return (
            old.entries == now.entries
            and all(are_same(one.given, other.given) for one, other in zip(old.entries, now.entries, strict=True))
            and are_same((old.optimizers, old.schedules), (now.optimizers, now.schedules))
        )

    def _added(self) -> Iterator[Finding]:
        """One finding for all that are set by the same rules."""
        alike: dict[tuple[tuple[str, str], ...], list[Entry]] = {}
        for place in self.pairing.added:
            entry = self.now.entries[place]
            alike.setdefault((("", entry.given["status"]), *entry.set_by.items()), []).append(entry)
        for (_, *set_by), same in alike.items():
            rules = dict.fromkeys(rule for _, rule in set_by)
            names = self.file.spec.rule_names
            words = [f"`{name}`{', a fallback' * self.file.spec.rules[names.index(name)].fallback}" for name in rules]
            by = f", by {' and '.join(words)}" if words else ""
            verb, them = ("is", "it") if len(same) == 1 else ("are", "them")
            given = f"the spec gives {them} {given_words(same)}{by}"
            message = f"{count(len(same), 'parameter')} {verb} not in the lock: {given}"
            yield self._finding("LRS602", self.model, message, self._listed(same, self._old, "was tied to"), same)

    def _gone(self) -> Iterator[Finding]:
        gone = [self._old.entries[place] for place in self.pairing.gone]
        if gone:
            message = f"{count(len(gone), 'parameter')} of the lock {'is' if len(gone) == 1 else 'are'} gone"
            yield self._finding("LRS603", self.model, message, self._listed(gone, self.now, "is tied to"), gone)

    def _renamed(self, rename: Rename) -> Finding:
        entries = self._new(rename.pairs)
        message = f"{_replaced(rename, self._old, self.now)}{self._settings(rename.pairs)}"
        one, other = rename.pairs[0]
        old, new = self._old.entries[one].name, self.now.entries[other].name
        more = f" and {len(entries) - 1:,} more alike" if len(entries) > 1 else ""
        listed = [f"{printable(old)} is {printable(new)} now{more}"]
        return self._finding("LRS604", self.model, message, listed, entries)

    def _joined(self, code: str, joined: Sequence[Fusion]) -> Iterator[Finding]:
        """One finding for all fusions, or splits, whose names differ only in numbers."""
        fused = code == "LRS605"
        several, one = (self._old, self.now) if fused else (self.now, self._old)
        alike: dict[tuple[tuple[str, ...], str], list[Fusion]] = {}
        for each in joined:
            names = dict.fromkeys(pattern(several.entries[place].name) for place in each.parts)
            alike.setdefault((tuple(names), pattern(one.entries[each.whole].name)), []).append(each)
        for (parts, whole), same in alike.items():
            pairs = [(part, each.whole) if fused else (each.whole, part) for each in same for part in each.parts]
            times = f" ({len(same):,} ×)" if len(same) > 1 else ""
            pieces, whole = _quoted(parts), _quoted([whole])
            what = f"{pieces} were fused into {whole}" if fused else f"{whole} was split into {pieces}"
            yield self._finding(code, self.model, f"{what}{times}{self._settings(pairs)}", [], self._new(pairs))

    def _is_reshaped(self, each: Pair) -> bool:
        old, new = self._old.entries[each[0]].parameter, self.now.entries[each[1]].parameter
        return None not in (old.shape, new.shape) and old.shape != new.shape

    def _reshaped(self, pairs: Sequence[Pair]) -> Finding:
        verb = "has another shape" if len(pairs) == 1 else "have other shapes"
        message = f"{count(len(pairs), 'parameter')} {verb}{self._settings(pairs)}"
        shapes = [(self._old.entries[one], self.now.entries[other]) for one, other in pairs]
        listed = [
            f"{new.name} {list(old.parameter.shape or ())} → {list(new.parameter.shape or ())}" for old, new in shapes
        ]
        return self._finding("LRS607", self.model, message, listed, self._new(pairs))

    def _changed(self, change: Change) -> Finding:
        rule, path = self._place(change)
        verb = "has another setting" if len(change.pairs) == 1 else "have other settings"
        entries = self._new(change.pairs)
        message = f"{count(len(entries), 'parameter')} {verb}: {change}"
        return self._finding("LRS608", path, message, patterns(each.name for each in entries), entries, rule)

    def _changes(self, pairs: Iterable[Pair]) -> list[Change]:
        """What changed for some parameters; a setting is set by its optimizer where that alone has changed."""
        return [
            replace(change, settings=tuple(self._caused(setting, change.pairs[0]) for setting in change.settings))
            for change in changes(self._old, self.now, pairs)
        ]

    def _caused(self, setting: Setting, pair: Pair) -> Setting:
        was, now = ([hashes.get(name) for name in names] for hashes, names in self._rules_of(setting))
        if was != now or (path := self._base_path(setting.key, pair)) is None:
            return setting
        cause = (".".join(map(str, path)),)
        return replace(setting, was_set_by=cause, set_by=cause)

    def _rules_of(self, setting: Setting) -> tuple[tuple[Mapping[str, str], Sequence[str]], ...]:
        return (self.rules, setting.was_set_by), (self._hashes, setting.set_by)

    @cached_property
    def _hashes(self) -> Mapping[str, str]:
        return rule_hashes(self.file)

    def _base_path(self, key: str, pair: Pair) -> Path | None:
        """The path to a setting of an optimizer; None if the optimizer has not changed it."""
        key = key.removeprefix("options.")
        was, now = self._old.entries[pair[0]].given, self.now.entries[pair[1]].given
        if was.get("optimizer") != now.get("optimizer"):
            return None
        name = now.get("optimizer", self.file.spec.default)
        old, new = (each.optimizers.get(name, {}) for each in (self._old, self.now))
        return None if are_same(old.get(key), new.get(key)) else (*self.file.spec.base_path(name), key)

    def _place(self, change: Change) -> tuple[int | None, Path]:
        """The rule that sets what changed, and the key of it; else the key of the optimizer, `rules`, or the model."""
        setting = next((each for each in change.settings if each.set_by), None)
        if setting is None:
            return None, ("rules",) if any(each.was_set_by for each in change.settings) else self.model
        set_by = self.now.entries[change.pairs[0][1]].set_by
        axis = next((axis for axis in axes_of(setting.key) if set_by.get(axis) in setting.set_by), None)
        if axis is None:
            return None, self._base_path(setting.key, change.pairs[0]) or ("rules",)
        rule = self.file.spec.rule_names.index(set_by[axis])
        written = self.file.spec.rules[rule]
        keys = [key for key in AXES[axis.partition(".")[0]].keys if getattr(written, key) is not None]
        return rule, ("rules", rule, *keys[:1])

    def _base_changes(self, keys: set[str]) -> Iterator[Finding]:
        """What changed of an optimizer or a schedule as such; `keys` are those of settings that changed, too."""
        seen = {key.removeprefix("options.") for key in keys}
        for name, base in self.now.optimizers.items():
            old = self._old.optimizers.get(name, base)
            values = changed_values(old, base, [key for key in {**old, **base} if key not in seen])
            if values:
                path = self.file.spec.base_path(name)
                yield self._finding("LRS608", path, f"the optimizer `{printable(name)}` has changed: {values}")
        for name, segments in self.now.schedules.items():
            if not are_same(self._old.schedules.get(name, segments), segments):
                yield self._finding("LRS608", ("schedules", name), f"the schedule `{printable(name)}` has changed")

    def _settings(self, pairs: Sequence[Pair]) -> str:
        """What else changed for some parameters, in words."""
        changed = self._changes(pairs)
        if not changed:
            return ", with the same settings"
        all_of_them = {*changed[0].pairs} == {*pairs}
        which = "with other settings" if all_of_them else "some with other settings"
        return f", {which}: {few([*map(str, changed)], _SHOWN)}"

    def _new(self, pairs: Iterable[Pair]) -> list[Entry]:
        return [self.now.entries[place] for place in dict.fromkeys(other for _, other in pairs)]

    def _listed(self, entries: Sequence[Entry], others: Snapshot, tie: str) -> list[str]:
        """The names as patterns; before them those that are another name of a parameter of the other model."""
        index = others.inventory.index
        tied = {each.name: index[each.name] for each in entries if each.name in index}
        words = [f"{name} {tie} {others.entries[place].name}" for name, place in tied.items()]
        return words + patterns(each.name for each in entries if each.name not in tied)

    def _finding(
        self,
        code: str,
        path: Path,
        message: str,
        listed: Sequence[str] = (),
        entries: Iterable[Entry] = (),
        rule: int | None = None,
    ) -> Finding:
        lines = [message, *([few(listed, _SHOWN)] if listed else []), self.advice]
        return Finding(code, path, "\n".join(lines), rule, tuple(entry.name for entry in entries))


def _quoted(names: Sequence[str]) -> str:
    """Names in backticks, the first of them if there are many."""
    words = [f"`{printable(name)}`" for name in names]
    if len(words) > _SHOWN:
        return few(words, _SHOWN)
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), words[-1]])


def _replaced(rename: Rename, old: Snapshot, new: Snapshot) -> str:
    """What was replaced in names: `` `vision_model.` was removed from 198 names ``."""
    names = count(len(rename.pairs), "name")
    before, after = (printable(".".join(steps)) for steps in rename.replacement)
    if not after:
        return f"`{before}.` was removed from {names}"
    if not before:
        return f"`{after}.` was put before {names}"
    if len(rename.pairs) == 1:
        (one, other), *_ = rename.pairs
        return f"`{printable(old.entries[one].name)}` was renamed to `{printable(new.entries[other].name)}`"
    if inserted := _inserted(rename.replacement):
        return f"{inserted} {names}"
    return f"`{before}` was replaced by `{after}` in {names}"


def _inserted(replacement: Replacement) -> str | None:
    """The words for steps that came or went beside one that stays."""
    old, new = replacement
    for shorter, longer, verb in ((old, new, "inserted after `{}.` in"), (new, old, "removed after `{}.` from")):
        if len(shorter) == 1 and longer[:1] == shorter and len(longer) > 1:
            return f"`{printable('.'.join(longer[1:]))}.` was {verb.format(printable(shorter[0]))}"
    return None
