"""Ends what takes too long: Python's `re` can take practically for ever, to compile a regex as well as to search it.

Where the platform can interrupt it (a timer's signal, in the main thread of POSIX), it ends there; elsewhere a limit
has no effect. Time is the processor's, so that a busy machine and a suspended program count for nothing.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

REGEX_SECONDS = 2.0
"""How long one regex may take, beyond what is ordinary."""

REGEXES_SECONDS = 10.0
"""How long all regexes of a spec may take together, beyond what is ordinary."""


class TimeIsUpError(Exception):
    """Raised by the timer, wherever the program is."""


class Allowance:
    """What regexes may take beyond the ordinary: so much each, and so much all of them together."""

    def __init__(self) -> None:
        self.seconds = REGEX_SECONDS
        self.left = REGEXES_SECONDS

    @property
    def is_enough(self) -> bool:
        """Whether the next regex may take as long as any."""
        return self.left >= self.seconds

    @contextmanager
    def spend(self, ordinary: float) -> Iterator[None]:
        """Let what runs inside take the seconds that are ordinary for it, and of the allowance what it needs.

        Raises:
            TimeIsUpError: where that is not enough, as far as it can be enforced.
        """
        begun = time.thread_time()
        try:
            with _time_limit(min(self.seconds, self.left) + ordinary):
                yield
        finally:
            beyond = time.thread_time() - begun - ordinary
            self.left = max(self.left - max(beyond, 0.0), 0.0)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what runs inside when its time is up; a timer that the program has set goes on afterwards."""
    if not _can_interrupt():
        yield
        return
    end, left = time.thread_time() + seconds, 0.0

    def ring(*_: object) -> None:
        if (rest := end - time.thread_time()) <= 0:
            raise TimeIsUpError
        signal.setitimer(signal.ITIMER_REAL, max(rest, 0.001))

    handler = signal.signal(signal.SIGALRM, ring)
    try:
        begun, (left, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # also where the timer rings on the way out
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 1e-6), interval)


def _can_interrupt() -> bool:
    in_main_thread = threading.current_thread() is threading.main_thread()
    return hasattr(signal, "setitimer") and in_main_thread and signal.getsignal(signal.SIGALRM) is not None
