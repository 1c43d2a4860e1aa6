"""What is wrong with a regex that Python's `re` refuses, or does not compile in the time allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from lrspec.diagnostics.diagnostic import Correction, Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, rule_of
from lrspec.regex.pattern import FAILURES, Pattern, compile_regex, is_plain, may_compile_slowly
from lrspec.regex.time_limit import Allowance, TimeIsUpError, Timer
from lrspec.spec.limits import MAX_PATTERN
from lrspec.spec.rule_regexes import patterns

COMPILING_SECONDS, COMPILING_SECONDS_EACH = 2.0, 1.0
"""What all regexes of a spec may take to be compiled, and each of them."""

_LONGEST_GLOB = 200  # characters
_NARROW = "Sets of many characters do, above all with `(?i)`: narrow them."
_ADVICE = {
    "nothing to repeat": "`*`, `+` and `?` repeat what stands before them; any text is `.*`.",
    "missing ), unterminated": r"Close it with `)`; a parenthesis that stands for itself is `\(`.",
    "unbalanced parenthesis": r"Open it with `(`, or remove it; a parenthesis that stands for itself is `\)`.",
    "unterminated character set": r"Close it with `]`; a bracket that stands for itself is `\[`.",
    "multiple repeat": "Any text is `.*`.",
    "look-behind": "It must have one length: match what stands before outside of it, or take names out by `exclude`.",
}
"""What to do about what Python's `re` complains of, by a part of what it says."""


class RegexFindings:
    """LRS105 for every regex of a spec that Python's `re` refuses, or does not compile in the time allowed."""

    def __init__(self) -> None:
        self._allowance, self._ended = Allowance(COMPILING_SECONDS, Timer(), COMPILING_SECONDS_EACH), False

    def of_rule(self, rule: dict[str, Any], path: Path) -> Iterator[Finding]:
        """The findings about one rule; none after that they have taken too long, which is a finding."""
        for pattern in _regexes(rule, path):
            if not (self._ended or len(pattern.regex) > MAX_PATTERN or is_plain(pattern.regex)):
                yield from self._of(pattern)

    def _of(self, pattern: Pattern) -> Iterator[Finding]:
        allowance, slow = self._allowance, may_compile_slowly(pattern.regex)
        self._ended = allowance.left <= 0
        try:
            with allowance.timer.watch() if slow else nullcontext(), allowance.spend():
                compile_regex(pattern.regex)
        except TimeIsUpError:
            what = "the regexes before this one take too long" if self._ended else "the regex takes too long"
            yield Finding("LRS105", pattern.path, f"{what} to compile\n{_NARROW}", rule_of(pattern.path))
        except FAILURES as failure:
            message = f"not a regex: {_problem(pattern.regex, failure)}"
            glob = _glob_as_regex(pattern.regex)
            yield Finding(
                "LRS105", pattern.path, message, rule_of(pattern.path), meant=Correction(glob) if glob else None
            )


def _regexes(rule: dict[str, Any], path: Path) -> Iterator[Pattern]:
    for key in ("match", "layers", "exclude"):
        yield from patterns(rule.get(key), (*path, key))
    where = rule.get("where")
    if isinstance(where, dict) and isinstance(where.get("module"), str):
        yield Pattern(where["module"], (*path, "where", "module"))


def _problem(regex: str, failure: BaseException) -> str:
    if isinstance(failure, RecursionError | MemoryError):
        return "nested too deep, or too large"
    at = _place(regex, failure)
    if at is None:
        return printable(str(failure))
    here = f"`{printable(regex[at])}`" if at < len(regex) else "the end"
    problem = printable(getattr(failure, "msg", str(failure)))
    advice = next((advice for part, advice in _ADVICE.items() if part in problem), "")
    if glob := _glob_as_regex(regex):
        advice = f"This looks like a glob: as a regex, which is searched in names, it is '{glob}'."
    return f"{problem}, at {here} (column {at + 1} of the regex)" + (f"\n{advice}" if advice else "")


def _glob_as_regex(regex: str) -> str | None:
    """What a glob such as `*.bias` would be as a regex; None for what does not look like one."""
    if len(regex) > _LONGEST_GLOB or not re.fullmatch(r"\*+[\w.*-]*\w[\w.*-]*", regex):
        return None
    end = "" if regex.endswith("*") else "$"
    return re.sub(r"\*+", ".*", regex.strip("*").replace(".", r"\.")) + end


def _place(regex: str, failure: BaseException) -> int | None:
    """Where in the regex it fails; for a look-behind of any width Python does not say."""
    if isinstance(failure, re.error) and failure.pos is not None:
        return failure.pos
    behind = re.search(r"\(\?<[=!]", regex) if "look-behind" in str(failure) else None
    return behind.start() if behind else None
