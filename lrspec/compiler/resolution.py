"""From a `Spec` and an `Inventory` to a `Resolution`: every rule that sets each axis of each parameter, in order.

A resolution holds all matches, so it can tell which rule wins an axis, which later rule overlaps with it, and which is
unused or shadowed. The representative of each family stands for all members.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
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
    """A setting of a rule, and the parameters to which the rule applies it, in model order, whether or not it wins."""

    rule: int
    setting: Setting
    parameters: tuple[int, ...]

    @cached_property
    def members(self) -> frozenset[int]:
        """The parameters as a set."""
        return frozenset(self.parameters)


@dataclass(frozen=True, eq=False)
class Resolution:
    """The effect of a spec on the representative of each family of an inventory, and so on all members.

    `selections` and `ladders` have an item for each rule. `applied_settings` are in the order of their rules. `winners`
    has, for each axis, the first applied setting on each parameter that has one. `decided` are the parameters on which
    a winner decides the learning rate, or freezes.
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
        """All parameters, by the representatives of their families."""
        return self.names.families

    @property
    def columns(self) -> Columns:
        """The properties of the parameters."""
        return self.names.families.columns

    @cached_property
    def effective(self) -> frozenset[int]:
        """The rules that win an axis of some parameter."""
        return frozenset(applied.rule for on_axis in self.winners.values() for applied in on_axis.values())

    def lost(self, rule: int) -> frozenset[int]:
        """The parameters of a rule's `join`s that find no layer to share."""
        ladder = self.ladders[rule]
        return ladder.lost if ladder else frozenset()

    def optimizer_of(self, parameter: int) -> str:
        """The name of the optimizer that trains the parameter."""
        chosen = self.winner("optimizer", parameter)
        return self.spec.default if chosen is None else chosen.setting.value

    def base_of(self, parameter: int) -> Optimizer:
        """The optimizer that trains the parameter, as the spec describes it."""
        return self.spec.bases[self.optimizer_of(parameter)]

    def winner(self, axis: str, parameter: int) -> AppliedSetting | None:
        """The setting that holds on an axis of a parameter; None if no rule sets it."""
        return self.winners.get(axis, {}).get(parameter)

    def frozen_by_spec(self, parameter: int) -> bool:
        """Return whether a rule freezes the parameter."""
        freeze = self.winner("freeze", parameter)
        return freeze is not None and freeze.setting.value

    def trainable(self, parameter: int) -> bool:
        """Return whether the parameter is trained, according to a rule, or else to the model."""
        freeze = self.winner("freeze", parameter)
        return self.columns.trainable[parameter] if freeze is None else not freeze.setting.value


def resolve(spec: Spec, inventory: Inventory, searching: Search) -> Resolution:
    """Try every rule on every parameter, in order; SlowRegexError and TooMuchError as `Search` and `select`."""
    regexes = [RuleRegexes.of(rule, index) for index, rule in enumerate(spec.rules)]
    patterns = [pattern for own in regexes for pattern in (*own.selecting, *own.exclude)]
    joins = [pattern for own in regexes for entry in own.joins for pattern in own.entries[entry]]
    names = Names(families(inventory.columns, patterns, joins, searching), searching)
    selections = tuple([select(rule, regexes[index], names, ("rules", index)) for index, rule in enumerate(spec.rules)])
    claims = _Claims()
    for rule, selection in zip(spec.rules, selections, strict=True):
        if rule.optimizer is not None:
            for parameter in selection.parameters:
                claims.optimizers.setdefault(parameter, rule.optimizer)
    ladders: list[Ladder | None] = []
    applied_settings: list[AppliedSetting] = []
    for index, (rule, selection) in enumerate(zip(spec.rules, selections, strict=True)):
        ladders.append(ladder(rule, selection, claims.open_layers(rule, selection), names.families))
        of_rule = list(claims.applied_settings(index, spec, selection, ladders[index]))
        names.work.keep(sum(len(applied.parameters) for applied in of_rule), ("rules", index))
        for applied in of_rule:
            claims.add(applied)
        applied_settings += of_rule
    winners, decided = claims.winners, frozenset(claims.decided)
    return Resolution(spec, inventory, names, selections, tuple(ladders), tuple(applied_settings), winners, decided)


@dataclass
class _Claims:
    """The settings of the rules tried so far, and the optimizer of each parameter to which any rule gives one.

    The optimizers are known first: what a rule multiplies depends on them.
    """

    optimizers: dict[int, str] = field(default_factory=dict)
    winners: dict[str, dict[int, AppliedSetting]] = field(default_factory=dict)
    decided: set[int] = field(default_factory=set)

    def passed_over(self, rule: Rule, axis: str) -> Container[int]:
        """The parameters on whose axis a rule sets nothing because it is a fallback."""
        if not rule.fallback:
            return ()
        return self.decided if axis in AXES and AXES[axis].decides else self.winners.get(axis, {})

    def open_layers(self, rule: Rule, selection: Selection) -> list[int]:
        """The selected parameters on which the rule would win the layer axis."""
        taken, passed = self.winners.get("layer", {}), self.passed_over(rule, "layer")
        return [p for p in selection.parameters if p not in taken and p not in passed]

    def add(self, applied: AppliedSetting) -> None:
        """Let a setting win on the parameters whose axis is not set yet."""
        on_axis = self.winners.setdefault(applied.setting.axis, {})
        for parameter in applied.parameters:
            on_axis.setdefault(parameter, applied)
        if applied.setting.decides:
            self.decided.update(parameter for parameter in applied.parameters if on_axis[parameter] is applied)

    def applied_settings(
        self, index: int, spec: Spec, selection: Selection, on_ladder: Ladder | None
    ) -> Iterator[AppliedSetting]:
        """The settings of the next rule; a multiplier applies once for each optimizer whose value it multiplies."""
        rule = spec.rules[index]
        for setting in settings(rule, spec.bases[spec.default]):
            passed = self.passed_over(rule, setting.axis)
            lost = on_ladder.lost if on_ladder and setting.axis == "layer" else ()
            parameters = tuple(p for p in selection.parameters if p not in passed and p not in lost)
            if not (setting.is_multiple and parameters and len(spec.bases) > 1):
                yield AppliedSetting(index, setting, parameters)
                continue
            by_optimizer: dict[str, list[int]] = {name: [] for name in spec.bases}
            for parameter in parameters:
                by_optimizer[self.optimizers.get(parameter, spec.default)].append(parameter)
            for name, members in by_optimizer.items():
                if members:
                    by_axis = {multiple.axis: multiple for multiple in settings(rule, spec.bases[name])}
                    yield AppliedSetting(index, by_axis[setting.axis], tuple(members))
