"""Ends what takes too long: Python's `re` can take practically for ever, to compile a regex as well as to search it.

Where the platform can interrupt it (a timer's signal, in the main thread of POSIX), it ends there; elsewhere it ends
between two regexes. Time is the processor's, so that a busy machine and a suspended program count for nothing.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REGEX_SECONDS = 2.0
"""How long one regex may take, and `REGEX_SECONDS_A_TEXT` more for each text that it is searched in."""

REGEX_SECONDS_A_TEXT = 20e-6
"""`\\.bias$` takes 0.4e-6, `.*norm.*bias.*` 20e-6 for a name of 80 characters."""

_TICK = 0.05  # seconds of the clock


class TimeIsUpError(Exception):
    """Raised by the timer, wherever the program is."""


class OverdueError(Exception):
    """Raised by the timer where all that is watched takes longer than it may."""


class Timer:
    """Looks on while regexes spend: one timer for all of them, since to set it takes as long as a regex.

    `end` is when the present regex has spent what it may, in the thread's processor time; None between regexes.
    """

    def __init__(self) -> None:
        self.end: float | None = None
        self._whole_end = math.inf
        self._watching = False

    @contextmanager
    def watch(self, overall: float = math.inf) -> Iterator[None]:
        """Raise TimeIsUpError at `end`, and OverdueError when all that is inside has taken so many seconds."""
        if self._watching or not _can_interrupt():
            yield
            return
        self._watching, self._whole_end = True, time.thread_time() + overall
        try:
            with _ticking(self._tick):
                yield
        finally:
            self._watching = False

    def _tick(self, *_: object) -> None:
        now = time.thread_time()
        if now >= self._whole_end:
            self.end, self._whole_end = None, math.inf
            raise OverdueError
        if self.end is not None and now >= self.end:
            self.end = None
            raise TimeIsUpError


class Allowance:
    """What some regexes may take, in seconds: each of them `each`, and all together what is `left`."""

    def __init__(self, seconds: float, timer: Timer, each: float | None = None) -> None:
        self.each, self.left, self.timer = REGEX_SECONDS if each is None else each, seconds, timer

    def most(self, texts: int) -> float:
        """What one regex may take at the most, for as many texts as it is searched in."""
        return self.each + REGEX_SECONDS_A_TEXT * texts

    def spend(self, texts: int = 0) -> _Spending:
        """Let a regex take what it needs, for as many texts as it is searched in.

        While the timer looks on, TimeIsUpError is raised where that is more than it may take; where nothing is left,
        it is raised at once.
        """
        return _Spending(self, texts)


class _Spending:
    """What one regex takes of an allowance."""

    __slots__ = ("_allowance", "_begun", "_texts")

    def __init__(self, allowance: Allowance, texts: int) -> None:
        self._allowance, self._texts, self._begun = allowance, texts, 0.0

    def __enter__(self) -> None:
        if self._allowance.left <= 0:
            raise TimeIsUpError
        self._begun = time.thread_time()
        self._allowance.timer.end = self._begun + min(self._allowance.most(self._texts), self._allowance.left)

    def __exit__(self, *_: object) -> None:
        self._allowance.timer.end = None
        self._allowance.left -= time.thread_time() - self._begun


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
