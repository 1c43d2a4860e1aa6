"""Ends the process of a command at Ctrl-C, wherever it is.

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

_undoings: list[Callable[[], object]] = []


def end_when_interrupted() -> None:
    """From now on end at Ctrl-C, with one line and status 130, unless whoever started the process ignores it.

    Once the program is over, while Python frees everything, it is too late: the status stays.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    end_when(signal.SIGINT)
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # called last, since it is the first
    with suppress(OSError):  # standard error is closed
        error = os.dup(2)  # while a model is built, the original leads nowhere
        line = b"\n" * os.isatty(error) + b"lrspec: interrupted\n"  # a terminal shows ^C
        _undoings.append(lambda: os.write(error, line))


def end_when(number: signal.Signals) -> None:
    """From now on end at this signal, with the status that a shell shows for it."""
    signal.signal(number, _end)


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
        _undoings.remove(undo)


@contextmanager
def held() -> Iterator[None]:
    """Delay interrupts of this thread; processes and threads that start meanwhile never get any."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
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
