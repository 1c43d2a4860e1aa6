"""Finds regexes that Python's `re` refuses, or does not compile within the time limit."""

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
"""The time limits for compiling all regexes of a spec, and each of them."""

_LONGEST_GLOB = 200  # characters
_GLOB = re.compile(r"\*+[\w.*-]*\w[\w.*-]*")
_LOOK_BEHIND = re.compile(r"\(\?<[=!]")
_ADVICE = {
    "nothing to repeat": "`*`, `+` and `?` repeat what comes before them; for any text, write `.*`.",
    "missing ), unterminated": r"Close it with `)`; for a literal parenthesis, write `\(`.",
    "unbalanced parenthesis": r"Open it with `(`, or remove it; for a literal parenthesis, write `\)`.",
    "unterminated character set": r"Close it with `]`; for a literal bracket, write `\[`.",
    "multiple repeat": "For any text, write `.*`.",
    "look-behind": "It must have one length: match what comes before outside it, or drop names with `exclude`.",
}
"""Advice by a part of the message of Python's `re`."""


class RegexFindings:
    """LRS105 for every regex of a spec that Python's `re` refuses, or does not compile within the time limit."""

    def __init__(self) -> None:
        self._allowance, self._ended = Allowance(COMPILING_SECONDS, Timer(), COMPILING_SECONDS_EACH), False

    def of_rule(self, rule: dict[str, Any], path: Path) -> Iterator[Finding]:
        """Yield the findings of one rule; none once compiling has taken too long, which is a finding itself."""
        regexes: list[Pattern] = []
        for key in ("match", "layers", "exclude"):
            regexes += patterns(rule.get(key), (*path, key))
        where = rule.get("where")
        if isinstance(where, dict) and isinstance(where.get("module"), str):
            regexes.append(Pattern(where["module"], (*path, "where", "module")))
        for pattern in regexes:
            regex, place = pattern.regex, pattern.path
            if self._ended or len(regex) > MAX_PATTERN or is_plain(regex):
                continue
            allowance, slow = self._allowance, may_compile_slowly(regex)
            self._ended = allowance.left <= 0
            try:
                with allowance.timer.watch() if slow else nullcontext(), allowance.spend():
                    compile_regex(regex)
            except TimeIsUpError:
                problem = "the regexes before this one take too long" if self._ended else "the regex takes too long"
                advice = "Large character sets are slow, above all with `(?i)`: narrow them."
                yield Finding("LRS105", place, f"{problem} to compile\n{advice}", rule_of(place))
            except FAILURES as failure:
                message, correction = _refusal(regex, failure)
                yield Finding("LRS105", place, f"not a regex: {message}", rule_of(place), meant=correction)


def _refusal(regex: str, failure: BaseException) -> tuple[str, Correction | None]:
    """Return why Python's `re` refuses a regex, and the regex that was meant if it is a glob such as `*.bias`."""
    if isinstance(failure, RecursionError | MemoryError):
        return "nested too deeply, or too large", None
    problem = printable(getattr(failure, "msg", str(failure)))
    index = failure.pos if isinstance(failure, re.error) else None
    if index is None:
        behind = _LOOK_BEHIND.search(regex) if "look-behind" in problem else None
        if behind is None:
            return printable(str(failure)), None
        index = behind.start()
    here = f"`{printable(regex[index])}`" if index < len(regex) else "the end"
    message = f"{problem}, at {here} (column {index + 1} of the regex)"
    if len(regex) <= _LONGEST_GLOB and _GLOB.fullmatch(regex):
        glob = re.sub(r"\*+", ".*", regex.strip("*").replace(".", r"\.")) + ("" if regex.endswith("*") else "$")
        return f"{message}\nThis looks like a glob: as a regex to search names for, it is '{glob}'.", Correction(glob)
    advice = next((advice for part, advice in _ADVICE.items() if part in problem), None)
    return f"{message}\n{advice}" if advice else message, None
