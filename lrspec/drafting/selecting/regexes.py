"""Writes regexes: parts of names, escaped and anchored, and siblings in one regex."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from lrspec.drafting.selecting.templates import Kind

_SPECIAL = frozenset(".^$*+?{}[]\\|()")
_WIDTH = 80  # characters of an alternation
_MANY = 100  # regexes: from there on, fewer and wider ones
_WIDEST = 2000

_FRAMES = {
    Kind.beginning: (r"^", r"\."),
    Kind.whole: (r"^", r"$"),
    Kind.ending: (r"\.", r"$"),
    Kind.any_ending: (r"(?:^|\.)", r"$"),
    Kind.inside: (r"\.", r"\."),
    Kind.any_inside: (r"(?:^|\.)", r"\."),
    Kind.both_ends: (r"^", r"$"),
}


class Description(NamedTuple):
    """A regex: the part of names that it finds, and its components: texts, and between them numbers or None for any."""

    kind: Kind
    components: tuple[tuple[str | None, ...], ...]


def texts(descriptions: Sequence[Description], has_line_break: bool = False) -> tuple[str, ...]:
    """Return the regexes, those that differ in one component joined: `^(?:cls_token|pos_embed)$`."""
    width = _WIDTH if len(descriptions) <= _MANY else _WIDEST
    written = [(kind, tuple([_component(part) for part in components])) for kind, components in descriptions]
    end = r"\Z" if has_line_break else "$"
    once = list(_join(written, width))
    return tuple([_text(kind, components, end) for kind, components in _join(once, width)])


def escaped(text: str) -> str:
    """Return a regex that finds just this text; what cannot be seen is written by its number: `\\x1b`."""
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _component(pieces: Iterable[str | None]) -> str:
    return "".join([r"\d+" if piece is None else escaped(piece) for piece in pieces])


_Written = tuple[Kind, tuple[str, ...]]


def _join(written: Sequence[_Written], width: int) -> Iterator[_Written]:
    """Join regexes that differ in one component, the last possible one; each stands where its first stood."""
    families: dict[Hashable, list[_Written]] = {}
    for one in written:
        for place in range(len(one[1])):
            families.setdefault(_siblings(one, place), []).append(one)
    left = dict.fromkeys(written)
    for one in written:
        if one not in left:
            continue
        kind, components = one
        place = max(reversed(range(len(components))), key=lambda place: len(families[_siblings(one, place)]))
        family = _fitting([other for other in families[_siblings(one, place)] if other in left], place, width)
        for member in family:
            del left[member]
        if len(family) > 1:
            alternatives = "|".join([member[1][place] for member in family])
            components = (*components[:place], f"(?:{alternatives})", *components[place + 1 :])
        yield kind, components


def _siblings(written: _Written, place: int) -> Hashable:
    """What is the same for regexes that differ in one component only, which is no alternation yet."""
    kind, components = written
    alternation = components[place] if components[place].startswith("(?:") else ""
    return kind, components[:place], alternation, components[place + 1 :], place


def _fitting(family: list[_Written], place: int, width: int) -> list[_Written]:
    """The first members of a family, as many as make a regex that is not too wide."""
    taken, length = family[:1], len(family[0][1][place])
    for member in family[1:]:
        length += 1 + len(member[1][place])
        if length > width:
            break
        taken.append(member)
    return taken


def _text(kind: Kind, components: tuple[str, ...], end: str) -> str:
    before, after = _FRAMES[kind]
    if kind is Kind.both_ends:
        return before + r"\.".join(components[:-1]) + r"\..*\." + components[-1] + end
    return before + r"\.".join(components) + (end if after == "$" else after)
