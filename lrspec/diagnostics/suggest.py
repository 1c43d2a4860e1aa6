"""The word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable

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


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known words that are nearest to a word, the nearest first; those that differ in case only before all."""
    words = list(known)
    if len(word) > 4 * max(map(len, words), default=0):
        return []  # `get_close_matches` would say so too, after a long look
    same = [each for each in words if each.lower() == word.lower()]
    return (same or get_close_matches(word, words, most))[:most]


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if one is near."""
    return _meant(word, tuple(known))


def likely(word: str, known: Iterable[str]) -> Correction | None:
    """The known word that was probably meant, as what to write in place of a key or a value."""
    found = meant(word, known)
    return Correction(found) if found else None


@lru_cache(maxsize=10_000)  # the unknown keys of a document, each of which is asked about several times
def _meant(word: str, known: tuple[str, ...]) -> str | None:
    found = [_OTHER_WORDS[word]] if _OTHER_WORDS.get(word) in known else nearest(word, known, 1)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str:
    """`: did you mean `lr_mult`?`, or nothing where no known word is near."""
    words = list(known)
    first = meant(word, words)
    others = nearest(word, words, most) if first and most > 1 else []
    found = list(dict.fromkeys([first, *others]))[:most] if first else []
    return f": did you mean {', '.join(f'`{printable(each)}`' for each in found)}?" if found else ""
