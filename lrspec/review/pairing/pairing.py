"""`Pairing`: which parameters of a new model are which of an old one, by their places in the two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain

from lrspec.models.parameters import Parameter
from lrspec.review.pairing.fusions import Fusion, fusions
from lrspec.review.pairing.renames import Rename, renames


@dataclass(frozen=True)
class Pairing:
    """What became of each parameter; each old and each new one is in exactly one of these.

    `kept` are those with the same name, though the shape may be another one; `renamed` are the same under another name,
    together with what was replaced in all of their names. `fused` are several old ones that are one new one now, and
    `split` is the reverse.
    """

    kept: tuple[tuple[int, int], ...]
    renamed: tuple[Rename, ...]
    fused: tuple[Fusion, ...]
    split: tuple[Fusion, ...]
    gone: tuple[int, ...]
    added: tuple[int, ...]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The old and the new place of what is one parameter in both, in the old order."""
        return sorted([*self.kept, *(pair for rename in self.renamed for pair in rename.pairs)])


def pair(old: Sequence[Parameter], new: Sequence[Parameter]) -> Pairing:
    """Find what became of each parameter of an old model in a new one; both are in model order."""
    places = {name: place for place, parameter in enumerate(new) for name in parameter.names}
    kept = {place: places[parameter.name] for place, parameter in enumerate(old) if parameter.name in places}
    first = {other: one for one, other in reversed(kept.items())}  # two that were apart may be tied now
    kept = {one: other for one, other in kept.items() if first[other] == one}
    renamed = renames(old, new, kept)
    paired = {**kept, **{one: other for rename in renamed for one, other in rename.pairs}}
    gone = [place for place in range(len(old)) if place not in paired]
    found = {*paired.values()}
    added = [place for place in range(len(new)) if place not in found]
    modules = {_around(parameter.name) for parameter in new}
    moved = [_moved(parameter, renamed, modules) for parameter in old]
    fused = fusions(moved, new, gone, added)
    gone = _without(gone, chain.from_iterable(each.parts for each in fused))
    added = _without(added, (each.whole for each in fused))
    split = fusions(new, moved, added, gone)
    gone = _without(gone, (each.whole for each in split))
    added = _without(added, chain.from_iterable(each.parts for each in split))
    return Pairing(tuple(kept.items()), tuple(renamed), tuple(fused), tuple(split), tuple(gone), tuple(added))


def _without(places: Sequence[int], taken: Iterable[int]) -> list[int]:
    known = set(taken)
    return [place for place in places if place not in known]


def _around(name: str) -> str:
    """The module around the one that owns a parameter."""
    return ".".join(name.split(".")[:-2])


def _moved(parameter: Parameter, renamed: Sequence[Rename], modules: Set[str]) -> Parameter:
    """A parameter under the name that it would have, had it been renamed like those around it."""
    if _around(parameter.name) in modules:
        return parameter
    names = (name for rename in renamed for name in rename.replacement.results(parameter.name))
    return replace(parameter, name=next((name for name in names if _around(name) in modules), parameter.name))
