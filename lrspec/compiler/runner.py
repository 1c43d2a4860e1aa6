"""Checks specs, one file after the other: what is wrong with each in itself, and for the models that it is for.

Whatever keeps a spec, or one of its models, from being checked is a `Failure` in the result; the rest goes on.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from lrspec.compiler.checks.unused import unused_in_every_model
from lrspec.compiler.compile import Outcome, attempt
from lrspec.diagnostics.diagnostic import Diagnostic, ordered
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Span, Text
from lrspec.files import system_reason
from lrspec.models.cached import cached_inventory_of
from lrspec.models.inventory import Inventory
from lrspec.models.sources.model_error import ModelError
from lrspec.regex.work_limit import Work
from lrspec.spec.fix import fix_file
from lrspec.spec.language import ModelSource
from lrspec.spec.load import Reading, SpecFile, read_file
from lrspec.spec.locate import locate
from lrspec.spec.validation.validate import nothing_to_multiply


class CheckDepth(StrEnum):
    """How far a check goes: documents alone, saved inventories as well, or models that have to be built as well."""

    documents = "documents"
    inventories = "inventories"
    models = "models"


@dataclass(frozen=True)
class CheckOptions:
    """What specs are checked against: models and inventories of the command line, or else the specs' own.

    With `fix` what is surely meant is written into them before; without `cache` every model is built.
    """

    models: tuple[ModelSource, ...] = ()
    params: tuple[str, ...] = ()
    depth: CheckDepth = CheckDepth.models
    outside: bool = False
    fix: bool = False
    cache: bool = True


@dataclass(frozen=True)
class Failure:
    """Something that could not be checked, and why; its place in the spec, where it has one."""

    path: str
    message: str
    span: Span | None = None


@dataclass(frozen=True)
class CheckResult:
    """What came of one spec: the models that it was checked against, those left out, findings and failures."""

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
    """A model to check a spec against; `span` is where the spec names it, if it does."""

    source: ModelSource
    span: Span | None

    @property
    def words(self) -> str:
        """All of it, which tells models apart; what is shown of it is its beginning."""
        args = ", ".join(f"{key}={json.dumps(value)}" for key, value in self.source.args.items())
        return f"{self.source.source} ({args})" if args else self.source.source

    def saved(self, folder: Path) -> Path | None:
        """The saved inventory that it is, for a spec in that folder; None for other models."""
        name = self.source.source.removeprefix("params:")
        return None if name == self.source.source else folder / name

    def identity(self, folder: Path) -> str:
        """What tells models apart that a spec in that folder names: one inventory may be named by many paths."""
        saved = self.saved(folder)
        try:
            return self.words if saved is None else os.path.realpath(saved)
        except ValueError:  # a NUL
            return self.words


class Checker:
    """Checks specs against the same models; each model is built once.

    All of it raises ModelError where a model of the command line cannot be built.
    """

    def __init__(self, against: CheckOptions) -> None:
        self._against = against
        self._inventories: dict[tuple[str, str, str], Inventory | ModelError] = {}

    def check_file(self, path: str) -> CheckResult:
        """Check the spec in a file."""
        try:
            fixed = fix_file(path) if self._against.fix else 0
            reading = read_file(path)
        except OSError as failure:
            why = system_reason(failure, "cannot be read")
            return CheckResult(path, Text(""), None, failures=(Failure(path, why),))
        return replace(self.check(reading), fixed=fixed)

    def check(self, reading: Reading) -> CheckResult:
        """Check a spec that has been read."""
        document = reading.document
        checked = CheckResult(document.path, document.text, document.sha256)
        if reading.spec is None:
            return replace(checked, diagnostics=reading.diagnostics)
        candidates = list(self._candidates(reading.file()))
        wanted = [candidate for candidate in candidates if self._is_wanted(candidate)]
        skipped = tuple(printable(candidate.words) for candidate in candidates if candidate not in wanted)
        return self._with_models(replace(checked, skipped=skipped), reading.file(), wanted)

    def _with_models(self, checked: CheckResult, file: SpecFile, candidates: Sequence[_Candidate]) -> CheckResult:
        outcomes: dict[str, Outcome] = {}
        from lrspec.models.inventory_file import MOST_BYTES  # here, since pydantic's models of it take time to import

        failures, work, left = [], Work(), 2 * MOST_BYTES
        for candidate in candidates:
            try:
                left -= _inventory_bytes(candidate, file)
                if left < 0:
                    raise ModelError(f"the inventories of the spec have more than {2 * MOST_BYTES:,} bytes together")
                outcomes[candidate.words] = attempt(file, self._inventory(candidate, file), work=work)
            except ModelError as error:
                if candidate.span is None:
                    raise
                failures.append(Failure(file.path, str(error), candidate.span))
        return replace(
            checked,
            models=tuple(map(printable, outcomes)),
            diagnostics=merge_findings(file, outcomes, complete=not (failures or checked.skipped)),
            failures=tuple(failures),
        )

    def _candidates(self, file: SpecFile) -> Iterator[_Candidate]:
        """The models of the command line, or else the spec's own."""
        given = [*self._against.models, *(ModelSource(source=f"params:{path}") for path in self._against.params)]
        if given:
            yield from (_Candidate(source, None) for source in given)
            return
        different: dict[str, _Candidate] = {}
        for index, source in enumerate(file.spec.sources):
            candidate = _Candidate(source, file.model_span(index))
            different.setdefault(candidate.identity(Path(file.path).parent), candidate)
        yield from different.values()

    def _is_wanted(self, candidate: _Candidate) -> bool:
        if self._against.depth is CheckDepth.inventories:
            return candidate.source.source.startswith("params:")
        return self._against.depth is CheckDepth.models

    def _inventory(self, candidate: _Candidate, file: SpecFile) -> Inventory:
        own = candidate.span is not None
        folder = Path(file.path).parent if own else Path()
        key = (candidate.source.source, json.dumps(candidate.source.args), str(folder))
        if key not in self._inventories:
            self._inventories[key] = self._built(candidate.source, folder, own=own)
        found = self._inventories[key]
        if isinstance(found, ModelError):
            raise found
        return found

    def _built(self, model: ModelSource, folder: Path, *, own: bool) -> Inventory | ModelError:
        """The inventory of a model, or why there is none."""
        try:
            outside = self._against.outside or not own
            return cached_inventory_of(
                model.source, model.args, folder, run_code=not own, outside=outside, cache=self._against.cache
            )
        except ModelError as error:
            return error


def _inventory_bytes(candidate: _Candidate, file: SpecFile) -> int:
    """How large a saved inventory is that a spec names; 0 for what is none, or cannot be opened."""
    saved = None if candidate.span is None else candidate.saved(Path(file.path).parent)
    try:
        return saved.stat().st_size if saved else 0
    except (OSError, ValueError):
        return 0


def merge_findings(file: SpecFile, outcomes: dict[str, Outcome], *, complete: bool) -> tuple[Diagnostic, ...]:
    """What was found with any of the models, each finding once, with the models of which it is true."""
    if not outcomes:
        return locate(nothing_to_multiply(file.spec), file.document, file.spec)
    if len(outcomes) == 1:
        (only,) = outcomes.values()
        return only.diagnostics
    models: dict[Diagnostic, list[str]] = {}
    for model, outcome in outcomes.items():
        for found in outcome.diagnostics:
            models.setdefault(found, []).append(printable(model))
    each = [replace(found, models=tuple(labels)) for found, labels in models.items()]
    return ordered([*each, *(_of_all(file, [*outcomes.values()]) if complete else ())])


def _of_all(file: SpecFile, outcomes: Sequence[Outcome]) -> tuple[Diagnostic, ...]:
    """What is true of the models together only."""
    resolutions = [outcome.resolution for outcome in outcomes if outcome.resolution]
    complete = len(resolutions) == len(outcomes)
    return locate(unused_in_every_model(resolutions), file.document, file.spec) if complete else ()


class JobsError(RuntimeError):
    """A process that checked files has ended before its time."""


def check_files(paths: Sequence[str], against: CheckOptions, jobs: int = 1) -> Iterator[CheckResult]:
    """Check each file; with several `jobs`, in the main thread only.

    Raises:
        JobsError: where a process was killed, by lack of memory, say.
        ModelError: where a model of the command line cannot be built.
    """
    if jobs == 1 or len(paths) < 2:
        yield from map(Checker(against).check_file, paths)
        return
    import multiprocessing  # here, since most checks are of one process, and these take long to import
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")  # a fork would inherit threads in any state
    with ProcessPoolExecutor(min(jobs, len(paths)), context, _begin, (against,)) as pool:
        try:
            with _interrupts_held():  # from the processes for good, which begin here and inherit it
                results = [pool.submit(_check, path) for path in paths]
            yield from (result.result() for result in results)  # `map` would cancel what a killed process had
        except BrokenProcessPool:
            raise JobsError("a process that checked specs was killed; fewer --jobs need less memory") from None
        except BaseException:  # Ctrl-C: the pool would wait for what is being built
            for process in multiprocessing.active_children():
                process.kill()
            raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """One that comes meanwhile is heard afterwards: were it ignored, a Ctrl-C as the processes begin would be lost."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_checker: Checker | None = None
"""What a process of the pool checks with, so that it builds each model once."""


def _begin(against: CheckOptions) -> None:
    global _checker  # the pool begins a process with this call
    _checker = Checker(against)


def _check(path: str) -> CheckResult:
    assert _checker is not None
    return _checker.check_file(path)
