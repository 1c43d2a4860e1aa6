"""The branches of the alternations in a regex, and the regex with some of its parts disabled.

A branch that begins with `(?!)` never matches, and all groups keep their numbers. Whatever the regex then matches, it
matched before in the same way: branches whose failing could let something else match are excluded.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from lrspec.regex.classes import Member
from lrspec.regex.tokens import OPENING, Token, backtracks, tokens

_NO_CHARACTER = frozenset({*OPENING, "close", "bar", "anchor", "quantifier", "flags"})
_NEVER = "(?!)"
_SEPARATORS = frozenset({r"\.", "[.]", "_", "[._]", "[_.]"})


class Branch(NamedTuple):
    """A branch: the number of groups around it, where it stands in the regex, and where its alternation begins."""

    depth: int
    start: int
    end: int
    first: int

    def has(self, part: Part) -> bool:
        """Return whether another branch, or a member of a class, is a part of it."""
        return self.start <= part.start and part.end <= self.end


Part: TypeAlias = Branch | Member
"""What a regex can be tried without."""


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
    if not backtracks(regex):
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
                places = zip(group.starts, ends, strict=True)
                alternatives += [Branch(depth, start, end, group.starts[0]) for start, end in places]
    return tuple(sorted(branch for branch in alternatives if _asks_for_a_character(regex, parts, branch)))


@lru_cache(maxsize=512)
def outermost_branches(regex: str) -> tuple[Branch, ...]:
    """Return the branches, as above, of the outermost alternation, if the regex or a group at its start is one."""
    beginning = 0
    for token in tokens(regex):
        if token.kind not in ("flags", "group"):
            break
        beginning = token.end
    outer = branches(regex)
    return tuple(branch for branch in outer if branch.first == outer[0].first <= beginning)


def _asks_for_a_character(regex: str, parts: list[Token], branch: Branch) -> bool:
    """Return whether a branch asks for some character that does more than separate words."""
    within = (part for part in parts if branch.start <= part.start < branch.end and part.kind not in _NO_CHARACTER)
    return any(regex[part.start : part.end] not in _SEPARATORS for part in within)


def without(regex: str, disabled: Collection[Part]) -> str:
    """Return the regex with some of its branches disabled, and without some members of its classes."""
    edits = [(part.start, part.start, _NEVER) for part in disabled if isinstance(part, Branch)]
    gone = {part for part in disabled if isinstance(part, Member)}
    for start, end in {(member.of.start, member.of.end) for member in gone}:
        left = regex[start:end]
        for member in sorted(gone, reverse=True):
            if start < member.start < end:
                left = left[: member.start - start] + left[member.end - start :]
        edits.append((start, end, _NEVER if left == "[]" else left))
    for start, end, text in sorted(edits, reverse=True):
        regex = regex[:start] + text + regex[end:]
    return regex
