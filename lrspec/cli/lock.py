"""`lrspec lock`: writes what specs give to their models beside them, for `git diff` and for `lrspec check --locked`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from lrspec.cli import options
from lrspec.cli.options import CannotRun, say
from lrspec.cli.outputs import emit, painter

if TYPE_CHECKING:
    from lrspec.compiler.runner import CheckOptions
    from lrspec.review.lock.making import Renewal


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC]...", shell_complete=options.files)
@click.option("--update", is_flag=True, help="Only specs that have a lock already.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a lock is missing or not up to date.")
@options.no_cache
@options.outside
@options.color
def lock(specs: tuple[str, ...], update: bool, check: bool, no_cache: bool, allow_outside: bool, color: str) -> int:
    """Write NAME.lrspec.lock beside each SPEC: one line a parameter, with what the spec gives to it.

    Each SPEC is a spec or a folder to search; the default is the current folder. The models are those of the spec.
    """
    from lrspec.compiler.runner import CheckOptions

    check_options = CheckOptions(outside=allow_outside, cache=not no_cache)
    results = [_lock(path, check_options, check, color) for path in _found(specs, update)]
    return max(results, default=0)


def _found(paths: tuple[str, ...], update: bool) -> list[str]:
    """Return the specs that paths name; with `update`, those that have a lock, or that do not exist, which is said."""
    from pathlib import Path

    from lrspec.cli.discovery import UndecidedError, find_specs
    from lrspec.files import is_file
    from lrspec.review.lock.lock import lock_path

    if "" in paths:
        raise click.UsageError("SPEC is empty")
    if "-" in paths:
        raise click.UsageError("standard input has no lock")
    try:
        found = find_specs(paths or (".",))
    except UndecidedError as failure:
        raise CannotRun(str(failure)) from None
    locked = [path for path in found if is_file(Path(lock_path(path))) or not os.path.lexists(path)]
    if update and not locked:
        say("lrspec: no spec here has a lock: `lrspec lock SPEC` writes one")
    return locked if update else found


def _lock(path: str, check_options: CheckOptions, check: bool, color: str) -> int:
    """Write, or check, the lock of one spec, and print what came of it; return the exit status."""
    from dataclasses import replace

    from lrspec.compiler.runner import Checker
    from lrspec.diagnostics.diagnostic import has_errors
    from lrspec.diagnostics.escape import harmless
    from lrspec.diagnostics.report import report
    from lrspec.files import system_reason
    from lrspec.formats.terminal import width
    from lrspec.formats.text import failure_text
    from lrspec.review.lock.making import Making, NotLockableError, Renewal
    from lrspec.review.lock.reader import LockError
    from lrspec.spec.load import SpecFile

    makings: list[Making] = []

    def begin(file: SpecFile) -> Making:
        makings.append(Making(file))
        return makings[-1]

    result = Checker(replace(check_options, baseline=begin)).check_file(path)
    if result.diagnostics:
        paint = painter(color, terminal=sys.stderr.isatty())
        say(report(result.diagnostics, result.text, paint, width(sys.stderr)))
    for failure in result.failures:
        say(f"lrspec: {failure_text(failure)}")
    if result.failures or has_errors(result.diagnostics):
        say(harmless(f"lrspec: {path}: not locked"))
        return 2 if result.failures else 1
    try:
        return _write(Renewal.of(makings[0]), check)
    except (NotLockableError, LockError, OSError) as failure:
        reason = system_reason(failure, "cannot be written") if isinstance(failure, OSError) else str(failure)
        say(harmless(f"lrspec: {path}: not locked: {reason}"))
        return 2


def _write(renewal: Renewal, check: bool) -> int:
    """Write a lock, or with `check` only compare it; print what came of it, and return the exit status."""
    from pathlib import Path

    from lrspec.diagnostics.escape import harmless
    from lrspec.files import write_file

    words, current = str(renewal), renewal.is_current
    if check:
        words = "missing" if renewal.old is None else "up to date" if current else f"not up to date {words[8:]}"
    elif renewal.old != renewal.text:
        write_file(Path(renewal.new.path), renewal.text.encode())
    emit(harmless(f"{renewal.new.path}: {words}") + "\n", None)
    return int(check and not current)
