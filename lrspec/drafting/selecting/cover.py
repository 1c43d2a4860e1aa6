"""Finds regexes that select just some of a model's names, as few and as plain as a person would write."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from lrspec.drafting.components import NUMBER
from lrspec.drafting.selecting.prefixes import prefixes
from lrspec.drafting.selecting.regexes import Description, texts
from lrspec.drafting.selecting.templates import Kind, NamePart, Place, Template, Templates, templates

Fixed: TypeAlias = tuple[tuple[int, str], ...]
"""Numbers that are written out, by their place: among those of a template, or of a part of one."""

_COST = {
    Kind.beginning: 1.0,
    Kind.whole: 1.05,
    Kind.ending: 1.2,
    Kind.any_ending: 1.25,
    Kind.inside: 1.3,
    Kind.any_inside: 1.35,
    Kind.both_ends: 1.5,
}
_COST_OF_COMPONENT = 0.12
_COST_OF_NUMBER = 0.3
_FEW = 6  # beginnings that a person would list
_HOPELESS = 100  # beginnings, and as many atoms: there is nothing to be found that many of them have in common


def cover(names: Sequence[str], wanted: Collection[int], free: Collection[int] = ()) -> tuple[str, ...]:
    """Return regexes that find all wanted names and no other but free ones; `wanted` and `free` are places in `names`.

    Whole components only, anchored and escaped: `^blocks\\.\\d+\\.attn\\.`, `^(?:cls_token|pos_embed)$`. Names count by
    templates, in which numbers are written out only where it depends on them whether a name is wanted.
    """
    index = templates(tuple(names))
    search = _Search(index, _by_template(index, wanted), _by_template(index, {*wanted, *free}))
    search.split()
    allowed = {*wanted, *free}
    begun = prefixes(names, wanted, allowed) if len(search.atoms) > _HOPELESS else []
    if len(begun) > _HOPELESS:
        return texts(begun, index.has_line_break)
    found = [search.description(key) for key in search.chosen()]
    best = texts(found, index.has_line_break)
    if _depth(found) <= 1:
        return best
    begun = begun or prefixes(names, wanted, allowed)
    if len(begun) > _FEW or _depth(begun) >= _depth(found):
        return best
    listed = texts(begun, index.has_line_break)
    return listed if len(listed) <= len(best) else best


def _depth(found: Sequence[Description]) -> int:
    """The most components that a regex has; what is between both ends is one more."""
    return max((len(each.components) + (each.kind is Kind.both_ends) for each in found), default=0)


def _by_template(index: Templates, names: Collection[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for name in sorted(names):
        found.setdefault(index.of_name[name], set()).add(name)
    return found


class _Key(NamedTuple):
    """A regex: a part of names, and the numbers of the part that are written out."""

    part: NamePart
    numbers: Fixed


@dataclass(frozen=True)
class _Atom:
    """Wanted names of one template that nothing refused comes between.

    `fixed` are the numbers by which they differ from refused names, with the outer ones that they have in common: block
    2 of stage 3 is no block 2 of any stage, even if only that stage has so many. `alike` is all they have in common.
    """

    names: list[int]
    fixed: Fixed
    alike: dict[int, str]


@dataclass
class _Search:
    """One search: of each template the names that are wanted, and these with the free ones, which are allowed."""

    index: Templates
    wanted: dict[int, set[int]]
    allowed: dict[int, set[int]]
    atoms: list[_Atom] = field(default_factory=list)
    of_template: dict[int, list[int]] = field(default_factory=dict)
    """The atoms of each template."""
    having: dict[tuple[int, int, str], list[int]] = field(default_factory=dict)
    """The atoms of a template all names of which have a number at some place."""

    def split(self) -> None:
        """Find the atoms."""
        for template in sorted(self.wanted):
            for atom in self._atoms(template):
                self.of_template.setdefault(template, []).append(len(self.atoms))
                for run, value in atom.alike.items():
                    self.having.setdefault((template, run, value), []).append(len(self.atoms))
                self.atoms.append(atom)

    def chosen(self) -> list[_Key]:
        """The regexes: by a weighted greedy choice, without those that turn out not to be needed."""
        covered = {key: atoms for key in self._keys() if self._is_pure(key) and (atoms := self._covered(key))}
        return self._needed(_greedy(covered))

    def _atoms(self, index: int) -> Iterator[_Atom]:
        """The wanted names of a template, apart where numbers tell some of them from refused names."""
        template, wanted = self.index.templates[index], self.wanted[index]
        allowed = self.allowed[index]
        if len(allowed) == len(template.numbers):
            yield _atom(template, sorted(wanted), ())
            return
        parts = _refine(template, template.by_number, wanted, allowed, ())
        for fixed, names in sorted(parts, key=lambda part: part[1]):
            atom = _atom(template, names, fixed)
            last = max(run for run, _ in fixed)
            outer = [(run, atom.alike[run]) for run in range(last) if run in atom.alike]
            outer = [(run, value) for run, value in outer if len(template.by_number[run]) > 1]
            yield _Atom(names, tuple(sorted({*fixed, *outer})), atom.alike)

    def _keys(self) -> Iterator[_Key]:
        """The regexes that might do, each once."""
        seen: dict[_Key, None] = {}
        for index in sorted(self.wanted):
            template = self.index.templates[index]
            for part, first, last in template.parts():
                if part.kind is Kind.both_ends and self.index.has_line_break:
                    continue
                at = {place: number for number, place in enumerate(_places(part, Place(index, first, last)))}
                for atom in {self.atoms[atom].fixed: self.atoms[atom] for atom in self.of_template[index]}.values():
                    words = {place: atom.alike[place] for place in template.words if place in at}
                    for some in _ways_to_write(part.kind, atom.fixed, at):
                        beside = template.beside(some, atom.alike) if some else {}
                        written = {**words, **dict(some), **beside}
                        numbers = sorted((at[place], value) for place, value in written.items() if place in at)
                        seen.setdefault(_Key(part, tuple(numbers)))
        return iter(seen)

    def _is_pure(self, key: _Key) -> bool:
        """Return whether a regex finds no name that is refused."""
        for place in self.index.places[key.part]:
            template = self.index.templates[place.template]
            allowed = self.allowed.get(place.template, set())
            if len(allowed) < len(template.numbers) and not _having(template, _at(key, place)) <= allowed:
                return False
        return True

    def _covered(self, key: _Key) -> list[int]:
        """The atoms of which a regex finds all names."""
        found: dict[int, None] = {}
        for place in self.index.places[key.part]:
            lists = [self.having.get((place.template, run, value), []) for run, value in _at(key, place)]
            shortest = min(lists, key=len, default=self.of_template.get(place.template, []))
            others = [set(each) for each in lists if each is not shortest]
            found.update(dict.fromkeys(atom for atom in shortest if all(atom in other for other in others)))
        return list(found)

    def _needed(self, keys: list[_Key]) -> list[_Key]:
        """The regexes, in the order of the first name that each finds, without any whose names others find, too."""
        names = {key: self._names(key) for key in keys}
        times: dict[int, int] = {}
        for found in names.values():
            for name in found:
                times[name] = times.get(name, 0) + 1
        for key in sorted(keys, key=lambda key: (-_cost(key), len(names[key]))):
            if all(times[name] > 1 for name in names[key]):
                for name in names.pop(key):
                    times[name] -= 1
        return sorted(names, key=lambda key: min(names[key]))

    def _names(self, key: _Key) -> set[int]:
        """The wanted names that a regex finds."""
        found: set[int] = set()
        for place in self.index.places[key.part]:
            if place.template in self.wanted:
                found |= _having(self.index.templates[place.template], _at(key, place)) & self.wanted[place.template]
        return found

    def description(self, key: _Key) -> Description:
        """What the text of a regex is made of."""
        values, run = dict(key.numbers), 0
        components: list[tuple[str | None, ...]] = []
        for shape in key.part.shapes:
            pieces: list[str | None] = [shape[0]]
            for text in shape[1:]:
                pieces += [values.get(run), text]
                run += 1
            components.append(tuple(pieces))
        return Description(key.part.kind, tuple(components))


def _atom(template: Template, names: list[int], fixed: Fixed) -> _Atom:
    first = template.numbers[names[0]]
    alike = dict(enumerate(first))
    for name in names[1:]:
        numbers = template.numbers[name]
        alike = {run: value for run, value in alike.items() if numbers[run] == value}
    return _Atom(names, fixed, alike)


def _refine(
    template: Template, values: Sequence[dict[str, list[int]]], wanted: set[int], allowed: set[int], fixed: Fixed
) -> Iterator[tuple[Fixed, list[int]]]:
    """Tell wanted names from refused ones by as few numbers as possible."""
    best: tuple[tuple[bool, int, int], int, dict[str, list[int]]] | None = None
    for run, by_value in enumerate(values):
        if len(by_value) == 1:
            continue
        having = {value: names for value, names in by_value.items() if not wanted.isdisjoint(names)}
        refused = sum(not allowed.issuperset(names) and len(names) for names in having.values())
        score = (refused > 0, refused or len(having), run)
        if best is None or score < best[0]:
            best = score, run, having
    assert best is not None  # names of one template differ in some number
    _, run, having = best
    for value, names in having.items():
        here = (*fixed, (run, value))
        if allowed.issuperset(names):
            yield here, [name for name in names if name in wanted]
            continue
        part = Template(template.shapes, template.words, {name: template.numbers[name] for name in names})
        yield from _refine(part, part.by_number, wanted.intersection(names), allowed, here)


def _ways_to_write(kind: Kind, fixed: Fixed, at: Collection[int]) -> Iterator[Fixed]:
    """The numbers that a regex may write out: none, or all; without the outer ones, inner ones would be misleading."""
    yield ()
    inside = tuple([(place, value) for place, value in fixed if place in at])
    if inside and (kind in (Kind.beginning, Kind.whole, Kind.both_ends) or len(inside) == len(fixed)):
        yield inside


def _places(part: NamePart, place: Place) -> list[int]:
    """The places in a template of the numbers of a part of it."""
    runs = [len(shape) - 1 for shape in part.shapes]
    if part.kind is not Kind.both_ends:
        return list(range(place.first, place.first + sum(runs)))
    return [*range(sum(runs[:-1])), *range(place.last, place.last + runs[-1])]


def _at(key: _Key, place: Place) -> Fixed:
    """The numbers of a regex by their places in a template."""
    places = _places(key.part, place)
    return tuple([(places[run], value) for run, value in key.numbers])


def _having(template: Template, numbers: Fixed) -> set[int]:
    """The names of a template that have all these numbers."""
    if not numbers:
        return set(template.numbers)
    lists = sorted((template.by_number[run].get(value, []) for run, value in numbers), key=len)
    return set(lists[0]).intersection(*lists[1:])


def _cost(key: _Key) -> float:
    of_modules = [shape == NUMBER for shape in key.part.shapes for _ in shape[1:]]
    numbers = sum(of_modules[run] for run, _ in key.numbers)
    return _COST[key.part.kind] + _COST_OF_COMPONENT * (len(key.part.shapes) - 1) + _COST_OF_NUMBER * numbers


def _greedy(covered: dict[_Key, list[int]]) -> list[_Key]:
    """Choose, again and again, the regex that costs least for each atom that it adds."""
    keys = list(covered)
    heap = [(_cost(key) / len(covered[key]), _cost(key), number) for number, key in enumerate(keys)]
    heapq.heapify(heap)
    left = {atom for atoms in covered.values() for atom in atoms}
    chosen: list[_Key] = []
    while left:
        ratio, cost, number = heapq.heappop(heap)
        gain = sum(atom in left for atom in covered[keys[number]])
        if gain and cost / gain > ratio:
            heapq.heappush(heap, (cost / gain, cost, number))
        elif gain:
            left.difference_update(covered[keys[number]])
            chosen.append(keys[number])
    return chosen
