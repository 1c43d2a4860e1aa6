"""A regex of a spec with its path there, and compiling it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache

from lrspec.diagnostics.source import Path

_ESCAPED_CHARACTER = re.compile(r"\\[0-7xuUN]")

FAILURES = (re.error, ValueError, OverflowError, RecursionError, MemoryError)
"""The exceptions that Python's `re` raises for a regex that it cannot compile."""

_PART = r"(?:[\w /-]|\\[.dDsSwW]|\.|\[(?:0-9|A-Z|a-z|\w)++\])[*+?]?"
_PLAIN = re.compile(rf"(?:{_PART}|[|^$]|\((?:\?:)?(?:{_PART}|[|^$])*+\)[*+?]?)*+")


@dataclass(frozen=True)
class Pattern:
    """A regex of a spec, and its path."""

    regex: str
    path: Path
    flags: int = 0

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The regex, compiled; see `compile_regex`."""
        return compile_regex(self.regex, self.flags)


@lru_cache(maxsize=512)
def is_plain(regex: str) -> bool:
    """Return whether a regex has only common syntax, so it is sure to compile; thirty times as fast as compiling."""
    return _PLAIN.fullmatch(regex) is not None


@lru_cache(maxsize=512)
def compile_regex(regex: str, flags: int = 0) -> re.Pattern[str]:
    """Compile with Python's `re`, ignoring FutureWarnings about syntax; FAILURES if it is not a regex."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(regex, flags)


def may_compile_slowly(regex: str) -> bool:
    """Return whether it may have a set of very many characters: nothing else can take Python long to compile."""
    return "[" in regex and not (regex.isascii() and _ESCAPED_CHARACTER.search(regex) is None)
