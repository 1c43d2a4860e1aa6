"""Ends the process of a command at Ctrl-C or SIGTERM, wherever it is.

KeyboardInterrupt is raised in whatever runs, which may be code in another language: while torch imports numpy, it drops
every exception; pydantic takes one for a regex that does not match; C++ may abort. So none is raised: the process ends,
and `finally` does not run. What must not stay behind is undone first.
"""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from select import select

_ENDING = (signal.SIGINT, signal.SIGTERM)
_undoings: list[Callable[[], object]] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_undoings.clear)  # they are the parent's to undo


def end_when_interrupted() -> None:
    """From now on end at Ctrl-C or SIGTERM, with one line and status 130 or 143; whatever is ignored stays so.

    Once the program is over, while Python frees everything, it is too late: the status stays.
    """
    for number in _ENDING:
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _end)
            atexit.register(signal.signal, number, signal.SIG_IGN)  # called last, since it is the first
    with suppress(OSError):  # standard error is closed
        error = os.dup(2)  # while a model is built, the original leads nowhere
        line = b"\n" * os.isatty(error) + b"lrspec: interrupted\n"  # a terminal shows ^C
        _undoings.append(lambda: _write(error, line))


def _write(error: int, line: bytes) -> None:
    """Write a line, unless that would wait for the reader of a full pipe; Windows can ask that of sockets only."""
    if os.name == "nt" or select([], [error], [], 0)[1]:
        os.write(error, line)


def end_when(number: signal.Signals) -> None:
    """From now on end at this signal, even where it was `held`, with the status that a shell shows for it."""
    signal.signal(number, _end)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


@contextmanager
def undoing(undo: Callable[[], object]) -> Iterator[None]:
    """Call `undo` if the process ends while the body runs, or if the body fails."""
    _undoings.append(undo)
    try:
        yield
    except BaseException:
        undo()
        raise
    finally:
        with suppress(ValueError):  # in a forked process
            _undoings.remove(undo)


@contextmanager
def held() -> Iterator[None]:
    """Delay interrupts of this thread; processes and threads that start meanwhile never get any."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(number: int, _: object) -> None:
    try:
        while _undoings:  # a second Ctrl-C goes on with the next one
            with suppress(Exception):
                _undoings.pop()()
    finally:  # even if a regex runs out of time here
        os._exit(128 + number)
