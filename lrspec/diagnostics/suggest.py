"""Finds the known word that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known words nearest to `word`, nearest first; if some differ only in case, just those."""
    from difflib import get_close_matches  # here, since most specs have no misspelt word

    words = list(known)
    if len(word) > 4 * max(map(len, words), default=0):
        return []  # `get_close_matches` would find none either, but only after a long search
    same = [known_word for known_word in words if known_word.lower() == word.lower()]
    return (same or get_close_matches(word, words, most))[:most]


def names_that_begin(word: str, known: Iterable[str], most: int = 3) -> str:
    """Like `did_you_mean`, but the names that begin with `word` come first, in their order, and are counted.

    `: did you mean `vit_small_patch16_224`, …? (19 more begin with `vit_small`)`
    """
    names, beginning = list(known), _folded(word)
    begin = [name for name in names if _folded(name).startswith(beginning)]
    begin.sort(key=lambda name: _folded(name) != beginning)  # the same but for case comes first
    shown = list(dict.fromkeys([*begin, *nearest(word, names, most)]))[:most]
    if not shown:
        return ""
    more = f" ({len(begin) - most:,} more begin with `{printable(word)}`)" if len(begin) > most else ""
    return f": did you mean {', '.join(f'`{printable(name)}`' for name in shown)}?{more}"


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def meant(word: str, known: Iterable[str], synonyms: Mapping[str, str] = {}) -> str | None:
    """The known word that `word` probably stands for: its synonym, or else the nearest; None if none is near."""
    words = tuple(known)
    synonym = synonyms.get(word)
    return synonym if synonym in words else _nearest_one(word, words)


@lru_cache(maxsize=10_000)  # the unknown keys of a document, each of which is looked up several times
def _nearest_one(word: str, known: tuple[str, ...]) -> str | None:
    return next(iter(nearest(word, known, 1)), None)


def likely(word: str, known: Iterable[str], synonyms: Mapping[str, str] = {}) -> Correction | None:
    """The known word that was probably meant, as the correction of a key or a value."""
    known_word = meant(word, known, synonyms)
    return Correction(known_word) if known_word else None


def did_you_mean(word: str, known: Iterable[str], most: int = 1, synonyms: Mapping[str, str] = {}) -> str:
    """`: did you mean `lr_mult`?`, or an empty text if no known word is near."""
    words = list(known)
    likeliest = meant(word, words, synonyms)
    if not likeliest:
        return ""
    others = nearest(word, words, most) if most > 1 else []
    shown = list(dict.fromkeys([likeliest, *others]))[:most]
    return f": did you mean {', '.join(f'`{printable(known_word)}`' for known_word in shown)}?"
