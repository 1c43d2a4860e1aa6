"""Regexes for parts of the tree of names, with the numbers in them captured, written out, or left open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from lrspec.drafting.components import NUMBER, Numbers
from lrspec.drafting.ladder.name_tree import NameNode, number_key, positions
from lrspec.drafting.selecting.regexes import escaped

Choice: TypeAlias = tuple[bool, tuple[str, ...]]
"""Which numbers a position may have: just those, or (False) all but those; (False, ()) is any."""

ANY: Choice = (False, ())
_FEW = 4  # numbers that are listed, or ruled out, though the others are fewer
_MOST = 200  # numbers that are written out in one regex


class Index:
    """Tuples of numbers, counted by the numbers that they begin with."""

    def __init__(self, tuples: Iterable[Numbers]) -> None:
        self.counts: dict[Numbers, dict[str, int]] = {}
        for numbers in tuples:
            for at, number in enumerate(numbers):
                following = self.counts.setdefault(numbers[:at], {})
                following[number] = following.get(number, 0) + 1

    def restrictions(self, allowed: Iterable[Numbers], beginning: Numbers = ()) -> list[tuple[Choice, ...]]:
        """Return the choices, position by position, that together have all allowed tuples and none of the others."""
        at = len(beginning)
        by_first: dict[str, list[Numbers]] = {}
        for numbers in allowed:
            by_first.setdefault(numbers[at] if len(numbers) > at else "", []).append(numbers)
        following = self.counts.get(beginning, {})
        whole = [first for first, some in by_first.items() if len(some) == following.get(first, 1)]
        rest = [ANY] * (len(next(iter(by_first.values()))[0]) - at)
        if len(whole) == len(following) or not rest:
            return [tuple(rest)]
        found = [(choice, *rest[1:]) for choice in _choices(whole, following)]
        for first in _ordered(by_first.keys() - set(whole)):
            deeper = self.restrictions(by_first[first], (*beginning, first))
            found += [((True, (first,)), *choices) for choices in deeper]
        return found


def count_numbers(choices: Iterable[tuple[Choice, ...]]) -> int:
    """The numbers that are written out."""
    return sum(len(numbers) for several in choices for _, numbers in several)


def fits(numbers: Numbers, choices: tuple[Choice, ...]) -> bool:
    """Return whether a tuple of numbers is among those of some choices."""
    return all((number in listed) == only for number, (only, listed) in zip(numbers, choices, strict=True))


def _choices(wanted: list[str], among: Collection[str]) -> Iterator[Choice]:
    """Rule the others out if that goes on being right for a larger model, or is much shorter; else list."""
    listed, left = _ordered(wanted), len(among) - len(wanted)
    if len(listed) > 1 and left <= min(_MOST, max(_FEW, len(listed))):
        others, ordered = _ordered(set(among) - set(wanted)), _ordered(among)
        is_end = listed == ordered[left:]
        is_middle = listed != ordered[: len(listed)] and left < len(listed)
        if is_end or is_middle or (len(listed) > _FEW and left * 2 <= len(listed)):
            yield (False, tuple(others))
            return
    for start in range(0, len(listed), _MOST):
        yield (True, tuple(listed[start : start + _MOST]))


def _ordered(numbers: Iterable[str]) -> list[str]:
    return sorted(numbers, key=lambda text: (number_key((text,)), text))


class Spelling(NamedTuple):
    """How the numbers of nodes are written: the choice for each position, and which of them are captured.

    Numbers that are neither are left open; but those that are the same in all names are written out, with `is_literal`,
    and else if they are part of a word.
    """

    choices: Mapping[int, Choice]
    captured: Sequence[int] = ()
    is_literal: bool = False


def spell(nodes: Sequence[NameNode], depth: int, spelling: Spelling) -> str:
    """Return the regex for nodes whose first `depth` components are alike; `spelling` is of positions in these."""
    path = ""
    for place in range(depth):
        path += (r"\." if place else "") + _component(nodes, place, spelling)
    ends = [
        ([_component([node], place, Spelling({})) for place in range(depth, len(node.path))], node.is_name)
        for node in nodes
    ]
    return f"^{path}{_ends(ends) if depth else _branches(ends)}"


def _component(nodes: Sequence[NameNode], place: int, spelling: Spelling) -> str:
    node = nodes[0]
    parts, at = node.path[place], len(positions(node.path[:place]))
    ends = {len(node.path) == place + 1 and node.is_name for node in nodes}
    end = r"(?!\d)" if len(ends) > 1 else "$" if ends.pop() else r"\."
    text = escaped(parts[0])
    for which, part in enumerate(parts[1:], at):
        after = escaped(part[:1]) or end
        text += _number(nodes, which, parts == NUMBER, spelling, after) + escaped(part)
    return text


def _number(nodes: Sequence[NameNode], at: int, is_whole: bool, spelling: Spelling, after: str) -> str:
    is_captured = at in spelling.captured
    only, listed = spelling.choices.get(at, ANY)
    if only:
        text = "|".join(listed)
        return f"({text})" if is_captured else text if len(listed) == 1 else f"(?:{text})"
    if listed:
        ruled_out = listed[0] if len(listed) == 1 else f"(?:{'|'.join(listed)})"
        return rf"(?!{ruled_out}{after})" + (r"(\d+)" if is_captured else r"\d+")
    if is_captured:
        return r"(\d+)"
    first = nodes[0].names[0].numbers[at]
    is_fixed = spelling.is_literal or not is_whole
    return first if is_fixed and all(name.numbers[at] == first for node in nodes for name in node.names) else r"\d+"


_End: TypeAlias = tuple[list[str], bool]
"""The last components of names, and whether a name ends there."""


def _ends(ends: Sequence[_End]) -> str:
    """Write what follows after a component."""
    texts = [r"$" if is_name else r"\." for components, is_name in ends if not components]
    deeper = [end for end in ends if end[0]]
    return _either([*texts, rf"\.{_branches(deeper)}"] if deeper else texts)


def _branches(ends: Sequence[_End]) -> str:
    """Write several components, and what follows after each."""
    by_first: dict[str, list[_End]] = {}
    for (first, *rest), is_name in ends:
        by_first.setdefault(first, []).append((rest, is_name))
    by_tail: dict[str, list[str]] = {}
    for first, rests in by_first.items():
        by_tail.setdefault(_ends(rests), []).append(first)
    return _either([_either(firsts) + tail for tail, firsts in by_tail.items()])


def _either(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"(?:{'|'.join(texts)})"
