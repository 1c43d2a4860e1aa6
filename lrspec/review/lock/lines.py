"""A line of a lock: words, then `key=value` pairs whose values are JSON, with one blank between them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_WORD = re.compile(r"[\w.:/@+-]+", re.ASCII)
"""A word that needs no quotes; any other is a JSON text."""
_KEY = re.compile(r"(\w+)=", re.ASCII)


class Line(NamedTuple):
    """A line: its words, and its values by their keys."""

    words: list[str]
    values: dict[str, Any]


def write(words: Sequence[str], values: Mapping[str, Any]) -> str:
    """Return the text of a line; the values are finite numbers, text, booleans, None, lists and mappings of these."""
    return " ".join([*map(_word, words), *(f"{key}={_json(value)}" for key, value in values.items())])


def read(text: str, start: int = 0) -> Line:
    """Return the words and values of a line from `start`; ValueError if it is not one that `write` makes."""
    line, place = Line([], {}), start
    while place < len(text):
        key = _KEY.match(text, place)
        bare = None if key else _WORD.match(text, place)
        if bare:
            item, end = bare[0], bare.end()
        else:
            item, end = _decode(text, key.end() if key else place)
        if end < len(text) and text[end] != " ":
            raise ValueError(f"unexpected {text[end]!r}")
        if key and key[1] in line.values:
            raise ValueError(f"`{key[1]}` is there twice")
        if key:
            line.values[key[1]] = item
        elif isinstance(item, str) and not line.values:
            line.words.append(item)
        else:
            raise ValueError("a value without a key")
        place = end + 1
    return line


def _word(word: str) -> str:
    return word if _WORD.fullmatch(word) else json.dumps(word)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


_DEEPEST = 32
"""The most levels of a value; a spec has no more."""


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inside), default=0)


_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)


def _decode(text: str, place: int) -> tuple[Any, int]:
    try:
        value, end = _DECODER.raw_decode(text, place)
        if isinstance(value, list | dict) and _depth(value) > _DEEPEST:
            raise RecursionError
        return value, end
    except json.JSONDecodeError as failure:
        raise ValueError(f"column {failure.pos + 1}: expected a JSON value") from None
    except RecursionError:
        raise ValueError("a value that is too deep") from None
