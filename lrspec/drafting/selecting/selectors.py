"""Finds the selectors of rules that select just some parameters: by shape, owner, what is declared, or name."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain

from lrspec.drafting.rules import Selector
from lrspec.drafting.selecting.cost import ALL, cost
from lrspec.drafting.selecting.regexes import escaped
from lrspec.drafting.selecting.targets import Target, reached
from lrspec.models.parameters import Columns

_VECTORS = (0, 1)
_TABLES = (("embedding",), ("head",), ("embedding", "head"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+")
_HOPELESS = 100  # to be read; names as many as this are told apart by nothing else
_PARTS = 3  # rules
_NORMS = 3  # parameters; of a single norm, the name says more
_SHORT = 2  # the least cost of a selector with two keys


def selectors(
    columns: Columns,
    members: Collection[int],
    free: Collection[int] = (),
    *,
    decay: bool = False,
    by_dimensions: bool = True,
) -> tuple[Selector, ...]:
    """Return selectors, a rule each and none overlapping another, that select all members and no others but free ones.

    `members` and `free` are places in the inventory. `decay` is for rules about weight decay: these go by dimensions,
    and by what the model declares to be without any, rather than by names. Others go by dimensions if they may.
    """
    if not members:
        return ()
    target = Target(columns, frozenset(members), frozenset(free) - frozenset(members), by_dimensions)
    return _best(target, decay, _PARTS)


def _best(target: Target, decay: bool, parts: int, limit: int = sys.maxsize) -> tuple[Selector, ...]:
    """The shortest selectors; of equally short ones the first. Those that are not below the limit need no search."""
    best: tuple[Selector, ...] = (_shortest(_whole(target, decay, parts)),)
    if parts == 1 or (cost(best) == 1 and not best[0].match) or (cost(best) > _HOPELESS and not decay):
        return best
    limit = min(limit, cost(best))
    for part in _parts(target, decay):
        first = decay and bool(part.ndim)  # what has at most one dimension comes first
        left = sys.maxsize if first else limit - cost((part,))
        if left <= 1:
            continue
        found = (part, *_best(target.without(reached(target.columns, part)), decay, parts - 1, left))
        if first:
            return found
        if cost(found) < limit:
            best, limit = found, cost(found)
    return best


def _shortest(ways: Iterator[Selector]) -> Selector:
    """The first of the shortest selectors; nothing is shorter than one regex or key."""
    seen: list[Selector] = []
    for selector in ways:
        seen.append(selector)
        if cost((selector,)) == 1:
            break
    return min(seen, key=lambda selector: cost((selector,)))


def _whole(target: Target, decay: bool, parts: int) -> Iterator[Selector]:
    """Selectors of all members at once; by names is always one of them. What parts leave is to be plain."""
    if not target.refused and target.is_hit(ALL):
        yield ALL
        return
    by_dimensions = [s for s in _by_dimensions(target) if target.is_hit(s)]
    if decay:
        yield from (selector for selector in by_dimensions if selector.ndim[0] < 2)
    yield from (s for s in _by_declared(target, decay) if target.is_hit(s))
    yield from (s for s in _by_declared_tables(target, decay) if target.is_hit(s))
    yield from (s for s in _by_norm(target) if target.is_hit(s))
    by_name = Selector(match=target.regexes())
    if 1 < len(by_name.match) <= _HOPELESS and parts == _PARTS:
        yield from (s for s in _of_classes(target) if target.is_hit(s))
    yield by_name
    yield from by_dimensions
    if cost((by_name,)) <= _HOPELESS:
        yield from (selector for selector in _by_module(target) if target.is_hit(selector))
    if _SHORT < cost((by_name,)) <= _HOPELESS and (decay or parts == _PARTS):
        yield from _narrowed(target)
        yield from _excluding(target, decay)


def _parts(target: Target, decay: bool) -> Iterator[Selector]:
    """Selectors of some members and nothing refused, to which others may add the rest."""
    candidates = [s for s in _by_dimensions(target) if s.ndim[0] < 2] if decay else _vectors(target)
    ways = [_by_module(target), _by_declared(target, decay)]
    candidates += chain.from_iterable(reversed(ways) if decay else ways)
    for selector in dict.fromkeys(candidates):
        found = reached(target.columns, selector)
        if found.isdisjoint(target.refused) and 0 < len(found & target.members) < len(target.members):
            yield selector


def _by_dimensions(target: Target) -> Iterator[Selector]:
    """`ndim: [0, 1]`, or one number of dimensions: other sets fit by chance only."""
    if not (target.has_shapes and target.by_dimensions):
        return
    yield Selector(ndim=_VECTORS)
    yield from (
        Selector(ndim=(dims,)) for dims in sorted({target.dims(member) for member in target.members}, key=_late)
    )


def _vectors(target: Target) -> list[Selector]:
    return [Selector(ndim=_VECTORS)] if target.has_shapes and target.by_dimensions else []


def _late(dims: int) -> tuple[bool, int]:
    return dims == 0, dims


def _by_declared(target: Target, decay: bool) -> Iterator[Selector]:
    if target.has_declared:
        names = ((("no_weight_decay",),) if decay else ()) + _TABLES
        yield from (Selector(declared=declared) for declared in names)


def _by_declared_tables(target: Target, decay: bool) -> Iterator[Selector]:
    """What is declared and has more than one dimension, where vectors have a rule of their own."""
    if not (decay and target.has_declared and target.has_shapes):
        return
    declared = Selector(declared=("no_weight_decay",))
    found = reached(target.columns, declared)
    dims = {target.dims(parameter) for parameter in found} - {*_VECTORS}
    if dims:
        yield replace(declared, ndim=tuple(sorted(dims)))
    if target.members <= found:
        yield replace(declared, exclude=target.exclusion(found))


def _by_norm(target: Target) -> Iterator[Selector]:
    """All norms, whichever class takes the place of theirs."""
    owners = [target.columns.owners[member] for member in target.members]
    if target.has_shapes and len(owners) >= _NORMS and all(any("Norm" in base for base in owner) for owner in owners):
        yield Selector(module="Norm")


def _of_classes(target: Target) -> Iterator[Selector]:
    """One regex for names whose owners have one of a few classes: `\\.bias$` of `^(?:Linear|Conv2d)$`."""
    owners = dict.fromkeys(target.columns.owners[member][:1] for member in sorted(target.members))
    if not target.has_shapes or () in owners or len(owners) > _PARTS:
        return
    names = [escaped(name) for owner in owners for name in owner]
    module = f"^{names[0]}$" if len(names) == 1 else f"^(?:{'|'.join(names)})$"
    found = reached(target.columns, Selector(module=module))
    match = target.regexes(target.refused - found)
    if len(match) == 1 and "|" not in match[0]:
        yield Selector(match=match, module=module)
    if regex := _of_some_parts([target.columns.names[member] for member in sorted(target.members)]):
        yield Selector(match=(regex,), module=module)


def _by_module(target: Target) -> Iterator[Selector]:
    """The class of all owners, or what the names of all their classes have in common: `Norm`."""
    owners = [target.columns.owners[member] for member in sorted(target.members)]
    if not target.has_shapes:
        return
    seen = [owner for owner in dict.fromkeys(owners) if owner]
    if any("Norm" in owner[0] for owner in seen):
        yield Selector(module="Norm")
    for owner in seen[:_PARTS]:
        yield Selector(module=f"^{escaped(owner[0])}$")
    for word in dict.fromkeys(word for owner in seen[:_PARTS] for word in reversed(_WORD.findall(owner[0]))):
        if len({owner[0] for owner in seen if word in owner[0]}) > 1:
            yield Selector(module=word)


def _narrowed(target: Target) -> Iterator[Selector]:
    """Names, of parameters with some number of dimensions."""
    for selector in _by_dimensions(target):
        found = reached(target.columns, selector)
        if target.members <= found:
            beside = target.refused - found
            yield Selector(match=target.regexes(beside), ndim=selector.ndim)


def _excluding(target: Target, decay: bool) -> Iterator[Selector]:
    """More than is wanted, with names to exclude; nothing is without decay only because it is not something else."""
    names = [target.columns.names[member] for member in sorted(target.members)]
    shared = filter(None, (_common_beginning(names), _common_ending(names)))
    bases = [Selector(match=target.widened().regexes()), *(Selector(match=(regex,)) for regex in shared)]
    for base in (*bases, *_by_dimensions(target), *([] if decay else [ALL])):
        found = reached(target.columns, base)
        if target.members <= found and not found.isdisjoint(target.refused):
            selector = replace(base, exclude=target.exclusion(found))
            yield selector
            if cost((selector,)) > _HOPELESS:
                return


def _common_beginning(names: list[str]) -> str | None:
    """The regex for the first component, if all names have the same."""
    first = {name.partition(".")[0] for name in names if "." in name}
    return f"^{escaped(first.pop())}\\." if len(first) == 1 and all("." in name for name in names) else None


def _of_some_parts(names: list[str]) -> str | None:
    """The regex for what a few parts of the model have below them by one name: `^(?:neck|head)\\..*\\.bias$`."""
    first = [escaped(text) for text in dict.fromkeys(name.partition(".")[0] for name in names)]
    ending = _common_ending(names)
    return f"^(?:{'|'.join(first)})\\..*{ending}" if ending and 1 < len(first) <= _PARTS else None


def _common_ending(names: list[str]) -> str | None:
    """The regex for the last component, if all names have the same."""
    last = {name.rpartition(".")[2] for name in names}
    return f"\\.{escaped(last.pop())}$" if len(last) == 1 and all("." in name for name in names) else None
