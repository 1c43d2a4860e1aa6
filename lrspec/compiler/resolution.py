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
from lrspec.compiler.own_settings import OwnSettings
from lrspec.compiler.selection import Selection, select
from lrspec.compiler.settings import Setting, settings
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns
from lrspec.regex.search import Search
from lrspec.spec.axes import AXES
from lrspec.spec.language import Optimizer, Rule, SizeFactor, Spec, Thaw
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
        """The parameters that a rule's ladder counts and puts on no layer."""
        ladder = self.ladders[rule]
        return ladder.lost | ladder.uncounted if ladder else frozenset()

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
        """Return whether a rule freezes the parameter for good."""
        freeze = self.winner("freeze", parameter)
        return freeze is not None and freeze.setting.value is True

    def trainable(self, parameter: int) -> bool:
        """Return whether the parameter is trained, if only from some step on, by a rule or else by the model."""
        freeze = self.winner("freeze", parameter)
        return self.columns.trainable[parameter] if freeze is None else freeze.setting.value is not True


def resolve(spec: Spec, inventory: Inventory, searching: Search) -> Resolution:
    """Try every rule on every parameter, in order; SlowRegexError and TooMuchError as `Search` and `select`."""
    regexes = [RuleRegexes.of(rule, index) for index, rule in enumerate(spec.rules)]
    patterns = [pattern for own in regexes for pattern in (*own.selecting, *own.exclude)]
    capturing = [
        pattern
        for own, rule in zip(regexes, spec.rules, strict=True)
        for entry, of_entry in enumerate(own.entries)
        for pattern in of_entry
        if entry in own.joins or _thaws_by_layer(rule)
    ]
    scales = [scale for rule in spec.rules for scale in (rule.lr_scale, rule.weight_decay_mult)]
    by_shape = any(isinstance(scale, SizeFactor) for scale in scales)
    names = Names(families(inventory.columns, patterns, capturing, searching, by_shape=by_shape), searching)
    selections = tuple([select(rule, regexes[index], names, ("rules", index)) for index, rule in enumerate(spec.rules)])
    claims = _Claims()
    for rule, selection in zip(spec.rules, selections, strict=True):
        if rule.optimizer is not None:
            for parameter in selection.parameters:
                claims.optimizers.setdefault(parameter, rule.optimizer)
    ladders: list[Ladder | None] = []
    applied_settings: list[AppliedSetting] = []
    for index, (rule, selection) in enumerate(zip(spec.rules, selections, strict=True)):
        ladders.append(ladder(rule, selection, claims.counted(rule, selection), names.families))
        own = OwnSettings(spec, rule, inventory.columns, claims.optimizers, ladders[index])
        of_rule = list(claims.applied_settings(index, own, selection))
        names.work.keep(sum(len(applied.parameters) for applied in of_rule), ("rules", index))
        for applied in of_rule:
            claims.add(applied)
        applied_settings += of_rule
    winners, decided = claims.winners, frozenset(claims.decided)
    return Resolution(spec, inventory, names, selections, tuple(ladders), tuple(applied_settings), winners, decided)


def _thaws_by_layer(rule: Rule) -> bool:
    return isinstance(rule.freeze, Thaw) and rule.freeze.by_layer


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

    def counted(self, rule: Rule, selection: Selection) -> list[int]:
        """The selected parameters that the rule's ladder counts: those on which it would win the layer axis.

        Without `layer_decay` the ladder says when they thaw, and counts all that the rule does not pass over.
        """
        decays = rule.layer_decay is not None
        taken = self.winners.get("layer", {}) if decays else {}
        passed = self.passed_over(rule, "layer" if decays else "freeze")
        return [p for p in selection.parameters if p not in taken and p not in passed]

    def add(self, applied: AppliedSetting) -> None:
        """Let a setting win on the parameters whose axis is not set yet."""
        on_axis = self.winners.setdefault(applied.setting.axis, {})
        for parameter in applied.parameters:
            on_axis.setdefault(parameter, applied)
        if applied.setting.decides:
            self.decided.update(parameter for parameter in applied.parameters if on_axis[parameter] is applied)

    def applied_settings(self, index: int, own: OwnSettings, selection: Selection) -> Iterator[AppliedSetting]:
        """The settings of the next rule; one whose value depends on the parameter applies once for each value."""
        lost = own.ladder.lost | own.ladder.uncounted if own.ladder else ()
        for setting in settings(own.rule, own.spec.bases[own.spec.default]):
            passed = self.passed_over(own.rule, setting.axis)
            of_layer = lost if setting.axis == "layer" else ()
            parameters = [p for p in selection.parameters if p not in passed and p not in of_layer]
            for on_them, members in own.by_value(setting, parameters).items():
                yield AppliedSetting(index, on_them, tuple(members))
