"""Makes the lock of a spec from what compiles now, and says how it differs from the one that is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lrspec.compiler.compile import Outcome
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.wording import count
from lrspec.files import is_file
from lrspec.models.inventory_file import MOST_BYTES, MOST_NAMES
from lrspec.review.lock.differences import Differences
from lrspec.review.lock.lock import Lock, LockedModel, lock_path, rule_hashes
from lrspec.review.lock.lock_file import read, text_of
from lrspec.review.lock.moved import OTHER_PARAMETERS, library_moves, model_moves, spec_moves
from lrspec.review.lock.reader import LockError, parse
from lrspec.review.lock.versions import versions
from lrspec.review.snapshot import of_plan
from lrspec.spec.file_names import ENDINGS
from lrspec.spec.language import ModelSource
from lrspec.spec.load import SpecFile

_KINDS = {"LRS602": "added", "LRS603": "gone", "LRS604": "renamed", "LRS605": "fused", "LRS606": "split"}
_KINDS |= {"LRS607": "reshaped", "LRS608": "with other settings"}


class NotLockableError(BriefError):
    """A spec cannot be locked, though it has no errors."""


@dataclass
class Making:
    """The models of a spec, collected by a check that takes this for its baseline."""

    file: SpecFile
    models: list[LockedModel] = field(default_factory=list)
    diagnostics: tuple[Diagnostic, ...] = ()

    def inventory(self, _: ModelSource) -> None:
        """What compiles now is locked: no other inventory takes the place of a model."""

    def compare(self, model: ModelSource, outcome: Outcome, _: bool) -> tuple[Diagnostic, ...]:
        """Take what a model is given."""
        if outcome.plan is not None:
            now, args = of_plan(outcome.plan), json.loads(json.dumps(model.args))
            fingerprint = outcome.plan.inventory.fingerprint
            self.models.append(LockedModel(model.source, args, versions(model.source), now, fingerprint))
        return ()

    def lock(self) -> Lock:
        """Return the lock; NotLockableError if the spec has no models, too large ones, or another's lock."""
        path = lock_path(self.file.path)
        if not self.models:
            raise NotLockableError("the spec names no model: add `models`, or an inventory that `lrspec params` saves")
        stem = path.removesuffix(".lrspec.lock")
        others = [f"{stem}{end}" for end in ENDINGS if is_file(Path(f"{stem}{end}"))]
        if len(others) > 1:
            raise NotLockableError(f"{' and '.join(others)} have one lock: rename one of them")
        if sum(model.inventory.columns.count_names() for model in self.models) > MOST_NAMES:
            raise NotLockableError(f"its models have more than {MOST_NAMES:,} names, the most that a lock may have")
        first = self.models[0].snapshot
        return Lock(path, rule_hashes(self.file), tuple(self.models), first.optimizers, first.schedules)


@dataclass(frozen=True)
class Renewal:
    """The text of a lock, and what is there now; None if there is no lock yet."""

    file: SpecFile
    new: Lock
    text: str
    old: str | None

    @classmethod
    def of(cls, making: Making) -> Renewal:
        """Compare what was made with the file; NotLockableError as `Making.lock`, LockError as `read`."""
        lock = making.lock()
        text = text_of(lock)
        if len(text) > MOST_BYTES:
            raise NotLockableError(f"its lock would have more than {MOST_BYTES:,} bytes")
        old = read(lock.path)
        return cls(making.file, lock, text, None if old is None else old.decode(errors="replace"))

    @property
    def is_current(self) -> bool:
        """Return whether what is there differs in nothing but versions of libraries."""
        return self.old is not None and _without_versions(self.old) == _without_versions(self.text)

    def __str__(self) -> str:
        """`created`, `unchanged`, or `updated (…)` with what changed."""
        if self.old is None:
            return "created"
        return "unchanged" if self.old == self.text else f"updated ({self._what()})"

    def _what(self) -> str:
        try:
            old = parse(self.old or "", self.new.path)
        except LockError:
            return "the old lock cannot be read"
        words = [*self._models(old), *spec_moves(old, self.file, self.new.models[0].snapshot), *self._known(old)]
        libraries = dict.fromkeys(
            move
            for model in self.new.models
            if (before := old.model(model.source, model.args))
            for move in library_moves(before.versions, model.versions)
        )
        return "; ".join([*dict.fromkeys(words), *libraries]) or "its text alone"

    def _known(self, old: Lock) -> Iterator[str]:
        """What changed, but is no finding: in models with the same parameters, and in rules with the same values."""
        for model in self.new.models:
            if before := old.model(model.source, model.args):
                yield from (each for each in model_moves(before.snapshot, model.snapshot) if each != OTHER_PARAMETERS)
        if sorted(old.rules.values()) == sorted(self.new.rules.values()) and [*old.rules] != [*self.new.rules]:
            yield "the rules have other names or another order"

    def _models(self, old: Lock) -> Iterator[str]:
        """What changed in the models: parameters are counted over all of them."""
        names: dict[str, int] = {}
        for model in self.new.models:
            before = old.model(model.source, model.args)
            if before is None:
                yield f"model {model.source} added"
                continue
            for finding in Differences(before, old.rules, self.file, model.snapshot, (), "").findings():
                names[finding.code] = names.get(finding.code, 0) + len(finding.parameters)
        for model in old.models:
            if self.new.model(model.source, model.args) is None:
                yield f"model {model.source} removed"
        yield from (f"{count(number, 'parameter')} {_KINDS[code]}" for code, number in names.items() if number)


def _without_versions(text: str) -> list[str]:
    return [block for block in text.split("\n\n") if not block.startswith("library ")]
