"""The members of the character classes in a regex: digits and letters listed one by one.

Whatever a regex matches without some of them, it matched before: classes whose failing could let something else match
are excluded, as are those of which it is plain that they were not listed one by one for this model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lrspec.regex.tokens import Token, backtracks, plain_tokens

_LISTED = re.compile(r"\[-?(?:[^]\\[^-]|\\[^A-Za-z0-9])+-?\]")  # no range, no negation, no `\d`, no `\x41`
_ITEM = re.compile(r"\\.|.", re.DOTALL)
_MOST_DIGITS = 7


class Member(NamedTuple):
    """A digit or letter listed in a character class: its place, the class, and the number of groups around it."""

    start: int
    end: int
    of: Token
    depth: int


@lru_cache(maxsize=512)
def members(regex: str) -> tuple[Member, ...]:
    """Return the members that can be removed one by one, from left to right.

    Excluded are classes with a range, a negation, an escaped letter or digit, a letter in both cases or more than seven
    digits, those within lookarounds and conditionals, and all of a regex that does not backtrack.
    """
    if "[" not in regex or not backtracks(regex):
        return ()
    sets = ((token, depth) for token, depth in plain_tokens(regex) if token.kind == "set")
    return tuple(member for token, depth in sets for member in _members(regex, token, depth))


def _members(regex: str, of: Token, depth: int) -> Iterator[Member]:
    if not _LISTED.fullmatch(regex, of.start, of.end):
        return
    items = [
        item for item in _ITEM.finditer(regex, of.start + 1, of.end - 1) if item[0].isascii() and item[0].isalnum()
    ]
    letters = {item[0] for item in items if item[0].isalpha()}
    if len({item[0] for item in items} - letters) > _MOST_DIGITS or letters & {letter.swapcase() for letter in letters}:
        return
    for item in items:
        yield Member(item.start(), item.end(), of, depth)


def up_to_class(regex: str, member: Member) -> str:
    """Return the regex without what follows the member's class."""
    return regex[: member.of.end] + ")" * member.depth
