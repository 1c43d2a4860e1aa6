"""`Locked`: the lock of a spec as a baseline for checks, and for a plan that is about to train."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lrspec.compiler.compile import Outcome
from lrspec.compiler.plan import Plan
from lrspec.diagnostics.diagnostic import Diagnostic, Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.report import report
from lrspec.diagnostics.source import Path as Place
from lrspec.models.garbage import uncollected
from lrspec.models.inventory import Inventory
from lrspec.review.lock.differences import Differences
from lrspec.review.lock.lock import Lock, LockedModel, lock_path
from lrspec.review.lock.lock_file import load
from lrspec.review.lock.moved import since
from lrspec.review.lock.reader import LockError
from lrspec.review.lock.versions import versions
from lrspec.review.snapshot import of_plan
from lrspec.spec.language import ModelSource
from lrspec.spec.load import SpecFile
from lrspec.spec.locate import locate
from lrspec.spec.plain_values import MAPPING

_UPDATE = "If this is meant, run `lrspec lock --update`, and look at its `git diff`."
_ELSEWHERE = "If this is meant, run `lrspec lock --update` where the model can be built, and look at its `git diff`."
_OVERRIDDEN = (
    "A lock has no overrides. If this is meant, write what was overridden into the spec, run `lrspec lock --update`, "
    "and look at its `git diff`."
)
_NO_FILES = ("<stdin>", "<text>", MAPPING)
"""What specs are called that were not read from a file."""


@dataclass(frozen=True)
class Locked:
    """A spec and its lock, if it has one."""

    file: SpecFile
    lock: Lock | None

    @classmethod
    def of(cls, file: SpecFile) -> Locked:
        """Return a spec with its lock; LockError if that cannot be read."""
        with uncollected():
            return cls(file, load(lock_path(file.path)))

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The models that are not locked (LRS601)."""
        return locate(self._not_locked(), self.file.document, self.file.spec)

    def _not_locked(self) -> Iterator[Finding]:
        path, place = self.file.path, self._place(None)
        lock = printable(Path(lock_path(path)).name)
        if not self.file.spec.sources:
            advice = (
                "Name its model in `models`, or an inventory that `lrspec params` has saved, and run `lrspec lock`."
            )
            yield Finding("LRS601", place, f"the spec names no model, so it cannot be locked\n{advice}")
        elif self.lock is None and path in _NO_FILES:
            advice = "Name the spec, or give its path with --stdin-filename: its lock is beside it."
            yield Finding(
                "LRS601", place, f"the spec was not read from a file, so there is no lock beside it\n{advice}"
            )
        elif self.lock is None:
            advice = f"Run `lrspec lock {printable(shlex.quote(path))}`, and commit {lock}."
            yield Finding("LRS601", place, f"there is no {lock} beside the spec\n{advice}")
        else:
            missing = [model for model in self.file.spec.sources if not self.lock.model(model.source, model.args)]
            for model in missing:
                message = f"{lock} does not have the model {printable(model.source)} with these arguments"
                yield Finding("LRS601", self._place(model), f"{message}\n{_UPDATE}")

    def inventory(self, model: ModelSource) -> Inventory | None:
        """Return the inventory of a model in the lock."""
        locked = self.lock and self.lock.model(model.source, model.args)
        return locked.inventory if locked else None

    def compare(self, model: ModelSource, outcome: Outcome, saved: bool) -> tuple[Diagnostic, ...]:
        """Return what differs from the lock (LRS602 to LRS608).

        A model that the spec does not name is compared with the one that is most like it.
        """
        if self.lock is None or outcome.plan is None:
            return ()
        locked = self.lock.model(model.source, model.args)
        if locked is None and model not in self.file.spec.sources:
            locked = self.closest(outcome.plan.inventory)
        return self._compare(locked, outcome.plan, self._place(model), saved=saved) if locked else ()

    def compare_live(self, plan: Plan) -> tuple[Diagnostic, ...]:
        """Return what differs from the lock for a model that is there, whatever the spec calls it."""
        locked = self.closest(plan.inventory)
        return self._compare(locked, plan, self._place(None), saved=False) if locked else self.diagnostics

    def _compare(self, locked: LockedModel, plan: Plan, place: Place, *, saved: bool) -> tuple[Diagnostic, ...]:
        assert self.lock is not None
        installed = None if saved else versions(locked.source)
        with uncollected():
            now = of_plan(plan)
            todo = _OVERRIDDEN if plan.file.overrides else _ELSEWHERE if saved else _UPDATE
            advice = f"{since(self.lock, locked, plan.file, now, installed)} {todo}"
            differences = Differences(locked, self.lock.rules, plan.file, now, place, advice)
            return locate(differences.findings(), plan.file.document, plan.file.spec)

    def closest(self, inventory: Inventory) -> LockedModel | None:
        """Return the model of the lock that shares most names, and then most shapes, with an inventory."""
        names = {*inventory.columns.names}
        shapes = Counter(inventory.columns.shapes)

        def likeness(model: LockedModel) -> tuple[int, int]:
            columns = model.inventory.columns
            return len(names.intersection(columns.names)), (shapes & Counter(columns.shapes)).total()

        return max(self.lock.models, key=likeness, default=None) if self.lock else None

    def _place(self, model: ModelSource | None) -> Place:
        """The place of a model in the spec; of `models` for another one, or of `rules` if there is none."""
        spec = self.file.spec
        if not spec.sources:
            return ("rules",)
        several = isinstance(spec.models, tuple) and model in spec.sources
        return ("models", spec.sources.index(model)) if several and model else ("models",)


def require(plan: Plan) -> None:
    """Refuse a plan that is not what is locked.

    Raises:
        LockError: if the lock of its spec does not say what the plan does, cannot be read, or does not exist.
        ValueError: if the spec is a mapping or a text, which has no file.
    """
    if plan.path in _NO_FILES:
        raise ValueError("locked: the spec was not read from a file, so there is no lock beside it: pass its path")
    locked = Locked.of(plan.file)
    if found := locked.compare_live(plan):
        raise LockError(report(found, plan.file.document.text), found)
