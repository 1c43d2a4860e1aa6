"""The word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches

from lrspec.source import printable

_OTHER_WORDS = {
    "learning_rate": "lr",
    "lr_multiplier": "lr_mult",
    "wd": "weight_decay",
    "decay_mult": "weight_decay_mult",
    "pattern": "match",
    "regex": "match",
    "params": "match",
    "frozen": "freeze",
    "default": "fallback",
    "model": "models",
    "groups": "rules",
    "version": "lrspec",
}
"""What other tools call what a spec has keys for."""


_COMPARED = 1000  # words; comparing one with all keys of a rule takes 0.1 ms
_found: ContextVar[dict[tuple[str, int, tuple[str, ...]], list[str]] | None] = ContextVar("_found", default=None)


@contextmanager
def one_document() -> Iterator[None]:
    """Inside, each word is compared with known ones once, and only so many are: a document may have 50,000."""
    token = _found.set({})
    try:
        yield
    finally:
        _found.reset(token)


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known words that are nearest to a word, the nearest first; those that differ in case only before all."""
    key = (word, most, tuple(known))
    found = _found.get()
    if found is None:
        return _nearest(*key)
    if key not in found and len(found) < _COMPARED:
        found[key] = _nearest(*key)
    return found.get(key, [])


def _nearest(word: str, most: int, known: tuple[str, ...]) -> list[str]:
    if len(word) > 4 * max(map(len, known), default=0):
        return []  # `get_close_matches` would say so too, after a long look
    same = [each for each in known if each.lower() == word.lower()]
    return (same or get_close_matches(word, known, most))[:most]


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if one is near."""
    words = list(known)
    found = [_OTHER_WORDS[word]] if _OTHER_WORDS.get(word) in words else nearest(word, words, 1)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str:
    """`: did you mean `lr_mult`?`, or nothing where no known word is near."""
    words = list(known)
    first = meant(word, words)
    found = [] if first is None else list(dict.fromkeys([first, *nearest(word, words, most)]))[:most]
    return f": did you mean {', '.join(f'`{printable(each)}`' for each in found)}?" if found else ""
