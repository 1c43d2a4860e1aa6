"""Checks spec files, each in itself and against its models, in one process or several.

Whatever keeps a spec, or one of its models, from being checked is a `Failure` in the result; the rest is still checked.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lrspec.diagnostics.diagnostic import Diagnostic, ordered
from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Span, Text
from lrspec.interrupts import end_when, held, undoing
from lrspec.models.sources.model_error import ModelError, NoLibraryError
from lrspec.regex.work_limit import Work
from lrspec.spec.file_names import unreadable
from lrspec.spec.fix import fix_file
from lrspec.spec.language import ModelSource
from lrspec.spec.load import Reading, SpecFile, read_file
from lrspec.spec.locate import locate
from lrspec.spec.validation.validate import nothing_to_multiply

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from lrspec.compiler.compile import Outcome
    from lrspec.models.inventory import Inventory

_TICK = 0.02  # seconds; Python does not notice a signal that comes just as it begins to wait, until the wait is over
_PATIENCE = 2.0  # seconds for a process to end by itself: one that imports a library in C cannot at once


_OF_ALL_MODELS = frozenset({"LRS314"})
"""The codes of what is true of a spec only if it is true with each of its models."""


class CheckDepth(StrEnum):
    """The depth of a check: only documents, saved inventories as well, or also models that have to be built."""

    documents = "documents"
    inventories = "inventories"
    models = "models"


class Baseline(Protocol):
    """What a spec gave to its models at another time, for a check to compare with."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The findings that need no model."""

    def inventory(self, model: ModelSource) -> Inventory | None:
        """Return the inventory that a model had then, in place of one that is not built now."""

    def compare(self, model: ModelSource, outcome: Outcome, saved: bool) -> tuple[Diagnostic, ...]:
        """Return what differs for a model; with `saved`, its inventory is the one that it had then."""


@dataclass(frozen=True)
class CheckOptions:
    """The options of a check. Without `models` and `params`, specs are checked against their own models.

    `fix` first writes the safe suggestions into the files; without `cache`, every model is built. `baseline` returns
    what a spec is compared with, or raises BriefError; it must be picklable if there are several jobs.
    """

    models: tuple[ModelSource, ...] = ()
    params: tuple[str, ...] = ()
    depth: CheckDepth = CheckDepth.models
    outside: bool = False
    fix: bool = False
    cache: bool = True
    baseline: Callable[[SpecFile], Baseline] | None = None


@dataclass(frozen=True)
class Failure:
    """Something that could not be checked, the reason, and its place in the spec if it has one."""

    path: str
    message: str
    span: Span | None = None


@dataclass(frozen=True)
class CheckResult:
    """The result for one spec: the models that it was checked against, those skipped, findings and failures."""

    path: str
    text: Text
    sha256: str | None
    models: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    failures: tuple[Failure, ...] = ()
    fixed: int = 0


@dataclass(frozen=True)
class _Candidate:
    """A model to check a spec against, with the folder that its path is relative to.

    `span` is the place where the spec names the model; None for a model of the command line.
    """

    source: ModelSource
    folder: Path
    span: Span | None

    @property
    def words(self) -> str:
        """The source with all arguments, which tells models apart; only its beginning is shown."""
        args = ", ".join(f"{key}={json.dumps(value)}" for key, value in self.source.args.items())
        return f"{self.source.source} ({args})" if args else self.source.source

    @property
    def saved(self) -> Path | None:
        """The path of the saved inventory; None for other models."""
        name = self.source.source.removeprefix("params:")
        return None if name == self.source.source else self.folder / name

    @property
    def identity(self) -> str:
        """A text that tells models apart: many paths may lead to one inventory."""
        try:
            return self.words if self.saved is None else os.path.realpath(self.saved)
        except ValueError:  # a NUL
            return self.words

    @property
    def size(self) -> int:
        """The bytes of a saved inventory that a spec names; 0 for other models or if it is missing."""
        try:
            return self.saved.stat().st_size if self.saved and self.span else 0
        except (OSError, ValueError):
            return 0


class Checker:
    """Checks specs against the same models; each model is built once.

    Every method raises ModelError if a model of the command line cannot be built.
    """

    def __init__(self, options: CheckOptions) -> None:
        self._options = options
        self._inventories: dict[tuple[str, str, str], Inventory | ModelError] = {}

    def check_file(self, path: str) -> CheckResult:
        """Check the spec in a file."""
        try:
            fixed = fix_file(path) if self._options.fix else 0
            reading = read_file(path)
        except OSError as failure:
            return CheckResult(path, Text(""), None, failures=(Failure(path, unreadable(path, failure)),))
        return replace(self.check(reading), fixed=fixed)

    def check(self, reading: Reading) -> CheckResult:
        """Check a spec that has been read."""
        document = reading.document
        result = CheckResult(document.path, document.text, document.sha256)
        if reading.spec is None:
            return replace(result, diagnostics=reading.diagnostics)
        file = reading.file()
        try:
            baseline = self._options.baseline(file) if self._options.baseline else None
        except BriefError as error:
            return replace(result, failures=(Failure(file.path, str(error)),))
        wanted, skipped = list[_Candidate](), list[_Candidate]()
        for candidate in self._candidates(file):
            (wanted if self._is_wanted(candidate, baseline) else skipped).append(candidate)
        result = replace(result, skipped=tuple(printable(candidate.words) for candidate in skipped))
        if wanted:
            return self._with_models(result, file, wanted, baseline)
        findings = locate(nothing_to_multiply(file.spec), file.document, file.spec)
        return replace(result, diagnostics=ordered([*findings, *(baseline.diagnostics if baseline else ())]))

    def _is_wanted(self, candidate: _Candidate, baseline: Baseline | None) -> bool:
        depth = self._options.depth
        if depth is CheckDepth.inventories and candidate.saved is None:
            return baseline is not None and baseline.inventory(candidate.source) is not None
        return depth is not CheckDepth.documents

    def _with_models(
        self, result: CheckResult, file: SpecFile, candidates: list[_Candidate], baseline: Baseline | None
    ) -> CheckResult:
        from lrspec.compiler.compile import attempt  # these here, since a check of documents alone needs neither
        from lrspec.models.inventory_file import MOST_BYTES

        outcomes: dict[str, Outcome] = {}
        failures, work, bytes_left = list[Failure](), Work(), 2 * MOST_BYTES
        for candidate in candidates:
            try:
                bytes_left -= candidate.size
                if bytes_left < 0:
                    raise ModelError(f"the inventories of the spec have more than {2 * MOST_BYTES:,} bytes together")
                inventory, saved = self._inventory_or_saved(candidate, baseline)
                outcome = attempt(file, inventory, work=work, models=len(candidates))
                if baseline:
                    compared = baseline.compare(candidate.source, outcome, saved)
                    outcome = replace(outcome, diagnostics=ordered([*outcome.diagnostics, *compared]))
                outcomes[candidate.words] = outcome
            except ModelError as error:
                if candidate.span is None:
                    raise
                failures.append(Failure(file.path, str(error), candidate.span))
        findings = merge_findings(file, outcomes, complete=not (failures or result.skipped))
        if baseline:
            findings = ordered([*findings, *baseline.diagnostics])
        models = tuple(map(printable, outcomes))
        return replace(result, models=models, diagnostics=findings, failures=tuple(failures))

    def _inventory_or_saved(self, candidate: _Candidate, baseline: Baseline | None) -> tuple[Inventory, bool]:
        """The inventory of a candidate; that of the baseline, and true, for one that cannot be built here."""
        saved = baseline.inventory(candidate.source) if baseline and candidate.span and not candidate.saved else None
        if saved and self._options.depth is CheckDepth.inventories:
            return saved, True
        try:
            return self._inventory(candidate), False
        except NoLibraryError:
            if saved is None:
                raise
            return saved, True

    def _candidates(self, file: SpecFile) -> list[_Candidate]:
        """The models of the command line, or else the spec's own."""
        saved = [ModelSource(source=f"params:{path}") for path in self._options.params]
        if self._options.models or saved:
            return [_Candidate(source, Path(), None) for source in (*self._options.models, *saved)]
        different: dict[str, _Candidate] = {}
        for index, source in enumerate(file.spec.sources):
            candidate = _Candidate(source, Path(file.path).parent, file.model_span(index))
            different.setdefault(candidate.identity, candidate)
        return list(different.values())

    def _inventory(self, candidate: _Candidate) -> Inventory:
        """The inventory of a candidate; once its model could not be built, it is not tried again."""
        from lrspec.models.cached import cached_inventory_of

        own, model, folder = candidate.span is not None, candidate.source, candidate.folder
        key = (model.source, json.dumps(model.args), str(folder))
        if key not in self._inventories:
            outside = self._options.outside or not own
            try:
                self._inventories[key] = cached_inventory_of(
                    model.source, model.args, folder, run_code=not own, outside=outside, cache=self._options.cache
                )
            except ModelError as error:
                self._inventories[key] = error
        inventory = self._inventories[key]
        if isinstance(inventory, ModelError):
            raise inventory
        return inventory


def merge_findings(file: SpecFile, outcomes: dict[str, Outcome], *, complete: bool) -> tuple[Diagnostic, ...]:
    """The findings with any of the models, each once, with the models for which it is true.

    If the models are `complete`, findings that are true only of all of them together are included.
    """
    if not outcomes:
        return locate(nothing_to_multiply(file.spec), file.document, file.spec)
    models: dict[Diagnostic, list[str]] = {}
    for model, outcome in outcomes.items():
        for diagnostic in outcome.diagnostics:
            models.setdefault(diagnostic, []).append(printable(model))
    everywhere = len(outcomes) if complete else None
    models = {each: of for each, of in models.items() if each.code not in _OF_ALL_MODELS or len(of) == everywhere}
    if len(outcomes) == 1:
        return tuple(models)
    merged = [
        replace(each, models=() if each.code in _OF_ALL_MODELS else tuple(labels)) for each, labels in models.items()
    ]
    resolutions = [outcome.resolution for outcome in outcomes.values() if outcome.resolution]
    if complete and len(resolutions) == len(outcomes):
        from lrspec.compiler.checks.unused import unused_in_every_model

        merged += locate(unused_in_every_model(resolutions), file.document, file.spec)
    return ordered(merged)


class JobsError(RuntimeError):
    """A process that checked files was killed."""


def check_files(paths: Sequence[str], options: CheckOptions, jobs: int = 1) -> Iterator[CheckResult]:
    """Check each file; with several `jobs`, call it in the main thread only.

    JobsError if a process was killed, for example because memory ran out; ModelError as `Checker`.
    """
    unsafe = sys.flags.ignore_environment and not sys.flags.safe_path  # `python -E`: no process would start safely
    if jobs == 1 or len(paths) < 2 or unsafe:
        yield from map(Checker(options).check_file, paths)
        return
    import multiprocessing  # here, since most checks use one process, and these take long to import
    from concurrent.futures import ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")  # a fork would inherit threads in any state
    processes: list[BaseProcess] = []  # whoever calls this may have others
    with _environment() as before:
        pool = ProcessPoolExecutor(min(jobs, len(paths)), context, _begin, (options, before))
    with pool, undoing(lambda: _end_processes(processes)):  # if it fails, too: the pool would wait for its models
        with held(), _environment():
            try:
                results = [pool.submit(_check, path) for path in paths]
            finally:
                processes += pool._processes.values()
        try:
            for result in results:  # `map` would cancel the files of a killed process
                while not wait([result], _TICK).done:
                    pass
                yield result.result()
        except BrokenProcessPool:
            raise JobsError("a process that checked specs was killed; fewer --jobs need less memory") from None
        pool.shutdown(wait=False)
        while any(process.is_alive() for process in processes):
            time.sleep(_TICK)


@contextmanager
def _environment() -> Iterator[dict[str, str | None]]:
    """Set variables for the processes that multiprocessing starts, each as `python -c`; yields what they were before.

    None imports from the current folder; the one that removes what an interrupted pool leaves does not speak of it.
    """
    before = {name: os.environ.get(name) for name in ("PYTHONSAFEPATH", "PYTHONWARNINGS")}
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ["PYTHONWARNINGS"] = f"{before['PYTHONWARNINGS'] or ''},ignore:resource_tracker"
    try:
        yield before
    finally:
        _restore(before)


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def _end_processes(processes: Sequence[BaseProcess]) -> None:
    """End the processes of the pool; one that writes a file leaves nothing beside it, unless it takes too long."""
    give_up = time.monotonic() + _PATIENCE
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(max(0, give_up - time.monotonic()))
        process.kill()
        process.join()


_checker: Checker | None = None
"""The checker of a process of the pool, so that it builds each model once."""


def _begin(options: CheckOptions, before: dict[str, str | None]) -> None:
    global _checker  # the pool calls this first in each process
    end_when(signal.SIGTERM)
    _restore(before)  # a model may start processes, too
    _checker = Checker(options)


def _check(path: str) -> CheckResult:
    assert _checker is not None
    return _checker.check_file(path)
