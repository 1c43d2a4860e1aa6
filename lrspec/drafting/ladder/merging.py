"""Regexes that are alike but for one word, as one regex; and those of a join, within that of its spine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

_WORD = r"(?:\w|\\d\+|\\-)+"
_WORDS = re.compile(rf"\(\?:({_WORD}(?:\|{_WORD})*)\)|({_WORD})")
_TOKEN = re.compile(rf"\(\?!(?:[^()]|\([^()]*\))*\)|\([^()]*\)|{_WORD}|\\?.")
_CAPTURED = r"(\d+)"
_COMPONENT = re.compile(rf"{_WORD}(?:\\\.|\$)")
_MOST_WITHIN = 2  # components of a join that are written before what its spine has there


def merged(regexes: Iterable[str]) -> tuple[str, ...]:
    """Return the regexes, those that differ in one word as one: `^(?:layer|stage)(\\d+)\\.`."""
    found: list[list[str]] = []
    for tokens in map(_TOKEN.findall, regexes):
        for other in found:
            if (both := _differing(other, tokens)) is not None:
                at, words = both
                other[at] = f"(?:{'|'.join(words)})"
                break
        else:
            found.append(tokens)
    return tuple("".join(tokens) for tokens in found)


def _differing(one: Sequence[str], other: Sequence[str]) -> tuple[int, dict[str, None]] | None:
    """Return where two regexes differ, and the words that they have there; None unless it is one place with words."""
    places = [at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(places) != 1:
        return None
    words = [_WORDS.fullmatch(tokens[places[0]]) for tokens in (one, other)]
    if not all(words):
        return None
    return places[0], dict.fromkeys(word for match in words if match for word in (match[1] or match[2]).split("|"))


def within(spine: str, join: str) -> str | None:
    """Return `^stages\\.(\\d+)\\.(?:down|blocks\\.(\\d+))\\.` for a spine of blocks, and a join with `down`.

    None if the one is not like the other up to its last number, or has more than few components there.
    """
    one, other = _TOKEN.findall(spine), _TOKEN.findall(join)
    alike = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))
    head = next((at for at in range(alike, 0, -1) if one[at - 1] == r"\."), 0)
    rest, components = one[head:], _components("".join(other[head:]))
    if not head or rest[0] == _CAPTURED or rest.count(_CAPTURED) != 1 or not components:
        return None
    ends = [*components, "".join(rest)]
    end = r"\." if all(text.endswith(r"\.") for text in ends) else ""
    return f"{''.join(one[:head])}(?:{'|'.join(text.removesuffix(end) for text in ends)}){end}"


def _components(text: str) -> list[str]:
    """The components that a text has as alternatives; empty if it has others, or many."""
    match = re.fullmatch(r"\(\?:([^()]*)\)(\\\.)?", text)
    found = [one + (match[2] or "") for one in match[1].split("|")] if match else [text]
    return found if len(found) <= _MOST_WITHIN and all(map(_COMPONENT.fullmatch, found)) else []
