r"""Tells whether a regex distinguishes digits. Most do not: they treat names that differ only in digits alike.

Matching inspects a text in two ways only: is this character one of these, and does this piece equal that one? A regex
in which every set has all ten digits or none of them, and which has no backreference, takes the same steps on
`layers.3.bias` and on `layers.7.bias`: it matches both or neither, at the same place, with groups at the same places.
A regex that cannot be decided at a glance counts as telling digits apart.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from lrspec.regex.tokens import Token, tokens

ALIKE = str.maketrans("123456789", "000000000")  # for `str.translate`: texts that become equal differ only in digits

_BLIND = frozenset({"flags", "look", "atomic", "group", "close", "bar", "anchor", "quantifier", "dot"})
_ALL_DIGITS = re.compile(r"(?<!-)0-9")
_TELLING = re.compile(r"[0-9]|\\[^\WdDsSwW_]")  # in a set: a single digit, or an escape that may be one (`\x33`)
# May match less where what is inside or before it matches more: a negative lookaround, or anything possessive.
_NARROWING = re.compile(r"\(\?<?!|\(\?>|.+\+", re.DOTALL)


@lru_cache(maxsize=512)
def is_blind(regex: str) -> bool:
    """Return whether a regex takes the same steps on all texts that differ only in ASCII digits."""
    return all(_is_blind(token, regex) for token in tokens(regex))


def _is_blind(token: Token, regex: str) -> bool:
    text = regex[token.start : token.end]
    if token.kind == "set":
        return not _TELLING.search(_ALL_DIGITS.sub("", text))
    if token.kind == "escape":
        return not text[1].isdigit()
    if token.kind == "literal":
        return not _is_digit(text) and len(text) <= 2
    return token.kind in _BLIND


@lru_cache(maxsize=512)
def widened(regex: str) -> str | None:
    """Return a regex that is blind to digits and matches wherever this one does, or None if that is not certain.

    Also None where a digit or a group is repeated: `(?:1+2)*` is quick, but `(?:[0-9]+[0-9])*` may never end.
    """
    parts = [*tokens(regex), Token("end", len(regex), len(regex))]
    wide, end = "", 0
    for token, after in pairwise(parts):
        text = regex[token.start : token.end]
        blind = _is_blind(token, regex)
        if after.kind == "quantifier" and (token.kind == "close" or not blind):
            return None
        if token.kind in ("look", "atomic", "quantifier") and _NARROWING.fullmatch(text):
            return None
        if not blind and token.kind == "set":
            text = f"(?:{text}|[0-9])"
        elif not blind and token.kind == "literal" and _is_digit(text):
            text = "[0-9]"
        elif not blind:
            return None
        wide, end = wide + regex[end : token.start] + text, token.end
    return wide + regex[end:]


def _is_digit(text: str) -> bool:
    return text.isascii() and text.isdigit()
