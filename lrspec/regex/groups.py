"""The capturing groups of a regex as written: what stands before each, which never capture, and where to add one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from lrspec.regex.tokens import OPENING, Token, plain_tokens, tokens

_NUMBER = re.compile(r"\\([1-9][0-9]?)")  # of a backreference; `tokens` sees only its first digit
_ONE_DIGIT = frozenset({r"\d", "[0-9]", r"[\d]"})
_DIGIT = re.compile(r"[0-9]|\\d|\[[0-9-]+\]")
_FIXED = re.compile(r"\{[1-9][0-9]*\}")


class _Group(NamedTuple):
    """A capturing group: the names by which a backreference calls it, and the negative lookarounds around it."""

    token: Token
    names: frozenset[str]
    negatives: tuple[int, ...]


def captures(regex: str, token: Token) -> bool:
    """Return whether a token opens a capturing group."""
    return token.kind == "group" and (token.end == token.start + 1 or regex.startswith("(?P<", token.start))


def reference(regex: str, token: Token) -> str:
    """The name or number of the group to which a backreference or a conditional refers; empty for other tokens."""
    if token.kind in ("reference", "conditional"):
        return regex[token.start : token.end].strip("(?P=)")
    number = _NUMBER.match(regex, token.start) if token.kind == "escape" else None
    return number[1] if number else ""


@lru_cache(maxsize=512)
def idle_groups(regex: str) -> tuple[Token, ...]:
    """Return what opens each group in a negative lookaround, where it never captures and no backreference needs it."""
    around: list[tuple[int, ...]] = [()]  # the negative lookarounds around what is inside each open group
    groups: list[_Group] = []
    needed: list[set[str]] = []  # by the backreferences inside each negative lookaround
    for token in tokens(regex):
        for negative in around[-1]:
            needed[negative].add(reference(regex, token))
        if captures(regex, token):
            name = regex[token.start : token.end].strip("(?P<>)")
            groups.append(_Group(token, frozenset({str(len(groups) + 1), name}), around[-1]))
        if token.kind in OPENING:
            around.append(around[-1])
            if token.kind == "look" and regex[token.end - 1] == "!":
                around[-1] = (*around[-1], len(needed))
                needed.append(set())
        elif token.kind == "close":
            around.pop()
    return tuple(
        group.token for group in groups if group.negatives and not group.names & (needed[group.negatives[-1]] - {""})
    )


@lru_cache(maxsize=512)
def groups_behind_digits(regex: str) -> frozenset[int]:
    r"""Return the numbers of the groups before which the regex itself asks for one digit: `1(\d)`, `(\d)(\d)`."""
    behind: set[int] = set()
    number, before = 0, ""
    for token in tokens(regex):
        text = regex[token.start : token.end]
        if captures(regex, token):
            number += 1
            if _DIGIT.fullmatch(before):
                behind.add(number)
        elif token.kind not in ("group", "close") and not _FIXED.fullmatch(text):
            before = text
    return frozenset(behind)


class OneDigit(NamedTuple):
    r"""A `\d` or `[0-9]` without a quantifier, and the number that a group around it would have."""

    start: int
    end: int
    group: int

    def captured(self, regex: str, quantifier: str = "") -> str:
        """Return the regex with a group around it, and perhaps a quantifier."""
        return f"{regex[: self.start]}({regex[self.start : self.end]}{quantifier}){regex[self.end :]}"

    def repeated(self, regex: str) -> str:
        """Return the regex with one digit or more in its place."""
        return f"{regex[: self.end]}+{regex[self.end :]}"


@lru_cache(maxsize=512)
def single_digits(regex: str) -> tuple[OneDigit, ...]:
    """Return the single digits outside of lookarounds, conditionals and atomic groups, from left to right.

    A digit beside another is none. Nor is any if the regex refers to a group: another group would change its number.
    """
    if any(reference(regex, token) for token in tokens(regex)):
        return ()
    opened = [token.start for token in tokens(regex) if captures(regex, token)]
    end = Token("end", len(regex), len(regex))
    parts = [token for token, _ in plain_tokens(regex)]
    return tuple(
        OneDigit(token.start, token.end, 1 + sum(start < token.start for start in opened))
        for before, token, after in zip([end, *parts], parts, [*parts[1:], end], strict=False)
        if regex[token.start : token.end] in _ONE_DIGIT
        and after.kind != "quantifier"
        and not _DIGIT.fullmatch(regex, before.start, before.end)
        and not _DIGIT.fullmatch(regex, after.start, after.end)
    )
