"""Writes alternatives that differ in one character as a class: `lora_[AB]` for `(?:lora_A|lora_B)`, `[0-5]`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALTERNATIVES = re.compile(r"(?<!\\)\((\?:)?(\w+(?:\|\w+)+)\)")
_PAIR = 2
_DIGITS = "0123456789"


def with_classes(regex: str) -> str:
    """Return a regex that finds the same, with classes where they are shorter."""
    return _ALTERNATIVES.sub(_shorter, regex)


def _shorter(group: re.Match[str]) -> str:
    words = group[2].split("|")
    found = _by_character(words) or _by_last(words)
    if not found:
        return group[0]
    return found if group[1] else f"({found})"


def _by_character(words: Sequence[str]) -> str:
    """Words that differ in one character as one: `block[12]`; none if they do not."""
    if len({*map(len, words)}) > 1:
        return ""
    columns = ["".join(dict.fromkeys(column)) for column in zip(*words, strict=True)]
    differing = [place for place, column in enumerate(columns) if len(column) > 1]
    place = differing[0] if len(differing) == 1 else 0
    before, characters, after = "".join(columns[:place]), columns[place], "".join(columns[place + 1 :])
    is_word = before[-1:] in ("", "_") and after[:1] in ("", "_")
    is_long = words[0].isdecimal() and len(words[0]) > 1
    if len(differing) != 1 or characters == _DIGITS or is_long or not (is_word or characters.isdecimal()):
        return ""
    return f"{before}[{_ranged(characters)}]{after}"


def _by_last(words: Sequence[str]) -> str:
    """Every one of some beginnings with every one of some last characters: `(?:conv|bn)[12]`; none if it is not so."""
    beginnings, last = (dict.fromkeys(part) for part in ([word[:-1] for word in words], [word[-1] for word in words]))
    whole = [begin + end for begin in beginnings for end in last]
    if len(last) < _PAIR or len(beginnings) < _PAIR or not all(beginnings) or sorted(whole) != sorted(words):
        return ""
    return f"(?:{'|'.join(beginnings)})[{_ranged(''.join(last))}]"


def _ranged(characters: str) -> str:
    """The characters of a class; three and more digits in a row by the first and the last."""
    is_row = len(characters) > _PAIR and characters in _DIGITS
    return f"{characters[0]}-{characters[-1]}" if is_row else characters
