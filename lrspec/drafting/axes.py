"""Makes the rules for everything but the learning rate: freezing, the optimizer, weight decay, options and tags."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, TypeAlias

from lrspec.compiler.settings import comparable
from lrspec.drafting.comments import REST, declared_free, vectors
from lrspec.drafting.naming import slug, word
from lrspec.drafting.numbers import digits
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.cost import cost, cost_of_rules
from lrspec.drafting.selecting.selectors import selectors
from lrspec.drafting.selecting.targets import Target, reached
from lrspec.drafting.selecting.unclaimed import Unclaimed
from lrspec.drafting.wanted import Wanted
from lrspec.models.parameters import Columns
from lrspec.spec.language import Optimizer

_EXACT = 1e-12
_BY_SHAPE = 3  # what a split by dimensions may be longer than one by names, and names of what is frozen than dimensions


def freeze_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that freeze what is not to be trained, and train what the model has frozen."""
    columns, frozen = wanted.inventory.columns, _frozen(wanted)
    found, by_dimensions = selectors(columns, frozen, by_dimensions=False), selectors(columns, frozen)
    found = by_dimensions if cost(found) > cost(by_dimensions) + _BY_SHAPE else found
    return [*(DraftRule("frozen", each, (("freeze", True),)) for each in found), *thaw_rules(wanted)]


def thaw_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that train what the model has frozen."""
    columns = wanted.inventory.columns
    trained = [index for index, settings in enumerate(wanted.settings) if settings is not None]
    thawed = [index for index in trained if not columns.trainable[index]]
    free = [index for index in trained if columns.trainable[index]]
    comment = "the model itself has it frozen" if len(thawed) == 1 else "the model itself has them frozen"
    return [
        DraftRule("thawed", selector, (("freeze", False),), comment=comment)
        for selector in selectors(columns, thawed, free)
    ]


def optimizer_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters to other optimizers than the first."""
    columns, unclaimed = wanted.inventory.columns, _unclaimed(wanted)
    members: dict[str, list[int]] = {name: [] for name in wanted.bases}
    for index, settings in enumerate(wanted.settings):
        if settings is not None:
            members[_optimizer(wanted, index)].append(index)
    default, *others = members
    rules: list[DraftRule] = []
    for name in others:
        listed = list(_rules(columns, members[name], ("optimizer", name), name + "-{}", unclaimed.places))
        listed = [replace(listed[0], name=name)] if len(listed) == 1 else listed
        if name == others[-1]:
            split = _split(columns, unclaimed.places, members[default], members[name], (default, name))
            listed = split if split and cost_of_rules(split) <= cost_of_rules(listed) + _BY_SHAPE else listed
        for rule in listed:
            unclaimed.claim(rule.selector)
        rules += listed
    return rules


def _split(
    columns: Columns, free: Sequence[int], kept: Collection[int], given: Collection[int], names: tuple[str, str]
) -> list[DraftRule]:
    """Rules by which one optimizer keeps matrices that are tables in truth, if any, and another gets all others."""
    if None in columns.shapes or not given:
        return []
    dims = {len(columns.shapes[place] or ()) for place in given}
    matrices = Selector(ndim=tuple(dims))
    found = reached(columns, matrices) if len(dims) == 1 else frozenset[int]()
    tables = [place for place in kept if place in found]
    if not found or not found <= {*kept, *given, *free}:
        return []
    beside = [*free, *(place for place in kept if place not in found)]
    return split_rules(columns, selectors(columns, tables, beside), matrices, names)


def split_rules(
    columns: Columns, tables: Sequence[Selector], matrices: Selector, names: tuple[str, str]
) -> list[DraftRule]:
    """Return the rules by which one optimizer keeps tables, and another gets all other matrices."""
    keeping, given = ((("optimizer", name),) for name in names)
    name = word(columns, matrices, ())
    if not tables:
        return [DraftRule(name, matrices, given, comment=f"all {name}")]
    found = [reached(columns, selector) for selector in tables]
    if len(tables) == 1 and tables[0].declared == ("head",):
        every = reached(columns, matrices)
        selector = replace(matrices, exclude=Target(columns, every - found[0], frozenset()).exclusion(every))
        return [DraftRule(name, selector, given, comment=f"all {name} but those of the head")]
    comment = f"`{names[0]}` trains these, though they are {name}"
    rules = [
        DraftRule(word(columns, selector, places) or "tables", selector, keeping, comment=comment)
        for selector, places in zip(tables, found, strict=True)
    ]
    return [*rules, DraftRule(name, matrices, given, fallback=True, comment=f"all other {name}")]


def decay_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters another weight decay than their optimizer's."""
    columns, unclaimed = wanted.inventory.columns, _unclaimed(wanted)
    members: dict[float, list[int]] = {}
    alike: dict[float, list[int]] = {}
    for index, settings in enumerate(wanted.settings):
        if settings is not None and settings.weight_decay is not None:
            own = settings.weight_decay == _base(wanted, index).weight_decay
            (alike if own else members).setdefault(settings.weight_decay, []).append(index)
    rules: list[DraftRule] = []
    for decay, places in sorted(members.items(), key=lambda item: (item[0] != 0, item[1])):
        name = "no-decay" if decay == 0 else "decay"
        setting = _decay_setting(wanted, places, decay)
        free = [*unclaimed.places, *alike.get(decay, ())]
        found = list(_rules(columns, places, setting, name + "-{}", free, decay=True))
        for rule in found:
            unclaimed.claim(rule.selector)
        rules += [_without_decay(columns, rule) if decay == 0 else rule for rule in found]
    return rules


def _without_decay(columns: Columns, rule: DraftRule) -> DraftRule:
    selector = rule.selector
    if selector in (Selector(ndim=(0, 1)), Selector(ndim=(1,))):
        return replace(rule, name="no-decay", comment=vectors(columns, reached(columns, selector)))
    if selector.ndim == (0, 1) and not selector.exclude:
        return replace(rule, comment=vectors(columns, reached(columns, selector)))
    if selector.declared == ("no_weight_decay",):
        return replace(rule, comment=declared_free(columns, reached(columns, selector)))
    if rule.name == "no-decay-norms":
        return replace(rule, comment="weights and biases of norms")
    found = [(columns.names[place], columns.shapes[place] or ()) for place in reached(columns, selector)]
    if selector.match and all("bias" in name and len(shape) > 1 for name, shape in found):
        return replace(rule, comment="biases by name, though not in shape")
    return rule


def _decay_setting(wanted: Wanted, places: Collection[int], decay: float) -> tuple[str, Any]:
    """`weight_decay`, or a multiple of the optimizer's where that is the shorter number."""
    base = next(iter(wanted.bases.values())).weight_decay if len(wanted.bases) == 1 else None
    multiple = float(f"{decay / base:.6g}") if base and decay else 0.0
    is_exact = math.isclose((base or 0.0) * multiple, decay, rel_tol=_EXACT) and multiple not in (0.0, base)
    if is_exact and digits(multiple) < digits(decay):
        return "weight_decay_mult", multiple
    return "weight_decay", decay


_Named: TypeAlias = dict[str, dict[Any, tuple[Any, list[int]]]]
"""The values of options or tags, by name, each with the places that have it."""


def option_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters other options than their optimizer's."""
    named: _Named = {}
    for index, settings in enumerate(wanted.settings):
        base = {} if settings is None else _base(wanted, index).options
        for option, value in settings.options if settings else ():
            if option not in base or not _is_same(base[option], value):
                named.setdefault(option, {}).setdefault(repr(_plain(value)), (_plain(value), []))[1].append(index)
    # Of several optimizers, not all need take an option.
    return _named_rules(wanted, "options", named, _frozen(wanted) if len(wanted.bases) == 1 else ())


def tag_rules(wanted: Wanted) -> list[DraftRule]:
    """Return the rules that give parameters tags; of one that all have, a fallback gives what is hardest to select."""
    columns, frozen = wanted.inventory.columns, _frozen(wanted)
    named: _Named = {}
    for index, settings in enumerate(wanted.settings):
        for tag, value in (settings.tags if settings else None) or ():
            named.setdefault(tag, {}).setdefault(comparable(value), (value, []))[1].append(index)
    rest: dict[str, Any] = {}
    for tag, values in named.items():
        if sum(len(places) for _, places in values.values()) + len(frozen) == len(wanted.settings):
            costs = {text: (cost(selectors(columns, some, frozen)), len(some)) for text, (_, some) in values.items()}
            rest[tag], _ = values.pop(max(costs, key=costs.__getitem__))
    rules = _named_rules(wanted, "tags", named, frozen)
    name, comment = ("others", REST) if rules else ("tags", "everything")
    last = DraftRule(name, Selector(), (("tags", rest),), fallback=True, comment=comment)
    return [*rules, last] if rest else rules


def _named_rules(wanted: Wanted, key: str, named: _Named, frozen: Sequence[int]) -> list[DraftRule]:
    """The rules for options or tags; those of the same parameters go together. They may select what is frozen, too."""
    together: dict[tuple[int, ...], dict[str, Any]] = {}
    for name, values in named.items():
        for value, places in values.values():
            together.setdefault(tuple(places), {})[name] = value
    unclaimed = {name: Unclaimed(wanted.inventory.columns, frozen) for name in named}
    rules: list[DraftRule] = []
    for members, given in sorted(together.items()):
        free = set[int].intersection(*(set(unclaimed[name].places) for name in given))
        called = (slug(next(iter(given))) if len(given) == 1 else "") or key
        found = list(_rules(wanted.inventory.columns, members, (key, given), called + "-{}", free))
        for name, rule in product(given, found):
            unclaimed[name].claim(rule.selector)
        rules += found
    return rules


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _is_same(one: Any, other: Any) -> bool:
    return bool(_plain(one) == _plain(other)) and isinstance(one, bool) == isinstance(other, bool)


def _optimizer(wanted: Wanted, index: int) -> str:
    settings = wanted.settings[index]
    return (settings.optimizer if settings else None) or next(iter(wanted.bases))


def _base(wanted: Wanted, index: int) -> Optimizer:
    return wanted.bases[_optimizer(wanted, index)]


def _unclaimed(wanted: Wanted) -> Unclaimed:
    return Unclaimed(wanted.inventory.columns, _frozen(wanted))


def _frozen(wanted: Wanted) -> list[int]:
    return [place for place, settings in enumerate(wanted.settings) if settings is None]


def _rules(
    columns: Columns,
    members: Collection[int],
    setting: tuple[str, Any],
    name: str,
    free: Collection[int],
    decay: bool = False,
) -> Iterator[DraftRule]:
    """A rule for each selector of some parameters, named by what it selects."""
    left = {*members}
    for selector in selectors(columns, members, free, decay=decay):
        found = reached(columns, selector) & left
        left -= found
        yield DraftRule(name.format(word(columns, selector, found)).strip("-"), selector, (setting,))
