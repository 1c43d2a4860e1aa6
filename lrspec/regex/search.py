"""Searching texts with a regex for no longer than allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from lrspec.regex.pattern import Pattern
from lrspec.regex.time_limit import Allowance, TimeIsUpError
from lrspec.regex.work_limit import Work

_COMPILING = 8  # to compile a character of a regex takes as long as to search so many names

Key = TypeVar("Key")

Captures: TypeAlias = tuple[str, ...]
"""What the groups of a regex captured in a name; `0` for one that took no part or captured nothing."""


class SlowRegexError(Exception):
    """A regex that took longer than allowed on a text; `seconds` are what it had, None if others had used it up."""

    def __init__(self, pattern: Pattern, text: str, seconds: float | None) -> None:
        super().__init__(pattern.regex)
        self.pattern, self.text, self.seconds = pattern, text, seconds


@dataclass(frozen=True)
class Search:
    """Searches texts, to select by regexes or, if `judging`, to judge them; all regexes share what they may take.

    All of it raises SlowRegexError where a regex takes longer than allowed, as far as that can be enforced; and where
    there is too much to search, TooMuchError, or if `judging` SlowRegexError as well.
    """

    work: Work = field(default_factory=Work)
    judging: bool = False

    @property
    def allowance(self) -> Allowance:
        """What its regexes may take."""
        return self.work.judging if self.judging else self.work.selecting

    def matches(self, pattern: Pattern, among: Mapping[Key, str]) -> dict[Key, re.Match[str]]:
        """The matches of a regex, by the keys of the texts in which there is one."""
        self._account(pattern, len(among))
        found: dict[Key, re.Match[str]] = {}
        text, seconds = "", self._seconds(len(among))
        try:
            with self.allowance.spend(len(among)):
                search = pattern.compiled.search
                for key, text in among.items():
                    if match := search(text):
                        found[key] = match
        except TimeIsUpError:
            raise SlowRegexError(pattern, text, seconds) from None
        return found

    def matches_all(self, pattern: Pattern, texts: Sequence[tuple[str, Captures | None]]) -> bool:
        """Whether the regex matches all of these texts, and captures in them what is given, where that is not None.

        The first text in which it does not ends the search.
        """
        self._account(pattern, len(texts))
        text, seconds = "", self._seconds(len(texts))
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

    def _account(self, pattern: Pattern, texts: int) -> None:
        if not self.judging:
            self.work.count_searches(texts, pattern.path)
        elif not self.work.affords(texts + _COMPILING * len(pattern.regex)):
            raise SlowRegexError(pattern, "", None)

    def _seconds(self, texts: int) -> float | None:
        most = self.allowance.most(texts)
        return most if most <= self.allowance.left else None


def captured(match: re.Match[str]) -> Captures:
    """What the groups of a regex captured."""
    return tuple(text or "0" for text in match.groups())
