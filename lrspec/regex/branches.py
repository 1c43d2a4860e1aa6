"""The branches of the alternations in a regex, and the regex with some of them disabled.

A branch that begins with `(?!)` never matches, and all groups keep their numbers. Whatever the regex then matches, it
matched before in the same way: branches whose failing could let something else match are excluded.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from lrspec.regex.tokens import OPENING, Token, tokens

_NO_CHARACTER = frozenset({*OPENING, "close", "bar", "anchor", "quantifier", "flags"})
_SEPARATORS = frozenset({r"\.", "[.]", "_", "[._]", "[_.]"})


class Branch(NamedTuple):
    """A branch of an alternation: the number of groups around it, and where it stands in the regex."""

    depth: int
    start: int
    end: int

    def within(self, other: Branch) -> bool:
        """Return whether it is a part of another branch."""
        return other.start <= self.start and self.end <= other.end


class _Group(NamedTuple):
    """A group, or the whole regex: whether its branches are judged, and where each begins."""

    judged: bool
    starts: list[int]


@lru_cache(maxsize=512)
def branches(regex: str) -> tuple[Branch, ...]:
    r"""Return the branches that can be disabled one by one, outer ones before inner ones, then from left to right.

    Excluded are branches within lookarounds and conditionals, all branches of a regex that does not backtrack into
    what it has matched (`(?>…)`, `a*+`), and those that only mark the end of a word: empty, `^`, `\.`, `[._]`.
    """
    parts = list(tokens(regex))
    possessive = (part.kind == "quantifier" and regex[part.start + 1 : part.end].endswith("+") for part in parts)
    if any(part.kind == "atomic" for part in parts) or any(possessive):
        return ()
    flags = [part.end for part in parts if part.kind == "flags"]
    open_groups = [_Group(True, [max(flags, default=0)])]
    alternatives: list[Branch] = []
    for part in [*parts, Token("close", len(regex), len(regex))]:
        if part.kind in OPENING:
            open_groups.append(_Group(open_groups[-1].judged and part.kind == "group", [part.end]))
        elif part.kind == "bar":
            open_groups[-1].starts.append(part.end)
        elif part.kind == "close":
            group = open_groups.pop()
            depth = len(open_groups)
            if group.judged and len(group.starts) > 1:
                ends = [*(start - 1 for start in group.starts[1:]), part.start]
                alternatives += [Branch(depth, start, end) for start, end in zip(group.starts, ends, strict=True)]
    return tuple(sorted(branch for branch in alternatives if _asks_for_a_character(regex, parts, branch)))


def _asks_for_a_character(regex: str, parts: list[Token], branch: Branch) -> bool:
    """Return whether a branch asks for some character that does more than separate words."""
    within = (part for part in parts if branch.start <= part.start < branch.end and part.kind not in _NO_CHARACTER)
    return any(regex[part.start : part.end] not in _SEPARATORS for part in within)


def without(regex: str, disabled: Iterable[Branch]) -> str:
    """Return the regex with some of its branches disabled."""
    for branch in sorted(disabled, key=lambda branch: branch.start, reverse=True):
        regex = f"{regex[: branch.start]}(?!){regex[branch.start :]}"
    return regex
