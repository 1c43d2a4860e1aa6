"""Stops a regex that takes too long: Python's `re` can take practically for ever to compile one, or to search.

Where the platform can interrupt it (a timer's signal, in the main thread on POSIX), it stops at once; elsewhere it
stops between two regexes. Time is processor time, so a busy machine or a suspended program does not count.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REGEX_SECONDS = 2.0  # the time one regex may take, plus `REGEX_SECONDS_A_TEXT` for each text it searches
REGEX_SECONDS_A_TEXT = 20e-6  # `\.bias$` takes 0.4e-6 for a name of 80 characters, `.*norm.*bias.*` 20e-6
_TICK = 0.05  # seconds of wall-clock time

processor_time: Callable[[], float] = getattr(time, "thread_time", time.process_time)
"""The processor time of this thread in seconds, or of the process where that of a thread is not known: in a browser."""


class TimeIsUpError(Exception):
    """One regex has taken longer than it may; the timer raises this wherever the program is."""


class OverdueError(Exception):
    """All the watched work together has taken longer than it may."""


class Timer:
    """Enforces time limits: one timer for all regexes, since setting it takes as long as a regex.

    `end` is when the current regex must stop, in the thread's processor time; None between regexes.
    """

    def __init__(self) -> None:
        self.end: float | None = None
        self._whole_end = math.inf
        self._watching = False

    @contextmanager
    def watch(self, overall: float = math.inf) -> Iterator[None]:
        """Raise TimeIsUpError at `end`, and OverdueError when the body has taken `overall` seconds.

        A timer that the program has set continues afterwards.
        """
        in_main_thread = threading.current_thread() is threading.main_thread()
        can_interrupt = hasattr(signal, "setitimer") and in_main_thread and signal.getsignal(signal.SIGALRM) is not None
        if self._watching or not can_interrupt:
            yield
            return
        self._watching, self._whole_end = True, processor_time() + overall
        left = 0.0
        handler = signal.signal(signal.SIGALRM, self._tick)
        try:
            begun, (left, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
            try:
                yield
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        finally:  # also if the timer ticks on the way out
            signal.signal(signal.SIGALRM, handler)
            self._watching = False
            if left:
                signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 1e-6), interval)

    def _tick(self, *_: object) -> None:
        now = processor_time()
        if now >= self._whole_end:
            self.end, self._whole_end = None, math.inf
            raise OverdueError
        if self.end is not None and now >= self.end:
            self.end = None
            raise TimeIsUpError


class Allowance:
    """The seconds that some regexes may take: each of them `each`, and all together what is `left`."""

    def __init__(self, seconds: float, timer: Timer, each: float | None = None) -> None:
        self.each, self.left, self.timer = REGEX_SECONDS if each is None else each, seconds, timer

    def most(self, texts: int) -> float:
        """Return the seconds that one regex may take to search this many texts."""
        return self.each + REGEX_SECONDS_A_TEXT * texts

    def spend(self, texts: int = 0) -> _Spending:
        """Let a regex search this many texts; TimeIsUpError if no time is left or, while watched, once it overruns."""
        return _Spending(self, texts)


class _Spending:
    """One regex's use of an allowance."""

    __slots__ = ("_allowance", "_begun", "_texts")

    def __init__(self, allowance: Allowance, texts: int) -> None:
        self._allowance, self._texts, self._begun = allowance, texts, 0.0

    def __enter__(self) -> None:
        if self._allowance.left <= 0:
            raise TimeIsUpError
        self._begun = processor_time()
        self._allowance.timer.end = self._begun + min(self._allowance.most(self._texts), self._allowance.left)

    def __exit__(self, *_: object) -> None:
        self._allowance.timer.end = None
        self._allowance.left -= processor_time() - self._begun
