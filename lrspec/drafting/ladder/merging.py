"""Merges regexes that differ in one word only, and writes a join into the regex of its spine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from lrspec.drafting.components import count_shared

_WORD = r"(?:\w|\\d\+|-)+"
_WORDS = re.compile(rf"\(\?:({_WORD}(?:\|{_WORD})*)\)|({_WORD})")
_TOKEN = re.compile(rf"\(\?!(?:[^()]|\([^()]*\))*\)|\([^()]*\)|{_WORD}|\\x..|\\u....|\\U.{{8}}|\\?.")
_CAPTURED = r"(\d+)"
_COMPONENT = re.compile(rf"{_WORD}(?:\\\.|\$)")
_Tokens: TypeAlias = tuple[str, ...]
_MOST_WITHIN = 2  # components of a join that are written before what its spine has there


def merge(regexes: Iterable[str]) -> tuple[str, ...]:
    """Return the regexes, those that differ in one word as one: `^(?:layer|stage)(\\d+)\\.`."""
    found = [tuple(_TOKEN.findall(regex)) for regex in dict.fromkeys(regexes)]
    for at in range(max(map(len, found), default=0)):
        found = _merge_at(at, found)
    return tuple(map("".join, found))


def _merge_at(at: int, regexes: list[_Tokens]) -> list[_Tokens]:
    """Return the regexes, those that differ in the word at one place as one."""
    words: dict[tuple[_Tokens, _Tokens | None], dict[str, None]] = {}
    for tokens in regexes:
        word = _WORDS.fullmatch(tokens[at]) if at < len(tokens) else None
        key = (tokens[:at], tokens[at + 1 :]) if word else (tokens, None)
        words.setdefault(key, {}).update(dict.fromkeys((word[1] or word[2]).split("|") if word else ()))
    return [
        begin if end is None else (*begin, f"(?:{'|'.join(some)})" if len(some) > 1 else next(iter(some)), *end)
        for (begin, end), some in words.items()
    ]


def insert_join(spine: str, join: str) -> str | None:
    """Return `^stages\\.(\\d+)\\.(?:down|blocks\\.(\\d+))\\.` for a spine of blocks, and a join with `down`.

    None if the one is not like the other up to its last number, or has more than few components there.
    """
    one, other = _TOKEN.findall(spine), _TOKEN.findall(join)
    alike = count_shared(one, other)
    head = next((at for at in range(alike, 0, -1) if one[at - 1] == r"\."), 0)
    rest, components = one[head:], _components("".join(other[head:]))
    groups = [token for token in rest if token.startswith("(") and not token.startswith("(?:")]
    if not head or rest[0] == _CAPTURED or groups != [_CAPTURED] or not components:
        return None
    ends = [*components, "".join(rest)]
    end = r"\." if all(text.endswith(r"\.") for text in ends) else ""
    return f"{''.join(one[:head])}(?:{'|'.join(text.removesuffix(end) for text in ends)}){end}"


def _components(text: str) -> list[str]:
    """The components that a text has as alternatives; empty if it has others, or many."""
    match = re.fullmatch(r"\(\?:([^()]*)\)(\\\.)?", text)
    found = [one + (match[2] or "") for one in match[1].split("|")] if match else [text]
    return found if len(found) <= _MOST_WITHIN and all(map(_COMPONENT.fullmatch, found)) else []
