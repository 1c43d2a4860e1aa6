"""The names of a model's parameters, and searching them with a regex for no longer than allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias, TypeVar

from lrspec.deadline import Allowance, TimeIsUpError
from lrspec.inventory import Inventory
from lrspec.patterns import Pattern, ordinary_seconds

_ORDINARY = 10e-6  # seconds for a name: `\.bias$` takes 0.4e-6, `.*norm.*bias.*` 20e-6 for a name of 80 characters

Key = TypeVar("Key")

Captures: TypeAlias = tuple[str, ...]
"""What the groups of a regex captured in a name; `0` for one that took no part or captured nothing."""


class Name(NamedTuple):
    """A name of a parameter: the parameter's index in the inventory, and which of its names (0 is the first)."""

    parameter: int
    which: int


class SlowRegexError(Exception):
    """A regex that took longer than allowed on a text; `seconds` are what it had, None if slow ones had used it up."""

    def __init__(self, pattern: Pattern, text: str, seconds: float | None) -> None:
        super().__init__(pattern.regex)
        self.pattern, self.text, self.seconds = pattern, text, seconds


@dataclass(frozen=True)
class Names:
    """All names of an inventory, and the time that searching them may take."""

    inventory: Inventory
    allowance: Allowance = field(default_factory=Allowance)

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
        found: dict[Key, re.Match[str]] = {}
        text, seconds = "", self.allowance.seconds if self.allowance.is_enough else None
        try:
            with self.allowance.spend(ordinary_seconds(pattern.regex) + _ORDINARY * len(among)):
                search = pattern.compiled.search
                for key, text in among.items():
                    if match := search(text):
                        found[key] = match
        except TimeIsUpError:
            raise SlowRegexError(pattern, text, seconds) from None
        return found

    def still(self, pattern: Pattern, captures: Mapping[Name, Captures | None]) -> bool:
        """Whether the regex matches all of these names, and captures in them what is given, where that is not None.

        The first name in which it does not ends the search.

        Raises:
            SlowRegexError: as `search`.
        """
        text, seconds = "", self.allowance.seconds if self.allowance.is_enough else None
        try:
            with self.allowance.spend(ordinary_seconds(pattern.regex) + _ORDINARY * len(captures)):
                search = pattern.compiled.search
                for name, expected in captures.items():
                    match = search(text := self.texts[name])
                    if match is None or (expected is not None and captured(match) != expected):
                        return False
        except TimeIsUpError:
            raise SlowRegexError(pattern, text, seconds) from None
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
