"""The branches of the alternations in a regex, and the regex with some of them disabled.

A branch that begins with `(?!)` never matches, and all groups keep their numbers. Whatever the regex then matches, it
matched before in the same way: for that, branches are left out whose failing could let something else match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from lrspec.regex.tokens import OPENING, Token, tokens

_NEVER = "(?!)"
_SAYS_NOTHING = frozenset({*OPENING, "close", "bar", "anchor", "quantifier", "flags"})
_SEPARATORS = frozenset({r"\.", "[.]", "_", "[._]", "[_.]"})


class Branch(NamedTuple):
    """A branch of an alternation: how many groups it is in, and where it stands in the regex."""

    depth: int
    start: int
    end: int

    def within(self, other: Branch) -> bool:
        """Whether it is a part of another branch."""
        return other.start <= self.start and self.end <= other.end


@lru_cache(maxsize=512)
def branches(regex: str) -> tuple[Branch, ...]:
    r"""The branches that can be disabled one by one, outer ones before inner ones, else from left to right.

    Left out are branches within lookarounds and conditionals, all branches of a regex that does not go back into what
    it has matched (`(?>…)`, `a*+`), and those that say no more than where a word ends: empty, `^`, `\.`, `[._]`.
    """
    parts = list(tokens(regex))
    if any(part.kind == "atomic" or _is_possessive(regex, part) for part in parts):
        return ()
    return tuple(sorted(each for each in _alternatives(parts, len(regex)) if _says_something(regex, parts, each)))


def without(regex: str, disabled: Iterable[Branch]) -> str:
    """The regex with some of its branches disabled."""
    for branch in sorted(disabled, key=lambda branch: branch.start, reverse=True):
        regex = regex[: branch.start] + _NEVER + regex[branch.start :]
    return regex


@dataclass
class _Open:
    """A group that is still open, or the regex itself, with the bars in it so far."""

    start: int
    judged: bool
    bars: list[Token] = field(default_factory=list)


def _alternatives(parts: list[Token], length: int) -> Iterator[Branch]:
    """Every branch of every alternation that is in no lookaround and in no conditional."""
    flags = [part.end for part in parts if part.kind == "flags"]
    opened = [_Open(max(flags, default=0), True)]
    for part in parts:
        if part.kind in OPENING:
            opened.append(_Open(part.end, opened[-1].judged and part.kind == "group"))
        elif part.kind == "bar":
            opened[-1].bars.append(part)
        elif part.kind == "close":
            yield from _branches_of(opened.pop(), len(opened), part.start)
    yield from _branches_of(opened.pop(), 0, length)


def _branches_of(group: _Open, depth: int, end: int) -> Iterator[Branch]:
    if group.judged and group.bars:
        starts = [group.start, *(bar.end for bar in group.bars)]
        ends = [*(bar.start for bar in group.bars), end]
        yield from (Branch(depth, *place) for place in zip(starts, ends, strict=True))


def _is_possessive(regex: str, part: Token) -> bool:
    return part.kind == "quantifier" and part.end - part.start > 1 and regex[part.end - 1] == "+"


def _says_something(regex: str, parts: list[Token], branch: Branch) -> bool:
    """Whether a branch asks for some character that does not merely separate words."""
    within = (part for part in parts if branch.start <= part.start < branch.end and part.kind not in _SAYS_NOTHING)
    return any(regex[part.start : part.end] not in _SEPARATORS for part in within)
