"""The regexes of a spec, each with its path there."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from lrspec.diagnostics.source import Path
from lrspec.spec.language import Join, Rule

_ESCAPED_CHARACTER = re.compile(r"\\[0-7xuUN]")

FAILURES = (re.error, ValueError, OverflowError, RecursionError, MemoryError)
"""What Python's `re` raises for a regex that it cannot compile."""

_PART = r"(?:[\w /-]|\\[.dDsSwW]|\.|\[(?:0-9|A-Z|a-z|\w)++\])[*+?]?"
_PLAIN = re.compile(rf"(?:{_PART}|[|^$]|\((?:\?:)?(?:{_PART}|[|^$])*+\)[*+?]?)*+")


@dataclass(frozen=True)
class Pattern:
    """One regex of a spec, and where it stands."""

    regex: str
    path: Path
    flags: int = 0

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The regex, compiled; see `compile_regex`."""
        return compile_regex(self.regex, self.flags)


@dataclass(frozen=True)
class RuleRegexes:
    """The regexes of a rule.

    `entries` are those of `layers`, entry by entry, or the one of `match`; empty where the rule has neither.
    `joins` are the indices of the entries that are a `join`.
    """

    entries: tuple[tuple[Pattern, ...], ...]
    joins: frozenset[int]
    exclude: tuple[Pattern, ...]
    module: Pattern | None

    @classmethod
    def of(cls, rule: Rule, index: int) -> RuleRegexes:
        """The regexes of the rule at `index` of a spec."""
        path: Path = ("rules", index)
        module = Pattern(rule.where.module, (*path, "where", "module")) if rule.where and rule.where.module else None
        return cls(
            entries=_match(rule, path) if rule.layers is None else _layers(rule.layers, (*path, "layers")),
            joins=frozenset(i for i, entry in enumerate(rule.layers or ()) if isinstance(entry, Join)),
            exclude=tuple(patterns(rule.exclude, (*path, "exclude"))),
            module=module,
        )

    @property
    def selecting(self) -> tuple[Pattern, ...]:
        """The regexes of `match` or `layers`, in order."""
        return tuple(pattern for entry in self.entries for pattern in entry)


@lru_cache(maxsize=512)
def is_plain(regex: str) -> bool:
    """Whether a regex has only what every regex may have, as nearly all in specs do: such a one surely compiles.

    Compiling takes thirty times as long as asking.
    """
    return _PLAIN.fullmatch(regex) is not None


@lru_cache(maxsize=512)
def compile_regex(regex: str, flags: int = 0) -> re.Pattern[str]:
    """Compile with Python's `re`; what it may mean one day (FutureWarning) is not reported.

    Raises:
        one of FAILURES: where it is no regex.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(regex, flags)


def may_compile_slowly(regex: str) -> bool:
    """Whether it may have a set of very many characters, which alone can take Python long to compile."""
    return "[" in regex and not (regex.isascii() and _ESCAPED_CHARACTER.search(regex) is None)


def patterns(value: Any, path: Path) -> Iterator[Pattern]:
    """Every regex of the value of a `match`, `layers` or `exclude`, as a document or as a rule has it."""
    if isinstance(value, str):
        yield Pattern(value, path)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from patterns(item, (*path, index))
    elif isinstance(value, Join):
        yield from patterns(value.join, (*path, "join"))
    elif isinstance(value, dict) and "join" in value:
        yield from patterns(value["join"], (*path, "join"))


def _match(rule: Rule, path: Path) -> tuple[tuple[Pattern, ...], ...]:
    found = tuple(patterns(rule.match, (*path, "match")))
    return (found,) if found else ()


def _layers(layers: Any, path: Path) -> tuple[tuple[Pattern, ...], ...]:
    if isinstance(layers, str):
        return ((Pattern(layers, path),),)
    return tuple(tuple(patterns(entry, (*path, index))) for index, entry in enumerate(layers))
