r"""Whether a regex can tell one digit from another: most cannot, and do the same to names that differ in digits only.

Matching looks at a text in two ways alone: is this character one of these, and does this piece read like that one? A
regex in which every set has all ten digits or none of them, and which does not refer back, takes the same steps on
`layers.3.bias` and on `layers.7.bias`: it matches both or neither, at the same place, with groups at the same places.
What cannot be decided at a glance counts as telling digits apart.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from lrspec.regex.tokens import Token, tokens

ALIKE = str.maketrans("123456789", "000000000")
"""For `str.translate`: texts that come out equal differ in digits only."""

_BLIND = frozenset({"flags", "look", "atomic", "group", "close", "bar", "anchor", "quantifier", "dot"})
_ALL_DIGITS = re.compile(r"(?<!-)0-9")
_TELLING = re.compile(r"[0-9]|\\[^\WdDsSwW_]")
"""In a set: a digit by itself, or an escape that may be one (`\\x33`)."""
_NARROWING = re.compile(r"\(\?<?!|\(\?>|.+\+", re.DOTALL)
"""What may match less where what is inside or before it matches more: a negated look, what never gives back."""


@lru_cache(maxsize=512)
def is_blind(regex: str) -> bool:
    """Whether a regex takes the same steps on all texts that differ in ASCII digits only."""
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
    """A regex that does not look at which digit it is, and matches wherever this one does; None where that is unsure.

    It is None as well where a digit or a group is repeated: `(?:1+2)*` is quick, and `(?:[0-9]+[0-9])*` may never end.
    """
    parts = [*tokens(regex), Token("end", len(regex), len(regex))]
    wide, end = "", 0
    for token, after in pairwise(parts):
        text = regex[token.start : token.end]
        blind = _is_blind(token, regex)
        other = text if blind else _wider(token, text)
        repeated = after.kind == "quantifier" and (token.kind == "close" or not blind)
        if other is None or repeated or (token.kind in ("look", "atomic", "quantifier") and _NARROWING.fullmatch(text)):
            return None
        wide, end = wide + regex[end : token.start] + other, token.end
    return wide + regex[end:]


def _wider(token: Token, text: str) -> str | None:
    if token.kind == "set":
        return f"(?:{text}|[0-9])"
    return "[0-9]" if token.kind == "literal" and _is_digit(text) else None


def _is_digit(text: str) -> bool:
    return text.isascii() and text.isdigit()
