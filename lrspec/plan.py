"""A `Resolution` to a `Plan`: the settings of each parameter, and the fewest groups that express them, by name.

A plan holds no tensors, so that it can be saved, compared and printed, and bound later to the model or to a part of it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from lrspec import binding
from lrspec.axes import AXES, comparable
from lrspec.diagnostics import Diagnostic
from lrspec.inventory import Inventory, Parameter, total_elements
from lrspec.ladder import multiplier
from lrspec.resolution import Resolution

if TYPE_CHECKING:
    from torch import nn


class Status(StrEnum):
    """Whether a parameter is trained, and if not, why."""

    trained = "trained"
    frozen_by_model = "frozen-by-model"
    frozen_by_spec = "frozen-by-spec"
    unmatched = "unmatched"

    @property
    def trains(self) -> bool:
        """Whether such a parameter is in a group, unless an error stops the compile."""
        return self in (Status.trained, Status.unmatched)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a parameter gets: final values, None where nothing sets them; `options` in the order of their names."""

    lr: float | None
    weight_decay: float | None
    options: tuple[tuple[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values; what nothing sets is absent."""
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in self.options}
        return {**self._numbers(), "options": options}

    @property
    def key(self) -> Any:
        """What parameters have in common that can share a group."""
        return self.lr, self.weight_decay, tuple((name, comparable(value)) for name, value in self.options)

    def group_keys(self) -> dict[str, Any]:
        """The settings as the keys of a torch parameter group."""
        return {**self._numbers(), **dict(self.options)}

    def _numbers(self) -> dict[str, float]:
        given = {"lr": self.lr, "weight_decay": self.weight_decay}
        return {key: value for key, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Layer:
    """The place of a parameter on a ladder; `index` counts from the input, 0 first."""

    rule: str
    index: int
    of: int
    mult: float

    @property
    def label(self) -> str:
        """The rule with the layer's number, padded so that names sort: `backbone.03`."""
        return f"{self.rule}.{self.index:0{len(str(self.of - 1))}}"

    def to_dict(self) -> dict[str, Any]:
        """The layer as JSON values."""
        return {"rule": self.rule, "index": self.index, "of": self.of, "mult": self.mult}


@dataclass(frozen=True, slots=True)
class PlannedParameter:
    """What one parameter gets, and which rule set each axis of it."""

    parameter: Parameter
    status: Status
    settings: Settings
    set_by: dict[str, str]
    layer: Layer | None
    freeze: bool | None
    """What the spec says about `requires_grad`: `freeze` of a rule, or None where no rule sets it."""

    @property
    def name(self) -> str:
        """The parameter's canonical name."""
        return self.parameter.name

    def to_dict(self, group: int | None) -> dict[str, Any]:
        """The parameter as in the JSON plan."""
        return {
            "name": self.name,
            "aliases": list(self.parameter.aliases),
            "shape": None if self.parameter.shape is None else list(self.parameter.shape),
            "elements": self.parameter.elements,
            "status": self.status.value,
            "group": group,
            **self.settings.to_dict(),
            "set_by": self.set_by,
            "layer": self.layer.to_dict() if self.layer else None,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """One optimizer group: its name, its settings, and the names of its parameters in model order."""

    name: str
    settings: Settings
    params: tuple[str, ...]
    elements: int | None

    def to_dict(self) -> dict[str, Any]:
        """The group as in the JSON plan."""
        return {
            "name": self.name,
            **self.settings.to_dict(),
            "params": list(self.params),
            "elements": self.elements,
        }


@dataclass(frozen=True)
class Plan:
    """What a spec says for a model.

    `groups` is None where an error stops the compile. `inventory` is the model's; `diagnostics` are the findings,
    in the order of their places.
    """

    path: str
    sha256: str
    inventory: Inventory
    parameters: tuple[PlannedParameter, ...]
    groups: tuple[Group, ...] | None
    diagnostics: tuple[Diagnostic, ...]

    @cached_property
    def group_of(self) -> dict[str, int]:
        """The index of the group of each parameter that is in one, by its name."""
        return {name: index for index, group in enumerate(self.groups or ()) for name in group.params}

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values; see `lrspec schema plan`."""
        return {
            **plan_without_parameters(self.path, self.sha256, self.inventory, self.diagnostics),
            "groups": None if self.groups is None else [group.to_dict() for group in self.groups],
            "parameters": [planned.to_dict(self.group_of.get(planned.name)) for planned in self.parameters],
        }

    def param_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """The groups with the parameters of a model, or of a part of it, for an optimizer of torch.

        Each group has `params` (the tensors), `param_names`, `name` and the settings. Parameters are found by
        their canonical names, aliases included; what a part of the model lacks is left out, and so are groups that
        come out empty.

        Raises:
            BindError: where the plan has errors and so no groups; where the model has a trainable parameter that the
                plan does not know, a parameter of another shape, other ties, or a parameter whose `requires_grad` is
                not what the plan says (call `plan.freeze(model)`).
        """
        return binding.param_groups(self, model)

    def freeze(self, model: nn.Module) -> None:
        """Make `requires_grad` of the model's parameters what the plan says, both ways, where the spec sets it.

        Raises:
            BindError: where the plan does not fit the model; nothing is changed then.
        """
        binding.freeze(self, model)


def plan_without_parameters(
    path: str, sha256: str, inventory: Inventory | None, diagnostics: Iterable[Diagnostic]
) -> dict[str, Any]:
    """The JSON plan of a spec that is not resolved, since it has errors in itself: without groups and parameters."""
    return {
        "lrspec_plan": 1,
        "spec": {"path": path, "sha256": sha256},
        "model": None if inventory is None else _model(inventory),
        "groups": None,
        "parameters": [],
        "diagnostics": [found.to_dict() for found in diagnostics],
    }


def _model(inventory: Inventory) -> dict[str, Any]:
    return {
        "source": inventory.source,
        "args": inventory.args,
        "parameters": len(inventory.parameters),
        "elements": inventory.elements,
        "fingerprint": inventory.fingerprint,
    }


def plan_parameters(resolution: Resolution) -> tuple[PlannedParameter, ...]:
    """What each parameter of a resolution gets, in model order."""
    axes = sorted(resolution.winners, key=_axis_order)
    made: dict[Any, _Given] = {}
    planned = []
    for index, parameter in enumerate(resolution.parameters):
        winners = tuple(resolution.winners[axis].get(index) for axis in axes)
        key = (winners, _layer_number(resolution, index))  # parameters with equal keys get the same
        given = made.get(key) or made.setdefault(key, _given(resolution, index))
        status = _status(resolution, index)
        planned.append(PlannedParameter(parameter, status, given.settings, given.set_by, given.layer, given.freeze))
    return tuple(planned)


def group_parameters(parameters: Iterable[PlannedParameter]) -> tuple[Group, ...]:
    """The fewest groups that express the settings, in the order in which the first parameter of each appears."""
    members: dict[Any, list[PlannedParameter]] = {}
    for planned in parameters:
        if planned.status.trains:
            members.setdefault(planned.settings.key, []).append(planned)
    groups: dict[str, Group] = {}
    for group in members.values():
        name = _unique(_group_name(group[0]), groups)
        names = tuple(planned.name for planned in group)
        groups[name] = Group(name, group[0].settings, names, total_elements(planned.parameter for planned in group))
    return tuple(groups.values())


def _unique(name: str, taken: Container[str]) -> str:
    """A rule may be called `unmatched`: then the group of what no rule has set is `unmatched-2`."""
    return f"{name}-2" if name in taken else name


def _group_name(first: PlannedParameter) -> str:
    label = {first.layer.rule: first.layer.label} if first.layer else {}
    rules = dict.fromkeys(first.set_by.values())
    return "/".join(label.get(rule, rule) for rule in rules) or "unmatched"


class _Given(NamedTuple):
    """What parameters that the same settings reach have in common."""

    settings: Settings
    set_by: dict[str, str]
    layer: Layer | None
    freeze: bool | None


def _given(resolution: Resolution, index: int) -> _Given:
    layer, freeze = _layer(resolution, index), resolution.winner("freeze", index)
    settings = Settings(_lr(resolution, index, layer), _weight_decay(resolution, index), _options(resolution, index))
    return _Given(settings, _set_by(resolution, index), layer, None if freeze is None else freeze.setting.value)


def _status(resolution: Resolution, index: int) -> Status:
    if not resolution.trainable(index):
        return Status.frozen_by_spec if resolution.frozen_by_spec(index) else Status.frozen_by_model
    return Status.trained if index in resolution.decided else Status.unmatched


def _lr(resolution: Resolution, index: int, layer: Layer | None) -> float | None:
    """`(lr | optimizer.lr × lr_mult | optimizer.lr) × layer multiplier × lr_scale`, in this order."""
    rate = resolution.winner("lr", index)
    lr = rate.setting.value if rate else resolution.spec.optimizer.lr
    scale = resolution.winner("scale", index)
    if lr is None:
        return None
    return float(lr * (layer.mult if layer else 1.0) * (scale.setting.value if scale else 1.0))


def _weight_decay(resolution: Resolution, index: int) -> float | None:
    decay = resolution.winner("weight_decay", index)
    return decay.setting.value if decay else resolution.spec.optimizer.weight_decay


def _options(resolution: Resolution, index: int) -> tuple[tuple[str, Any], ...]:
    options = resolution.spec.optimizer.options
    for axis in resolution.winners:
        if axis.startswith("options.") and (found := resolution.winner(axis, index)):
            options[axis.removeprefix("options.")] = found.setting.value
    return tuple(sorted(options.items()))


def _layer_number(resolution: Resolution, index: int) -> int | None:
    reach = resolution.winner("layer", index)
    ladder = resolution.ladders[reach.rule] if reach else None
    return ladder.layers[index] if ladder else None


def _layer(resolution: Resolution, index: int) -> Layer | None:
    reach, number = resolution.winner("layer", index), _layer_number(resolution, index)
    ladder = resolution.ladders[reach.rule] if reach else None
    if reach is None or ladder is None or number is None:
        return None
    mult = multiplier(reach.setting.value, number, ladder.count)
    return Layer(resolution.spec.rule_names[reach.rule], number, ladder.count, mult)


def _set_by(resolution: Resolution, index: int) -> dict[str, str]:
    """The rule of each axis, in the order of the rules."""
    found = ((axis, resolution.winner(axis, index)) for axis in resolution.winners)
    winning = [(reach.rule, _axis_order(axis), axis) for axis, reach in found if reach]
    return {axis: resolution.spec.rule_names[rule] for rule, _, axis in sorted(winning)}


def _axis_order(axis: str) -> tuple[int, str]:
    return (AXES.index(axis) if axis in AXES else len(AXES), axis)
