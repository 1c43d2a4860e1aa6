"""`Spec` and `Inventory` to a `Resolution`: on each axis of each parameter, every rule that sets it, in order.

That the first one wins, that a later one overlaps, that a rule is unused or shadowed: all of these are questions to
a resolution, which holds all of the matches. The first of each kind of parameters stands for all of the kind.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lrspec.compiler.families import Families, families
from lrspec.compiler.ladder import Ladder, ladder
from lrspec.compiler.names import Names
from lrspec.compiler.selection import Selection, select
from lrspec.compiler.settings import Setting, settings
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns
from lrspec.regex.search import Search
from lrspec.spec.axes import AXES
from lrspec.spec.language import Optimizer, Rule, Spec
from lrspec.spec.rule_regexes import RuleRegexes


@dataclass(frozen=True, eq=False)
class AppliedSetting:
    """Where one setting of a rule applies: the parameters, in model order, that it is set on, won or not."""

    rule: int
    setting: Setting
    parameters: tuple[int, ...]

    @cached_property
    def members(self) -> frozenset[int]:
        """The parameters, to ask whether one is among them."""
        return frozenset(self.parameters)


@dataclass(frozen=True, eq=False)
class Resolution:
    """What a spec says about the first of each kind of parameters of an inventory, and so about all.

    `selections` and `ladders` have an item for each rule; `reaches` are the settings in the order of their rules;
    `winners` has, for each axis, the reach that comes first on each parameter that has any; `decided` are the
    parameters on which a winner decides the learning rate, or freezes.
    """

    spec: Spec
    inventory: Inventory
    names: Names
    selections: tuple[Selection, ...]
    ladders: tuple[Ladder | None, ...]
    applied_settings: tuple[AppliedSetting, ...]
    winners: dict[str, dict[int, AppliedSetting]] = field(repr=False)
    decided: frozenset[int]

    @property
    def families(self) -> Families:
        """All parameters, by the first of their kind."""
        return self.names.families

    @property
    def columns(self) -> Columns:
        """What is known of the parameters."""
        return self.names.families.columns

    @cached_property
    def effective(self) -> frozenset[int]:
        """The rules that set something on some parameter."""
        return frozenset(applied.rule for on_axis in self.winners.values() for applied in on_axis.values())

    def lost(self, rule: int) -> frozenset[int]:
        """The parameters of a rule's `join`s for which there is no layer to share."""
        ladder = self.ladders[rule]
        return ladder.lost if ladder else frozenset()

    def optimizer_of(self, parameter: int) -> str:
        """The name of the optimizer that trains the parameter."""
        chosen = self.winner("optimizer", parameter)
        return self.spec.default if chosen is None else chosen.setting.value

    def base_of(self, parameter: int) -> Optimizer:
        """What the spec says about that optimizer."""
        return self.spec.bases[self.optimizer_of(parameter)]

    def winner(self, axis: str, parameter: int) -> AppliedSetting | None:
        """The setting that holds on an axis of a parameter, if any rule sets it."""
        return self.winners.get(axis, {}).get(parameter)

    def frozen_by_spec(self, parameter: int) -> bool:
        """Whether a rule freezes the parameter."""
        freeze = self.winner("freeze", parameter)
        return freeze is not None and freeze.setting.value

    def trainable(self, parameter: int) -> bool:
        """Whether the parameter is trained: as a rule says, or else as the model does."""
        freeze = self.winner("freeze", parameter)
        return self.columns.trainable[parameter] if freeze is None else not freeze.setting.value


def resolve(spec: Spec, inventory: Inventory, searching: Search) -> Resolution:
    """Try every rule on every parameter, in order.

    Raises:
        SlowRegexError: where a regex takes longer than allowed.
        TooMuchError: where all rules select and set too much together.
    """
    regexes = [RuleRegexes.of(rule, index) for index, rule in enumerate(spec.rules)]
    names = Names(_families(inventory, regexes, searching), searching)
    selections = tuple(
        select(rule, its, names, ("rules", index))
        for index, (rule, its) in enumerate(zip(spec.rules, regexes, strict=True))
    )
    ladders: list[Ladder | None] = []
    applied_settings: list[AppliedSetting] = []
    claims = _Claims(_optimizers(spec, selections))
    for index, (rule, selection) in enumerate(zip(spec.rules, selections, strict=True)):
        ladders.append(ladder(rule, selection, claims.open_layers(rule, selection), names.families))
        found = list(_applied_settings(index, spec, selection, ladders[index], claims))
        names.work.keep(sum(len(applied.parameters) for applied in found), ("rules", index))
        for applied in found:
            claims.add(applied)
        applied_settings += found
    return Resolution(
        spec,
        inventory,
        names,
        selections,
        tuple(ladders),
        tuple(applied_settings),
        claims.winners,
        frozenset(claims.decided),
    )


def _families(inventory: Inventory, regexes: list[RuleRegexes], searching: Search) -> Families:
    names = [pattern for its in regexes for pattern in (*its.selecting, *its.exclude)]
    joins = [pattern for its in regexes for entry in sorted(its.joins) for pattern in its.entries[entry]]
    return families(inventory.columns, names, joins, searching)


def _optimizers(spec: Spec, selections: Iterable[Selection]) -> dict[int, str]:
    """The optimizer of each parameter that a rule gives one; what a rule multiplies depends on it."""
    found: dict[int, str] = {}
    for rule, selection in zip(spec.rules, selections, strict=True):
        if rule.optimizer is not None:
            for parameter in selection.parameters:
                found.setdefault(parameter, rule.optimizer)
    return found


class _Claims:
    """What earlier rules have set, while the rules are gone through.

    `optimizers` has the optimizer of each parameter that any rule gives one.
    """

    def __init__(self, optimizers: dict[int, str]) -> None:
        self.optimizers = optimizers
        self.winners: dict[str, dict[int, AppliedSetting]] = {}
        self.decided: set[int] = set()

    def passed_over(self, rule: Rule, axis: str) -> Container[int]:
        """The parameters that a rule leaves alone on an axis, since it is a fallback."""
        if not rule.fallback:
            return ()
        decides = axis in AXES and AXES[axis].decides
        return self.decided if decides else self.winners.get(axis, {})

    def open_layers(self, rule: Rule, selection: Selection) -> list[int]:
        """The selected parameters on which the rule would win the layer axis."""
        taken, passed = self.winners.get("layer", {}), self.passed_over(rule, "layer")
        return [p for p in selection.parameters if p not in taken and p not in passed]

    def by_optimizer(self, spec: Spec, parameters: Iterable[int]) -> dict[str, list[int]]:
        """Parameters by the optimizers that train them, in the order of the spec."""
        found: dict[str, list[int]] = {name: [] for name in spec.bases}
        for parameter in parameters:
            found[self.optimizers.get(parameter, spec.default)].append(parameter)
        return {name: its for name, its in found.items() if its}

    def add(self, applied: AppliedSetting) -> None:
        """Let a setting win where nothing has been set before."""
        on_axis = self.winners.setdefault(applied.setting.axis, {})
        for parameter in applied.parameters:
            on_axis.setdefault(parameter, applied)
        if applied.setting.decides:
            self.decided.update(parameter for parameter in applied.parameters if on_axis[parameter] is applied)


def _applied_settings(
    index: int, spec: Spec, selection: Selection, on_ladder: Ladder | None, claims: _Claims
) -> Iterator[AppliedSetting]:
    rule = spec.rules[index]
    for setting in settings(rule, spec.bases[spec.default]):
        passed = claims.passed_over(rule, setting.axis)
        lost = on_ladder.lost if on_ladder and setting.axis == "layer" else ()
        reached = tuple(p for p in selection.parameters if p not in passed and p not in lost)
        if setting.is_multiple and reached and len(spec.bases) > 1:
            yield from _multiples(index, setting.axis, spec, claims.by_optimizer(spec, reached))
        else:
            yield AppliedSetting(index, setting, reached)


def _multiples(index: int, axis: str, spec: Spec, by_optimizer: dict[str, list[int]]) -> Iterator[AppliedSetting]:
    """The reach of a multiple: one for each optimizer that it is a multiple of."""
    for name, parameters in by_optimizer.items():
        (setting,) = (each for each in settings(spec.rules[index], spec.bases[name]) if each.axis == axis)
        yield AppliedSetting(index, setting, tuple(parameters))
