"""`--watch`: runs a command again whenever a file that it reads is written."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli.options import CannotRun, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    State: TypeAlias = tuple[int, int, int] | None
    """The time, the size and the number of a file; None if it is missing, or empty because it is being written."""
    Files: TypeAlias = Callable[[Mapping[str, Any]], Iterable[Path]]
    """The files that a command reads, by its arguments."""

_TICK = 0.1  # seconds between looks at the files
_PATIENCE = 10  # looks for which a file may be missing: editors replace files, and so does git


def watchable(files: Files) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the option `--watch`; `files` are the specs and all else that it may read."""

    def decorated(command: Callable[..., int]) -> Callable[..., int]:
        @click.option("--watch", is_flag=True, help="Run again whenever a file that is read is written, until Ctrl-C.")
        @wraps(command)
        def run(*, watch: bool, **arguments: Any) -> int:
            return _repeat(command, files, arguments) if watch else command(**arguments)

        return run

    return decorated


def specs_and_inventories(specs: Sequence[str], params: Sequence[str]) -> Iterator[Path]:
    """Yield specs, their locks, the saved inventories and configurations that they name, and further inventories.

    CannotRun if a spec cannot be read.
    """
    from pathlib import Path

    from lrspec.review.lock.lock import lock_path
    from lrspec.spec.file_names import unreadable
    from lrspec.spec.load import read_file
    from lrspec.spec.model_kinds import scheme_and_name

    for spec in specs:
        if spec == "-":
            raise click.UsageError("--watch cannot watch standard input")
        yield from (Path(spec), Path(lock_path(spec)))
        try:
            found = read_file(spec).spec
        except ValueError:  # which the command reports
            continue
        except OSError as failure:
            raise CannotRun(f"{spec}: {unreadable(spec, failure)}") from None
        for source in found.sources if found else ():
            scheme, name = scheme_and_name(source.source)
            if scheme in ("params", "hf"):
                path = Path(spec).parent / name
                yield from (path, path / "config.json")
    yield from map(Path, params)


def _repeat(command: Callable[..., int], files: Files, arguments: Mapping[str, Any]) -> int:
    """Run a command until the reader of its output has left, and return its last status."""
    has_reader, before = _reader(), _states(files(arguments))
    status = _run(command, arguments)
    say("watching: Ctrl-C ends it")
    while changed := _wait(before, has_reader):
        say(f"\n{time.strftime('%H:%M:%S')} {_few(changed)} changed")
        with suppress(CannotRun):  # which the command says, too
            before = dict.fromkeys(files(arguments))
        before = _states(before)
        status = _run(command, arguments)
    return status


def _run(command: Callable[..., int], arguments: Mapping[str, Any]) -> int:
    """Run a command, or say why it cannot run."""
    try:
        return command(**arguments)
    except CannotRun as failure:
        failure.show()
        return failure.exit_code


def _wait(before: Mapping[Path, State], has_reader: Callable[[float], bool]) -> list[Path]:
    """Wait until files have changed, and return them; none if the reader of the output has left."""
    last, missing = dict(before), 0
    while has_reader(_TICK):
        now = _states(before)
        gone = any(now[path] is None and before[path] is not None for path in before)
        missing = missing + 1 if gone else 0
        if now == last != before and (not gone or missing > _PATIENCE):  # it is written to the end
            return [path for path in before if now[path] != before[path]]
        last = now
    return []


def _states(paths: Iterable[Path]) -> dict[Path, State]:
    return {path: _state(path) for path in paths}


def _state(path: Path) -> State:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found.st_size else None


def _reader() -> Callable[[float], bool]:
    """Return a function that waits for some seconds and returns whether standard output still has a reader."""
    import select

    def sleep(seconds: float) -> bool:
        time.sleep(seconds)
        return True

    try:
        poll = select.poll()
        poll.register(os.dup(sys.stdout.fileno()), 0)  # what emit lets lead nowhere is another one
    except (AttributeError, OSError, ValueError):  # Windows, or no file
        return sleep
    return lambda seconds: not poll.poll(seconds * 1000)


def _few(paths: Sequence[Path]) -> str:
    from lrspec.diagnostics.wording import few

    return few([str(path) for path in paths], 3)
