"""Searching many texts with one regex, for no longer than allowed.

Python's `re` can backtrack practically for ever. Where the platform can interrupt it (a timer's signal, in the main
thread of POSIX), a search that is given a limit ends there; elsewhere a limit has no effect.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from lrspec.patterns import Pattern

Key = TypeVar("Key")


class SlowRegexError(Exception):
    """A regex that was not through with a text when its time was up."""

    def __init__(self, pattern: Pattern, text: str, seconds: float) -> None:
        super().__init__(f"'{pattern.regex}' is not through with {text} after {seconds:g} s")
        self.pattern, self.text, self.seconds = pattern, text, seconds


class _TimeIsUpError(Exception):
    """Raised by the timer, wherever the search is."""


def search_all(pattern: Pattern, texts: Mapping[Key, str], seconds: float | None) -> dict[Key, re.Match[str]]:
    """The matches of a regex, by the keys of the texts in which there is one.

    Raises:
        SlowRegexError: where all of them together take longer than `seconds`, as far as that can be enforced.
    """
    search, found, text = pattern.compiled.search, {}, ""
    try:
        with _timer(seconds):
            for key, text in texts.items():
                if match := search(text):
                    found[key] = match
    except _TimeIsUpError:
        raise SlowRegexError(pattern, text, seconds or 0.0) from None
    return found


@contextmanager
def _timer(seconds: float | None) -> Iterator[None]:
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _time_is_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _time_is_up(*_: object) -> None:
    raise _TimeIsUpError
