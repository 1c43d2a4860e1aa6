"""Ends what takes too long: Python's `re` can take practically for ever, to compile a regex as well as to search it.

Where the platform can interrupt it (a timer's signal, in the main thread of POSIX), it ends there; elsewhere a limit
has no effect. Time is the processor's, so that a busy machine and a suspended program count for nothing.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REGEX_SECONDS = 2.0
"""How long one regex may take, beyond what is ordinary."""

REGEXES_SECONDS = 10.0
"""How long all regexes of a spec may take together, beyond what is ordinary."""

_TICK = 0.05  # seconds of the clock


class TimeIsUpError(Exception):
    """Raised by the timer, wherever the program is."""


class Allowance:
    """What regexes may take beyond the ordinary: so much each, and so much all of them together."""

    def __init__(self) -> None:
        self.seconds = REGEX_SECONDS
        self.left = REGEXES_SECONDS
        self.end: float | None = None
        self._watched = False

    @property
    def is_enough(self) -> bool:
        """Whether the next regex may take as long as any."""
        return self.left >= self.seconds

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Have a timer look on while regexes spend: one for all of them, since to set it takes as long as a regex."""
        if self._watched or not _can_interrupt():
            yield
            return
        self._watched = True
        try:
            with _ticking(self._tick):
                yield
        finally:
            self._watched = False

    def spend(self, ordinary: float) -> _Spending:
        """Let what runs inside take the seconds that are ordinary for it, and of the allowance what it needs.

        Inside of `watch` TimeIsUpError is raised where that is not enough, as far as it can be enforced.
        """
        return _Spending(self, ordinary)

    def _tick(self, *_: object) -> None:
        if self.end is not None and time.thread_time() >= self.end:
            self.end = None
            raise TimeIsUpError


class _Spending:
    """What one regex takes of an allowance."""

    __slots__ = ("_allowance", "_begun", "_ordinary")

    def __init__(self, allowance: Allowance, ordinary: float) -> None:
        self._allowance, self._ordinary, self._begun = allowance, ordinary, 0.0

    def __enter__(self) -> None:
        self._begun = time.thread_time()
        most = min(self._allowance.seconds, self._allowance.left)
        self._allowance.end = self._begun + most + self._ordinary

    def __exit__(self, *_: object) -> None:
        self._allowance.end = None
        beyond = time.thread_time() - self._begun - self._ordinary
        self._allowance.left = max(self._allowance.left - max(beyond, 0.0), 0.0)


@contextmanager
def _ticking(tick: Callable[..., None]) -> Iterator[None]:
    """Call something now and then while what is inside runs; a timer that the program has set goes on afterwards."""
    left = 0.0
    handler = signal.signal(signal.SIGALRM, tick)
    try:
        begun, (left, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # also where the timer ticks on the way out
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 1e-6), interval)


def _can_interrupt() -> bool:
    in_main_thread = threading.current_thread() is threading.main_thread()
    return hasattr(signal, "setitimer") and in_main_thread and signal.getsignal(signal.SIGALRM) is not None
