"""Searching texts with a regex for no longer than allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from lrspec.deadline import Allowance, TimeIsUpError
from lrspec.patterns import Pattern, ordinary_seconds

_ORDINARY = 10e-6  # seconds for a name: `\.bias$` takes 0.4e-6, `.*norm.*bias.*` 20e-6 for a name of 80 characters

Key = TypeVar("Key")

Captures: TypeAlias = tuple[str, ...]
"""What the groups of a regex captured in a name; `0` for one that took no part or captured nothing."""


class SlowRegexError(Exception):
    """A regex that took longer than allowed on a text; `seconds` are what it had, None if slow ones had used it up."""

    def __init__(self, pattern: Pattern, text: str, seconds: float | None) -> None:
        super().__init__(pattern.regex)
        self.pattern, self.text, self.seconds = pattern, text, seconds


@dataclass(frozen=True)
class Search:
    """Searches texts; all regexes share what they may take.

    All of it raises SlowRegexError where a regex takes longer than allowed, as far as that can be enforced.
    """

    allowance: Allowance = field(default_factory=Allowance)

    def matches(self, pattern: Pattern, among: Mapping[Key, str]) -> dict[Key, re.Match[str]]:
        """The matches of a regex, by the keys of the texts in which there is one."""
        found: dict[Key, re.Match[str]] = {}
        text, seconds = "", self._seconds()
        try:
            with self.allowance.spend(ordinary_seconds(pattern.regex) + _ORDINARY * len(among)):
                search = pattern.compiled.search
                for key, text in among.items():
                    if match := search(text):
                        found[key] = match
        except TimeIsUpError:
            raise SlowRegexError(pattern, text, seconds) from None
        return found

    def still(self, pattern: Pattern, texts: Sequence[tuple[str, Captures | None]]) -> bool:
        """Whether the regex matches all of these texts, and captures in them what is given, where that is not None.

        The first text in which it does not ends the search.
        """
        text, seconds = "", self._seconds()
        try:
            with self.allowance.spend(ordinary_seconds(pattern.regex) + _ORDINARY * len(texts)):
                search = pattern.compiled.search
                for text, expected in texts:
                    match = search(text)
                    if match is None or (expected is not None and captured(match) != expected):
                        return False
        except TimeIsUpError:
            raise SlowRegexError(pattern, text, seconds) from None
        return True

    def _seconds(self) -> float | None:
        return self.allowance.seconds if self.allowance.is_enough else None


def captured(match: re.Match[str]) -> Captures:
    """What the groups of a regex captured."""
    return tuple(text or "0" for text in match.groups())
