"""The modules of a model as branches of a tree: numbered siblings that are alike are one branch."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from lrspec.models.parameters import Columns, Shape

_MOST = 1_000  # branches: modules are opened level by level, as long as there are fewer
_SIDE_BY_SIDE = 100  # branches of one module; the others are counted
_JOINED = 3  # parameters on the line of their module


@dataclass(eq=False, slots=True)
class _Node:
    """A module, or a parameter, which has a place; nodes of the same `likeness` differ in nothing but their names."""

    children: dict[str, _Node] = field(default_factory=dict)
    place: int | None = None
    likeness: int = 0

    def places(self) -> Iterator[int]:
        """The places of all parameters in it."""
        rest = [self]
        while rest:
            node = rest.pop()
            if node.place is not None:
                yield node.place
            rest.extend(node.children.values())


@dataclass(eq=False, slots=True)
class Branch:
    """A module or a parameter, or several that are alike: the name of the first, and the end of that of the `last`.

    `places` are all parameters in them. `shapes` are shown on the branch itself: that of a parameter under an empty
    name, or those of a module's parameters, which then have no branches. `closed` says that there was no room for them.
    """

    name: str
    last: str
    times: int
    places: list[int]
    shapes: list[tuple[str, Shape | None]] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    closed: bool = False


def fold(columns: Columns, traits: Sequence[Hashable], main: Sequence[Hashable]) -> list[Branch]:
    """Return the branches of a model. Alike are numbered siblings in which all shapes and `traits` are the same.

    A few parameters of one module are on its line if their `main` traits are the same.
    """
    root = _tree(columns, traits)
    top = Branch("", "", 1, [])
    room, closed = _MOST, deque([(top, [root])])
    while closed:
        branch, nodes = closed.popleft()
        if branch is not top and _is_one_line(nodes[0], main):
            branch.shapes = _shapes(nodes[0], columns)
            continue
        inside = list(_inside(branch, nodes))
        shown, others = inside[:_SIDE_BY_SIDE], inside[_SIDE_BY_SIDE:]
        branch.closed = len(shown) > room
        if branch.closed:
            continue
        if nodes[0].place is not None:  # a name that others begin with, as lists of names may have it
            branch.shapes = [("", columns.shapes[nodes[0].place])]
        room -= len(shown)
        branch.branches = [each for each, _ in shown]
        closed.extend(shown)
        if others:
            rest = [place for each, _ in others for place in each.places]
            branch.branches.append(Branch(f"… {len(others):,} more", "", 1, rest))
    return top.branches


def _is_one_line(node: _Node, main: Sequence[Hashable]) -> bool:
    """Whether one line says all: of a parameter, or of a module with a few parameters of the same main traits."""
    if not node.children:
        return True
    places = [child.place for child in node.children.values() if not child.children]
    few = node.place is None and len(places) == len(node.children) <= _JOINED
    return few and len({main[place] for place in places if place is not None}) == 1


def _shapes(node: _Node, columns: Columns) -> list[tuple[str, Shape | None]]:
    """The shape of a parameter, or those of a module's."""
    named = node.children.items() or [("", node)]
    return [(name, columns.shapes[each.place]) for name, each in named if each.place is not None]


def _inside(above: Branch, nodes: Sequence[_Node]) -> Iterator[tuple[Branch, list[_Node]]]:
    """Yield the branches in a module, or in several that are alike, with the nodes that each stands for."""
    for names in _runs(nodes[0]):
        name, inner, last = names[0], [node.children[each] for each in names for node in nodes], names[-1]
        while len(names) == 1 and len(runs := _runs(inner[0])) == 1 and inner[0].place is None:
            (names,) = runs  # a module that contains nothing else
            inner = [node.children[each] for each in names for node in inner]
            name, last = f"{name}.{names[0]}", f"{name}.{names[-1]}"
        if name.partition(".")[0].isdecimal() and above.name:  # a number says little without its list
            owner = above.name.rpartition(".")[2]
            name, last = f"{owner}.{name}", f"{owner}.{last}"
        last = ".".join(last.split(".")[-2:])  # `encoder.layer.0 … layer.11`
        places = sorted(place for node in inner for place in node.places())
        yield Branch(name, last, len(names), places), inner


def _runs(node: _Node) -> list[list[str]]:
    """The names of a node's children, those together that are one branch."""
    runs: list[list[str]] = []
    for name, child in node.children.items():
        before = runs[-1][-1] if runs else ""
        if before.isdecimal() and name.isdecimal() and node.children[before].likeness == child.likeness:
            runs[-1].append(name)
        else:
            runs.append([name])
    return runs


def _tree(columns: Columns, traits: Sequence[Hashable]) -> _Node:
    """The modules of a model, by the names of its parameters."""
    root = _Node()
    for place, name in enumerate(columns.names):
        node = root
        for step in name.split("."):
            node = node.children.setdefault(step, _Node())
        node.place = place
    _liken(root, columns, traits, {})
    return root


def _liken(node: _Node, columns: Columns, traits: Sequence[Hashable], known: dict[Hashable, int]) -> None:
    for child in node.children.values():
        _liken(child, columns, traits, known)
    own = None if node.place is None else (columns.shapes[node.place], traits[node.place])
    inside = tuple([(name, child.likeness) for name, child in node.children.items()])
    node.likeness = known.setdefault((own, inside), len(known))
