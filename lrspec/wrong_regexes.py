"""What is wrong with a regex that Python's `re` refuses, or does not compile in the time allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from lrspec.deadline import Allowance, TimeIsUpError
from lrspec.diagnostics import Finding, Meant
from lrspec.patterns import FAILURES, Pattern, compile_regex, is_plain, may_compile_slowly, ordinary_seconds, patterns
from lrspec.source import Path, printable, rule_of
from lrspec.spec import MAX_PATTERN

_ADVICE = {
    "nothing to repeat": "`*`, `+` and `?` repeat what stands before them; any text is `.*`.",
    "missing ), unterminated": r"Close it with `)`; a parenthesis that stands for itself is `\(`.",
    "unbalanced parenthesis": r"Open it with `(`, or remove it; a parenthesis that stands for itself is `\)`.",
    "unterminated character set": r"Close it with `]`; a bracket that stands for itself is `\[`.",
    "multiple repeat": "Any text is `.*`.",
    "look-behind": "It must have one length: match what stands before outside of it, or take names out by `exclude`.",
}
"""What to do about what Python's `re` complains of, by a part of what it says."""


def regex_findings(rule: dict[str, Any], path: Path, allowance: Allowance) -> Iterator[Finding]:
    """LRS105 for every regex that Python's `re` refuses, or does not compile in the time allowed."""
    for pattern in _regexes(rule, path):
        yield from _regex(pattern, allowance)


def _regexes(rule: dict[str, Any], path: Path) -> Iterator[Pattern]:
    for key in ("match", "layers", "exclude"):
        yield from patterns(rule.get(key), (*path, key))
    where = rule.get("where")
    if isinstance(where, dict) and isinstance(where.get("module"), str):
        yield Pattern(where["module"], (*path, "where", "module"))


def _regex(pattern: Pattern, allowance: Allowance) -> Iterator[Finding]:
    if len(pattern.regex) > MAX_PATTERN or is_plain(pattern.regex):
        return
    try:
        slow = may_compile_slowly(pattern.regex)
        with allowance.watch() if slow else nullcontext(), allowance.spend(ordinary_seconds(pattern.regex)):
            compile_regex(pattern.regex)
    except TimeIsUpError:
        message = "the regex takes too long to compile\nSets of many characters do, above all with `(?i)`: narrow them."
        yield Finding("LRS105", pattern.path, message, rule_of(pattern.path))
    except FAILURES as failure:
        message = f"not a regex: {_problem(pattern.regex, failure)}"
        likely = _glob_as_regex(pattern.regex)
        yield Finding("LRS105", pattern.path, message, rule_of(pattern.path), meant=Meant(likely) if likely else None)


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
    if not re.fullmatch(r"\*+[\w.*-]*\w[\w.*-]*", regex):
        return None
    end = "" if regex.endswith("*") else "$"
    return re.sub(r"\*+", ".*", regex.strip("*").replace(".", r"\.")) + end


def _place(regex: str, failure: BaseException) -> int | None:
    """Where in the regex it fails; for a look-behind of any width Python does not say."""
    if isinstance(failure, re.error) and failure.pos is not None:
        return failure.pos
    behind = re.search(r"\(\?<[=!]", regex) if "look-behind" in str(failure) else None
    return behind.start() if behind else None
