"""Finds what a spec gives to a model now that is not what is locked, as findings about the spec (LRS602 to LRS608)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path
from lrspec.diagnostics.wording import count, few
from lrspec.review.changes import Change, Pair, axes_of, changed_values, changes, given_words, pattern, patterns
from lrspec.review.lock.lock import LockedModel
from lrspec.review.pairing.fusions import Fusion
from lrspec.review.pairing.pairing import Pairing, pair
from lrspec.review.pairing.renames import Rename, Replacement
from lrspec.review.snapshot import Entry, Snapshot
from lrspec.spec.axes import AXES
from lrspec.spec.load import SpecFile

_SHOWN = 5
"""The most patterns that a message lists."""


@dataclass(frozen=True)
class Differences:
    """What differs between a model of a lock and what a spec gives now.

    `model` is the place of the model in the spec, and `advice` the last line of each message.
    """

    locked: LockedModel
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
        old, now = ((each.entries, each.optimizers, each.schedules) for each in (self._old, self.now))
        if old == now:
            return
        yield from self._added()
        yield from self._gone()
        yield from map(self._renamed, self.pairing.renamed)
        yield from self._joined("LRS605", self.pairing.fused)
        yield from self._joined("LRS606", self.pairing.split)
        reshaped = [each for each in self.pairing.kept if self._is_reshaped(each)]
        if reshaped:
            yield self._reshaped(reshaped)
        same_shape = {*self.pairing.kept} - {*reshaped}
        changed = changes(self._old, self.now, [each for each in self.pairing.kept if each in same_shape])
        yield from map(self._changed, changed)
        yield from self._base_changes()

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
        old, new = (
            each.entries[place].name for each, place in zip((self._old, self.now), rename.pairs[0], strict=True)
        )
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
            both = (f"{pieces} were fused into {whole}", f"{whole} was split into {pieces}")
            message = f"{both[not fused]}{times}{self._settings(pairs)}"
            yield self._finding(code, self.model, message, [], self._new(pairs))

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

    def _place(self, change: Change) -> tuple[int | None, Path]:
        """The rule that sets what changed, and the key of it; else the key of the optimizer, or `rules`."""
        set_by = self.now.entries[change.pairs[0][1]].set_by
        axes = (axis for setting in change.settings for axis in axes_of(setting.key) if axis in set_by)
        if (axis := next(axes, None)) is None:
            return None, self._base_place(change)
        rule = self.file.spec.rule_names.index(set_by[axis])
        written = self.file.spec.rules[rule]
        key = next(key for key in AXES[axis.partition(".")[0]].keys if getattr(written, key) is not None)
        return rule, ("rules", rule, key)

    def _base_place(self, change: Change) -> Path:
        given = self.now.entries[change.pairs[0][1]].given
        name = given.get("optimizer", self.file.spec.default)
        keys = [setting.key.removeprefix("options.") for setting in change.settings]
        key = next((key for key in keys if key in self.now.optimizers[name]), None)
        return (*self.file.spec.base_path(name), key) if key else ("rules",)

    def _base_changes(self) -> Iterator[Finding]:
        """What changed of an optimizer or a schedule as such: no parameter has it among its settings."""
        seen = {setting.key for each in changes(self._old, self.now, self.pairing.pairs) for setting in each.settings}
        seen |= {key.removeprefix("options.") for key in seen}
        for name, base in self.now.optimizers.items():
            old = self._old.optimizers.get(name, base)
            values = changed_values(old, base, [key for key in {**old, **base} if key not in seen])
            if values:
                path = self.file.spec.base_path(name)
                yield self._finding("LRS608", path, f"the optimizer `{printable(name)}` has changed: {values}")
        for name, segments in self.now.schedules.items():
            if self._old.schedules.get(name, segments) != segments:
                yield self._finding("LRS608", ("schedules", name), f"the schedule `{printable(name)}` has changed")

    def _settings(self, pairs: Sequence[Pair]) -> str:
        """What else changed for some parameters, in words."""
        changed = changes(self._old, self.now, pairs)
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
