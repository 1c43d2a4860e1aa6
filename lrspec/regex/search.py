"""Searches texts with a regex, within a time limit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from lrspec.regex.pattern import Pattern
from lrspec.regex.time_limit import Allowance, TimeIsUpError
from lrspec.regex.work_limit import Work

_COMPILING = 8  # compiling a character of a regex takes as long as searching this many names

Key = TypeVar("Key")

Captures: TypeAlias = tuple[str, ...]
"""The captures of a regex's groups in a name; `0` for a group that took no part or captured nothing."""


class SlowRegexError(Exception):
    """A regex took longer than allowed on a text; `seconds` is what it had, None if others had used up the time."""

    def __init__(self, pattern: Pattern, text: str, seconds: float | None) -> None:
        super().__init__(pattern.regex)
        self.pattern, self.text, self.seconds = pattern, text, seconds


@dataclass(frozen=True)
class Search:
    """Searches texts, to select by regexes or, if `judging`, to judge them; all regexes share one allowance.

    Every search raises SlowRegexError if a regex takes longer than allowed, as far as that can be enforced. If there
    is too much to search it raises TooMuchError, or again SlowRegexError if `judging`.
    """

    work: Work = field(default_factory=Work)
    judging: bool = False

    @property
    def allowance(self) -> Allowance:
        """The time that its regexes may take."""
        return self.work.judging if self.judging else self.work.selecting

    def matches(self, pattern: Pattern, among: Mapping[Key, str]) -> dict[Key, re.Match[str]]:
        """Return the matches of a regex, by the keys of the texts that it matches."""
        seconds = self._account(pattern, len(among))
        matches: dict[Key, re.Match[str]] = {}
        text = ""
        try:
            with self.allowance.spend(len(among)):
                search = pattern.compiled.search
                for key, text in among.items():
                    if match := search(text):
                        matches[key] = match
        except TimeIsUpError:
            raise SlowRegexError(pattern, text, seconds) from None
        return matches

    def matches_all(self, pattern: Pattern, texts: Sequence[tuple[str, Captures | None]]) -> bool:
        """Return whether the regex matches all texts, with the captures given (if not None); stops at a mismatch."""
        seconds = self._account(pattern, len(texts))
        text = ""
        try:
            with self.allowance.spend(len(texts)):
                search = pattern.compiled.search
                for text, expected in texts:
                    match = search(text)
                    if match is None or (expected is not None and captured(match) != expected):
                        return False
        except TimeIsUpError:
            raise SlowRegexError(pattern, text, seconds) from None
        return True

    def _account(self, pattern: Pattern, texts: int) -> float | None:
        """Count a search, and return the seconds that it may take; None if less than that is left."""
        if not self.judging:
            self.work.count_searches(texts, pattern.path)
        elif not self.work.affords(texts + _COMPILING * len(pattern.regex)):
            raise SlowRegexError(pattern, "", None)
        most = self.allowance.most(texts)
        return most if most <= self.allowance.left else None


def captured(match: re.Match[str]) -> Captures:
    """Return the captures of a regex's groups."""
    return tuple(text or "0" for text in match.groups())
