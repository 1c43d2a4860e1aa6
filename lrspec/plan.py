"""A `Resolution` to a `Plan`: the settings of each parameter, and the fewest groups that express them, by name.

A plan holds no tensors, so that it can be saved, compared and printed, and bound later to the model or to a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from lrspec import binding
from lrspec.axes import AXES, comparable
from lrspec.columns import Columns, Parameter
from lrspec.diagnostics import Diagnostic
from lrspec.inventory import Inventory
from lrspec.ladder import multiplier
from lrspec.modules import walk
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
        return self is Status.trained or self is Status.unmatched


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
    """One optimizer group: its name, its settings, and the names of its parameters in model order.

    `members` are the places of the parameters in the inventory.
    """

    name: str
    settings: Settings
    params: tuple[str, ...]
    members: list[int] = field(repr=False, compare=False)
    columns: Columns = field(repr=False, compare=False)

    @property
    def elements(self) -> int | None:
        """The number of elements of its parameters, or None where a shape is not known."""
        return self.columns.elements(self.members)

    def to_dict(self) -> dict[str, Any]:
        """The group as in the JSON plan."""
        return {
            "name": self.name,
            **self.settings.to_dict(),
            "params": list(self.params),
            "elements": self.elements,
        }


class Given(NamedTuple):
    """What a spec gives to a parameter: the same to all that equal settings reach."""

    settings: Settings
    set_by: dict[str, str]
    layer: Layer | None
    freeze: bool | None


class Share(NamedTuple):
    """Parameters, in model order, on which the same settings hold and the same layer; `first` is one of them."""

    first: int
    given: Given
    status: Status
    members: list[int]


@dataclass(frozen=True)
class Plan:
    """What a spec says for a model.

    `groups` is None where an error stops the compile. `inventory` is the model's; `shares` say what its parameters
    get; `diagnostics` are the findings, in the order of their places.
    """

    path: str
    sha256: str
    inventory: Inventory
    shares: tuple[Share, ...] = field(repr=False)
    groups: tuple[Group, ...] | None
    diagnostics: tuple[Diagnostic, ...]

    @cached_property
    def parameters(self) -> tuple[PlannedParameter, ...]:
        """What each parameter gets, in model order."""
        planned = {
            member: PlannedParameter(self.inventory.parameters[member], status, *given)
            for _, given, status, members in self.shares
            for member in members
        }
        return tuple(planned[index] for index in range(len(planned)))

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
        return binding.param_groups(self, walk(model))

    def freeze(self, model: nn.Module) -> None:
        """Make `requires_grad` of the model's parameters what the plan says, both ways, where the spec sets it.

        Raises:
            BindError: where the plan does not fit the model; nothing is changed then.
        """
        binding.freeze(self, walk(model))


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


def shares(resolution: Resolution) -> tuple[Share, ...]:
    """What each parameter of a resolution gets, in the order in which the first of each share appears."""
    axes = sorted(resolution.winners, key=_axis_order)
    made: dict[Hashable, _Givens] = {}
    together: dict[tuple[_Givens, Status, int | None], list[list[int]]] = {}
    for first in resolution.kinds.members:
        winners, status = tuple([resolution.winners[axis].get(first) for axis in axes]), _status(resolution, first)
        givens = made.get(winners) or made.setdefault(winners, _Givens(resolution, first))
        for layer, members in _by_layer(resolution, first).items():
            together.setdefault((givens, status, layer), []).append(members)
    found = [
        Share(givens.first, givens.on(layer), status, _merged(its)) for (givens, status, layer), its in together.items()
    ]
    return tuple(sorted(found, key=lambda share: share.members[0]))


def _merged(members: list[list[int]]) -> list[int]:
    return members[0] if len(members) == 1 else sorted(chain(*members))


class _Givens:
    """What parameters get on which the same settings hold: by the layers of the ladder, if there is one."""

    def __init__(self, resolution: Resolution, first: int) -> None:
        self.first = first
        self._lr, self._scale = _rate(resolution, first), resolution.winner("scale", first)
        self._weight_decay, self._options = weight_decay(resolution, first), _options(resolution, first)
        self._set_by, self._freeze = _set_by(resolution, first), resolution.winner("freeze", first)
        self._layers = _layers(resolution, first)
        self._made: dict[int | None, Given] = {}

    def on(self, number: int | None) -> Given:
        """What they get on a layer; None where they are on no ladder."""
        if number not in self._made:
            layer = None if number is None else self._layers(number)
            freeze = None if self._freeze is None else self._freeze.setting.value
            settings = Settings(self._rate_on(layer), self._weight_decay, self._options)
            self._made[number] = Given(settings, self._set_by, layer, freeze)
        return self._made[number]

    def _rate_on(self, layer: Layer | None) -> float | None:
        """`(lr | optimizer.lr × lr_mult | optimizer.lr) × layer multiplier × lr_scale`, in this order."""
        if self._lr is None:
            return None
        return float(self._lr * (layer.mult if layer else 1.0) * (self._scale.setting.value if self._scale else 1.0))


def _by_layer(resolution: Resolution, first: int) -> Mapping[int, list[int]] | Mapping[None, list[int]]:
    """The parameters of a kind by their layers; None where they are on no ladder."""
    reach = resolution.winner("layer", first)
    ladder = resolution.ladders[reach.rule] if reach else None
    return ladder.layers[first] if ladder else {None: resolution.kinds.members[first]}


def group_parameters(columns: Columns, planned: Iterable[Share]) -> tuple[Group, ...]:
    """The fewest groups that express the settings, in the order in which the first parameter of each appears."""
    together: dict[Hashable, list[Share]] = {}
    for share in planned:
        if share.status.trains:
            together.setdefault(share.given.settings.key, []).append(share)
    groups: dict[str, Group] = {}
    for these in together.values():
        name = _unique(_group_name(these[0].given), groups)
        members = _merged([share.members for share in these])
        names = tuple([columns.names[member] for member in members])
        groups[name] = Group(name, these[0].given.settings, names, members, columns)
    return tuple(groups.values())


def _unique(name: str, taken: Container[str]) -> str:
    """A rule may be called `unmatched`: then the group of what no rule has set is `unmatched-2`."""
    return f"{name}-2" if name in taken else name


def _group_name(first: Given) -> str:
    label = {first.layer.rule: first.layer.label} if first.layer else {}
    rules = dict.fromkeys(first.set_by.values())
    return "/".join(label.get(rule, rule) for rule in rules) or "unmatched"


def _status(resolution: Resolution, index: int) -> Status:
    if not resolution.trainable(index):
        return Status.frozen_by_spec if resolution.frozen_by_spec(index) else Status.frozen_by_model
    return Status.trained if index in resolution.decided else Status.unmatched


def _rate(resolution: Resolution, first: int) -> float | None:
    rate = resolution.winner("lr", first)
    return rate.setting.value if rate else resolution.spec.optimizer.lr


def weight_decay(resolution: Resolution, index: int) -> float | None:
    """The weight decay of a parameter that stands for its kind; None where nothing sets it."""
    decay = resolution.winner("weight_decay", index)
    return decay.setting.value if decay else resolution.spec.optimizer.weight_decay


def _options(resolution: Resolution, index: int) -> tuple[tuple[str, Any], ...]:
    options = resolution.spec.optimizer.options
    for axis in resolution.winners:
        if axis.startswith("options.") and (found := resolution.winner(axis, index)):
            options[axis.removeprefix("options.")] = found.setting.value
    return tuple(sorted(options.items()))


def _layers(resolution: Resolution, first: int) -> Callable[[int], Layer]:
    """The layers of the ladder that a parameter is on, by their numbers."""

    def numbered(number: int) -> Layer:
        reach = resolution.winners["layer"][first]
        ladder = resolution.ladders[reach.rule]
        assert ladder is not None
        mult = multiplier(reach.setting.value, number, ladder.count)
        return Layer(resolution.spec.rule_names[reach.rule], number, ladder.count, mult)

    return numbered


def _set_by(resolution: Resolution, index: int) -> dict[str, str]:
    """The rule of each axis, in the order of the rules."""
    found = ((axis, resolution.winner(axis, index)) for axis in resolution.winners)
    winning = [(reach.rule, _axis_order(axis), axis) for axis, reach in found if reach]
    return {axis: resolution.spec.rule_names[rule] for rule, _, axis in sorted(winning)}


def _axis_order(axis: str) -> tuple[int, str]:
    return (AXES.index(axis) if axis in AXES else len(AXES), axis)
