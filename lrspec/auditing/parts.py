"""Divides a model into parts as deep as settings differ: siblings that are alike are one part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from lrspec.models.parameters import Columns

_MOST = 60  # rows: parts are divided as long as there are fewer
_KINDS = 16  # of parameters, in one part
_ANY = ""  # the kind of all parameters of a part, where they are many and have one state
_WHOLE = "(all)"
_WEIGHTS = "weights"
_SPECIAL_WEIGHTS = {"embedding": "embeddings", "head": "head"}
"""Kinds of weights, by what a model declares them as."""
_KNOWN = (_WEIGHTS, *_SPECIAL_WEIGHTS.values(), "norms", "biases")
_BETWEEN = " … "


class Row(NamedTuple):
    """Some parameters of a part of the model: `names` is the part, `kinds` which of it, empty for everything in it.

    `states` are those of the parameters, in the order in which they come; several if the part was not divided.
    """

    names: str
    kinds: Sequence[str]
    states: Sequence[int]
    places: Sequence[int]


@dataclass(eq=False, slots=True)
class _Node:
    """A module, or a parameter, which has a place; `states` has the state of each kind of parameter in it.

    It is None if a kind has several states. Nodes with the same `likeness` are alike in names, kinds and states.
    """

    children: dict[str, _Node] = field(default_factory=dict)
    place: int | None = None
    states: dict[str, int] | None = field(default_factory=dict)
    likeness: int = 0


class _Part(NamedTuple):
    """Siblings side by side, of which all modules inside are alike, or `states` has what each kind has."""

    names: str
    nodes: Sequence[_Node]
    states: dict[str, int] | None


def rows(columns: Columns, states: Sequence[int]) -> list[Row]:
    """Return the rows for parameters with these states, a number for each; not more than sixty or so.

    Every parameter is in just one of them.
    """
    root = _tree(columns, states)
    siblings = [[_Part(_WHOLE, [root], root.states)]]
    while (divided := list(_next(siblings))) != siblings:
        siblings = divided
    return [row for part in chain.from_iterable(siblings) for row in _rows_of(part, columns, states)]


def _next(siblings: Sequence[list[_Part]]) -> Iterator[list[_Part]]:
    """Divide parts one level further, those of one parent all together, as far as there is room."""
    room = _MOST - sum(map(_height, chain.from_iterable(siblings)))
    for parts in siblings:
        inside = [[part] if part.states is not None else _divided(part) for part in parts]
        more = sum(map(_height, chain.from_iterable(inside))) - sum(map(_height, parts))
        if more > room:
            yield parts
        else:
            room -= more
            yield from inside


def _height(part: _Part) -> int:
    """The number of rows that a part takes."""
    return 1 if part.states is None else len(set(part.states.values()))


def _divided(part: _Part) -> list[_Part]:
    """What is inside of a part: of several nodes, which are alike, the children of one name are one part."""
    while len(part.nodes[0].children) == 1:  # a single child says no more than its parent
        (name,) = part.nodes[0].children
        part = _Part(_below(part.names, name), [node.children[name] for node in part.nodes], None)
    runs: list[tuple[list[str], _Node, dict[str, int] | None]] = []
    for name, child in part.nodes[0].children.items():
        names, first, states = runs[-1] if runs else ([], child, None)
        joined = _joined(states, child.states) if _overlap(states, child.states) else None
        if names and (joined is not None or _numbered_alike(names[-1], first, name, child)):
            names.append(name)
            runs[-1] = (names, first, joined)
        else:
            runs.append(([name], child, child.states))
    return [
        _Part(_below(part.names, _range(names)), [node.children[name] for name in names for node in part.nodes], states)
        for names, _, states in runs
    ]


def _overlap(one: dict[str, int] | None, other: dict[str, int] | None) -> bool:
    """Whether siblings are worth one part: all states of one are those of the other, too."""
    first, second = set((one or {}).values()), set((other or {}).values())
    return first <= second or second <= first


def _numbered_alike(name: str, node: _Node, next_name: str, child: _Node) -> bool:
    """Whether siblings that have to be divided further can be divided together."""
    return child.states is None and node.likeness == child.likeness and name.isdecimal() and next_name.isdecimal()


def _joined(one: dict[str, int] | None, other: dict[str, int] | None) -> dict[str, int] | None:
    """The states of both, by kind; None if they contradict each other, or if there are many kinds."""
    if one is None or other is None:
        return None
    both = {**one, **other}
    if any(both[kind] != state for kind, state in one.items()):
        return None
    if len(set(both.values())) == 1:
        return both if len(both) <= _KINDS else {_ANY: both.popitem()[1]}
    return None if _ANY in both or len(both) > _KINDS else both


def _range(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{names[0]}…{names[-1]}" if all(map(str.isdecimal, names)) else f"{names[0]}{_BETWEEN}{names[-1]}"


def _below(part: str, name: str) -> str:
    return name if part == _WHOLE else f"{part}.{name}"


def _rows_of(part: _Part, columns: Columns, states: Sequence[int]) -> Iterator[Row]:
    places = sorted(chain.from_iterable(map(_places, part.nodes)))
    present = list(dict.fromkeys(states[place] for place in places))
    if part.states is None or len(present) == 1:
        yield Row(part.names, (), present, places)
        return
    for state in present:
        kinds = [kind for kind, own in part.states.items() if own == state]
        yield Row(part.names, _in_order(kinds), [state], [place for place in places if states[place] == state])


def _in_order(kinds: Sequence[str]) -> list[str]:
    """Well-known kinds first; weights of all kinds are weights."""
    known = [kind for kind in _KNOWN if kind in kinds]
    if _WEIGHTS in known:
        known = [kind for kind in known if kind not in _SPECIAL_WEIGHTS.values()]
    return [*known, *(kind for kind in kinds if kind not in _KNOWN)]


def _places(node: _Node) -> Iterator[int]:
    if node.place is not None:
        yield node.place
    for child in node.children.values():
        yield from _places(child)


def _tree(columns: Columns, states: Sequence[int]) -> _Node:
    """The modules of a model, by the names of its parameters."""
    root = _Node()
    nodes = {"": root}

    def module(prefix: str) -> _Node:
        if prefix not in nodes:
            above, _, name = prefix.rpartition(".")
            nodes[prefix] = module(above).children.setdefault(name, _Node())
        return nodes[prefix]

    for place, name in enumerate(columns.names):
        owner, _, leaf = name.rpartition(".")
        node = module(owner).children.setdefault(leaf, _Node())
        node.place, node.states = place, {_kind(columns, place, leaf): states[place]}
    _summarise(root, {})
    return root


def _summarise(node: _Node, known: dict[object, int]) -> None:
    """Set what a node has from what its children have."""
    for child in node.children.values():
        _summarise(child, known)
        node.states = _joined(node.states, child.states)
    own = tuple(node.states.items()) if node.states and not node.children else ()
    inside = tuple((name, child.likeness) for name, child in node.children.items())
    node.likeness = known.setdefault((own, inside), len(known))


def _kind(columns: Columns, place: int, leaf: str) -> str:
    """What kind of parameter one is, by its names and its owner: `biases`, `norms`, `lora_A`, or as it is called."""
    name = columns.names[place]
    if "lora_" in name:
        return next((step for step in name.split(".") if step.startswith("lora_")), leaf)
    if leaf.endswith("bias"):
        return "biases"
    if not (leaf.endswith("weight") or leaf.isdecimal()):
        return leaf
    if any("norm" in owner.lower() for owner in columns.owners[place]):
        return "norms"
    declared = columns.declared[place] or ()
    return next((kind for word, kind in _SPECIAL_WEIGHTS.items() if word in declared), _WEIGHTS)
