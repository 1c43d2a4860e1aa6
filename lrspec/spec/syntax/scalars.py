"""Plain scalars of the YAML 1.2 core schema: the meaning of an unquoted word in a spec.

The expressions are those of YAML 1.2.2, section 10.3.2. YAML 1.1, which most YAML libraries still read, takes
`1e-3` for a string, `010` for eight and `no` for false.
"""

from __future__ import annotations

import math
import re
from typing import Any, TypeAlias

Scalar: TypeAlias = None | bool | int | float | str

_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
BOOLEANS_ONCE = frozenset(
    spelling for word in ("yes", "no", "on", "off") for spelling in (word, word.capitalize(), word.upper())
)
"""The words that are booleans in YAML 1.1 and strings in YAML 1.2."""
_BEGINS_A_NUMBER = frozenset("+-.0123456789")
_LONGEST_INTEGER = 400  # digits; float64 ends at 309, and Python refuses to convert more than 4,300


def plain_scalar(word: str) -> Scalar:
    """Return the value of an unquoted scalar: null, a boolean, a number, or the word itself."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _BEGINS_A_NUMBER:
        return word
    number = plain_number(word)
    return word if number is None else number


def plain_number(word: str) -> int | float | None:
    """Return the number that `word` spells, or None; an integer beyond float64 is infinite."""
    if _INT.fullmatch(word):
        return integer(word)
    if _OCTAL_OR_HEX.fullmatch(word):
        return within_float64(int(word, 0))
    if _FLOAT.fullmatch(word):
        return float(word)
    if _INFINITY.fullmatch(word):
        return -math.inf if word.startswith("-") else math.inf
    return math.nan if word in (".nan", ".NaN", ".NAN") else None


def single_quoted(text: str) -> str:
    """Return a string in YAML's single quotes, where a backslash is a backslash."""
    return "'" + text.replace("'", "''") + "'"


def integer(digits: str) -> int | float:
    """Return the integer that decimal `digits`, with or without a sign, spell; infinite beyond float64."""
    return float(digits) if len(digits) > _LONGEST_INTEGER else within_float64(int(digits))


def all_finite(value: Any) -> bool:
    """Return whether no number in a value, including those in its lists and mappings, is infinite or NaN."""
    if isinstance(value, dict | list):
        return all(map(all_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def within_float64(number: int) -> int | float:
    """Return the integer, or infinity if it is beyond float64."""
    try:
        float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
    return number
