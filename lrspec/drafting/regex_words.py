"""Names what a regex selects in its own words: `layer-8-11` for `^bert\\.encoder\\.layer\\.(?:8|9|10|11)\\.`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

DULL = frozenset({"weight", "default", "model", "module", "base_model"})
"""Components that tell nothing."""

_ANYWHERE = r"(?:^|\.)"
_DOT = re.compile(r"\\\.")
_OPEN = (".*", ".+", r"\d+", r"\Z")
_ROW = 3  # numbers
_FEW = 3  # words
_LONGEST = 40  # characters


def own_words(regexes: Iterable[str]) -> str:
    """Return the words of some regexes, or of the first if these are many; maybe none."""
    found = [words for words in dict.fromkeys(map(_words, regexes)) if words]
    return _joined(found)


def _words(regex: str) -> str:
    """The last word, from the first number on that is written out; `part-1` for a number alone."""
    written = _DOT.split(regex.removeprefix(_ANYWHERE).strip("^$"))
    parts = [part for text in written if (part := _component(text))]
    is_number = [part.replace("-", "").isdigit() for part in parts]
    if not parts or all(is_number):
        return "-".join(["part", *parts]) if parts else ""
    last = len(parts) - 1 - is_number[::-1].index(False)
    return "-".join(parts[min(last, max(is_number.index(True) - 1, 0) if any(is_number) else last) :])


def _component(text: str) -> str:
    """A component, or what several of them have in common, or all of them; none if it tells nothing."""
    alternatives = [each for each in text.removeprefix("(?:").removesuffix(")").split("|") if each not in _OPEN]
    if alternatives and all(each.isdigit() for each in alternatives):
        return _numbers([*map(int, alternatives)])
    told = [] if DULL.intersection(alternatives) else [each.replace(r"\d+", "") for each in alternatives]
    beginning = told[0].rpartition("_")[0] if len(told) > 1 else ""
    is_shared = beginning and all(each.startswith(f"{beginning}_") for each in told)
    return beginning if is_shared else _joined(told)


def _numbers(numbers: Sequence[int]) -> str:
    is_row = len(numbers) >= _ROW and all(after == before + 1 for before, after in pairwise(numbers))
    return "-".join(map(str, [numbers[0], numbers[-1]] if is_row else numbers[:_FEW]))


def _joined(words: Sequence[str]) -> str:
    if not words:
        return ""
    listed = "-and-".join(words)
    return listed if len(words) <= _FEW and len(listed) <= _LONGEST else f"{words[0]}-and-others"
