"""`Spec` and `Inventory` to a `Resolution`: on each axis of each parameter, every rule that sets it, in order.

That the first one wins, that a later one overlaps, that a rule is unused or shadowed: all of these are questions to
a resolution, which holds all of the matches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lrspec.axes import DECIDING, Setting, settings
from lrspec.inventory import Inventory
from lrspec.ladder import Ladder, ladder
from lrspec.selection import Selection, select
from lrspec.spec import Rule, Spec


@dataclass(frozen=True, slots=True)
class Reach:
    """Where one setting of a rule applies: the parameters, in model order, that it is set on, won or not."""

    rule: int
    setting: Setting
    parameters: tuple[int, ...]


@dataclass(frozen=True)
class Resolution:
    """What a spec says about each parameter of an inventory.

    `selections` and `ladders` have an item for each rule; `reaches` are the settings in the order of their rules;
    `winners` has, for each axis, the reach that comes first on each parameter that has any.
    """

    spec: Spec
    inventory: Inventory
    selections: tuple[Selection, ...]
    ladders: tuple[Ladder | None, ...]
    reaches: tuple[Reach, ...]
    winners: dict[str, dict[int, Reach]] = field(repr=False)

    @cached_property
    def effective(self) -> frozenset[int]:
        """The rules that set something on some parameter."""
        return frozenset(reach.rule for on_axis in self.winners.values() for reach in on_axis.values())

    def winner(self, axis: str, parameter: int) -> Reach | None:
        """The setting that holds on an axis of a parameter, if any rule sets it."""
        return self.winners.get(axis, {}).get(parameter)

    def decided(self, parameter: int) -> bool:
        """Whether a rule decides the parameter's learning rate, or freezes it."""
        found = (self.winner(axis, parameter) for axis in DECIDING)
        return any(reach.setting.decides for reach in found if reach)

    def frozen_by_spec(self, parameter: int) -> bool:
        """Whether a rule freezes the parameter."""
        freeze = self.winner("freeze", parameter)
        return freeze is not None and freeze.setting.value

    def trainable(self, parameter: int) -> bool:
        """Whether the parameter is trained: as a rule says, or else as the model does."""
        freeze = self.winner("freeze", parameter)
        if freeze is not None:
            return not freeze.setting.value
        return self.inventory.parameters[parameter].requires_grad


def resolve(spec: Spec, inventory: Inventory, seconds: float | None = None) -> Resolution:
    """Try every rule on every parameter, in order; each regex may take as many seconds as given.

    Raises:
        SlowRegexError: where one takes longer, as far as that can be enforced.
    """
    selections = tuple(select(rule, index, inventory, seconds) for index, rule in enumerate(spec.rules))
    ladders: list[Ladder | None] = []
    reaches: list[Reach] = []
    winners: dict[str, dict[int, Reach]] = {}
    decided: set[int] = set()
    for index, (rule, selection) in enumerate(zip(spec.rules, selections, strict=True)):
        on_ladder = ladder(rule, selection, _open(rule, selection, winners, decided))
        ladders.append(on_ladder)
        found = list(_reaches(index, spec, selection, on_ladder, winners, decided))
        for reach in found:
            _claim(reach, winners, decided)
        reaches += found
    return Resolution(spec, inventory, selections, tuple(ladders), tuple(reaches), winners)


def _open(rule: Rule, selection: Selection, winners: dict[str, dict[int, Reach]], decided: set[int]) -> list[int]:
    """The parameters on which the rule would win the layer axis."""
    taken = decided if rule.fallback else winners.get("layer", {})
    return [parameter for parameter in selection.parameters if parameter not in taken]


def _reaches(
    index: int,
    spec: Spec,
    selection: Selection,
    on_ladder: Ladder | None,
    winners: dict[str, dict[int, Reach]],
    decided: set[int],
) -> Iterator[Reach]:
    rule = spec.rules[index]
    for setting in settings(rule, spec.optimizer):
        chosen = [
            p for p in selection.parameters if setting.axis != "layer" or not on_ladder or p not in on_ladder.lost
        ]
        if rule.fallback:
            passed = decided if setting.axis in DECIDING else winners.get(setting.axis, {})
            chosen = [parameter for parameter in chosen if parameter not in passed]
        yield Reach(index, setting, tuple(chosen))


def _claim(reach: Reach, winners: dict[str, dict[int, Reach]], decided: set[int]) -> None:
    on_axis = winners.setdefault(reach.setting.axis, {})
    for parameter in reach.parameters:
        on_axis.setdefault(parameter, reach)
    if reach.setting.decides:
        decided.update(reach.parameters)
