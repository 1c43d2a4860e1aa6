"""The names of a model's parameters, and searching them with a regex for no longer than allowed.

Python's `re` can backtrack practically for ever. Where the platform can interrupt it (a timer's signal, in the main
thread of POSIX), a search that is given a limit ends there; elsewhere a limit has no effect.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias, TypeVar

from lrspec.inventory import Inventory
from lrspec.patterns import Pattern

REGEX_SECONDS = 2.0
"""How long one regex may take for all names; an ordinary one takes 0.02 s for 100,000."""

Key = TypeVar("Key")

Captures: TypeAlias = tuple[str, ...]
"""What the groups of a regex captured in a name; `0` for one that took no part or captured nothing."""


class Name(NamedTuple):
    """A name of a parameter: the parameter's index in the inventory, and which of its names (0 is the first)."""

    parameter: int
    which: int


class SlowRegexError(Exception):
    """A regex that took longer than allowed on a text."""

    def __init__(self, pattern: Pattern, text: str, seconds: float) -> None:
        super().__init__(pattern.regex)
        self.pattern, self.text, self.seconds = pattern, text, seconds


class _TimeIsUpError(Exception):
    """Raised by the timer, wherever the search is."""


@dataclass(frozen=True)
class Names:
    """All names of an inventory, and how many seconds one regex may take for all of them."""

    inventory: Inventory
    seconds: float = field(default_factory=lambda: REGEX_SECONDS)

    @cached_property
    def texts(self) -> dict[Name, str]:
        """The names in model order, each parameter's together."""
        return {
            Name(index, which): text
            for index, parameter in enumerate(self.inventory.parameters)
            for which, text in enumerate(parameter.names)
        }

    def search(self, pattern: Pattern, among: Mapping[Key, str]) -> dict[Key, re.Match[str]]:
        """The matches of a regex, by the keys of the texts in which there is one.

        Raises:
            SlowRegexError: where all of them together take longer than allowed, as far as that can be enforced.
        """
        search, found, text = pattern.compiled.search, {}, ""
        try:
            with _timer(self.seconds):
                for key, text in among.items():
                    if match := search(text):
                        found[key] = match
        except _TimeIsUpError:
            raise SlowRegexError(pattern, text, self.seconds) from None
        return found

    def still(self, pattern: Pattern, captures: Mapping[Name, Captures | None]) -> bool:
        """Whether the regex matches all of these names, and captures in them what is given, where that is not None.

        The first name in which it does not ends the search.

        Raises:
            SlowRegexError: as `search`.
        """
        search, text = pattern.compiled.search, ""
        try:
            with _timer(self.seconds):
                for name, expected in captures.items():
                    match = search(text := self.texts[name])
                    if match is None or (expected is not None and captured(match) != expected):
                        return False
        except _TimeIsUpError:
            raise SlowRegexError(pattern, text, self.seconds) from None
        return True

    def parameters(self, pattern: Pattern) -> list[int]:
        """The parameters one of whose names the regex matches, in model order.

        Raises:
            SlowRegexError: as `search`.
        """
        return list(dict.fromkeys(name.parameter for name in self.search(pattern, self.texts)))


def captured(match: re.Match[str]) -> Captures:
    """What the groups of a regex captured."""
    return tuple(text or "0" for text in match.groups())


@contextmanager
def _timer(seconds: float) -> Iterator[None]:
    """Interrupt what runs inside when its time is up; a timer that the program has set goes on afterwards."""
    if not _can_interrupt():
        yield
        return
    handler = signal.signal(signal.SIGALRM, _time_is_up)
    begun, (left, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 1e-6), interval)


def _can_interrupt() -> bool:
    in_main_thread = threading.current_thread() is threading.main_thread()
    return hasattr(signal, "setitimer") and in_main_thread and signal.getsignal(signal.SIGALRM) is not None


def _time_is_up(*_: object) -> None:
    raise _TimeIsUpError
