"""The members of the character classes in a regex: digits and letters listed one by one.

Whatever a regex matches without some of them, it matched before: classes whose failing could let something else match
are excluded, as are those of which it is plain that they were not listed one by one for this model.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from lrspec.regex.tokens import OPENING, Token, backtracks, plain_tokens

_LISTED = re.compile(r"\[-?(?:[^]\\[^-]|\\[^A-Za-z0-9])+-?\]")  # no range, no negation, no `\d`, no `\x41`
_ITEM = re.compile(r"\\.|.", re.DOTALL)
_MOST_DIGITS = 7


class Member(NamedTuple):
    """A digit or letter listed in a character class: its place, the class, and how to come there.

    `depth` is the number of groups around the class, `before` where the other branches begin that stand before its own.
    """

    start: int
    end: int
    of: Token
    depth: int
    before: tuple[int, ...]


@lru_cache(maxsize=512)
def members(regex: str) -> tuple[Member, ...]:
    """Return the members that can be removed one by one, from left to right.

    Excluded are classes with a range, a negation, an escaped letter or digit, a letter in both cases or more than seven
    digits, those within lookarounds and conditionals, and all of a regex that does not backtrack.
    """
    if "[" not in regex or not backtracks(regex):
        return ()
    found: list[Member] = []
    branches = [[0]]  # where those of each open group begin, up to the current one
    for token, depth in plain_tokens(regex):
        del branches[depth + 1 :]
        if token.kind == "flags":
            branches[depth] = [token.end]
        elif token.kind == "bar":
            branches[depth].append(token.end)
        elif token.kind in OPENING:
            branches.append([token.end])
        elif token.kind == "set":
            before = tuple(start for starts in branches for start in starts[:-1])
            found += [Member(start, end, token, depth, before) for start, end in _listed(regex, token)]
    return tuple(found)


def _listed(regex: str, of: Token) -> list[tuple[int, int]]:
    """The places of the digits and letters of a class; empty if it is not judged."""
    if not _LISTED.fullmatch(regex, of.start, of.end):
        return []
    listed = _ITEM.finditer(regex, of.start + 1, of.end - 1)
    items = [item for item in listed if item[0].isascii() and item[0].isalnum()]
    letters = {item[0] for item in items if item[0].isalpha()}
    digits = {item[0] for item in items} - letters
    judged = len(digits) <= _MOST_DIGITS and letters.isdisjoint(letter.swapcase() for letter in letters)
    return [item.span() for item in items] if judged else []


def up_to(regex: str, member: Member) -> str:
    """Return the regex with this member alone in its class, without what follows the class or stands beside it."""
    way = regex[: member.of.start]
    for start in sorted(member.before, reverse=True):
        way = f"{way[:start]}(?!){way[start:]}"
    return way + regex[member.start : member.end] + ")" * member.depth


def repeats(regex: str, member: Member) -> bool:
    """Return whether a member stands in its class for the second time."""
    return regex[member.start : member.end] in regex[member.of.start : member.start]
