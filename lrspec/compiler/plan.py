"""A `Plan`: the settings of each parameter of a model, and the fewest groups that express them, by name.

It holds no tensors, so that it can be saved, compared and printed, and bound later to the model or to a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns, Parameter
from lrspec.models.walk import walk
from lrspec.optim import bind as binding
from lrspec.spec.load import SpecFile
from lrspec.spec.syntax.document import Document

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


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
    optimizer: str | None = None
    """Which of several optimizers; None where the spec has one, under `optimizer`."""

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values; what nothing sets is absent."""
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in self.options}
        which = {} if self.optimizer is None else {"optimizer": self.optimizer}
        return {**which, **self._numbers(), "options": options}

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


class Assignment(NamedTuple):
    """What a spec gives to a parameter: the same to all that equal settings reach."""

    settings: Settings
    set_by: dict[str, str]
    layer: Layer | None
    freeze: bool | None


class Cohort(NamedTuple):
    """Parameters, in model order, on which the same settings hold and the same layer; `first` is one of them."""

    first: int
    assignment: Assignment
    status: Status
    members: list[int]


@dataclass(frozen=True)
class Plan:
    """What a spec says for a model.

    `groups` is None where an error stops the compile. `file` is the spec; `inventory` is the model's; `shares` say
    what its parameters get; `diagnostics` are the findings, in the order of their places.
    """

    file: SpecFile = field(repr=False)
    inventory: Inventory
    cohorts: tuple[Cohort, ...] = field(repr=False)
    groups: tuple[Group, ...] | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def path(self) -> str:
        """The spec's path, as it was given."""
        return self.file.path

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The names of the spec's optimizers, the default first; `optimizer` where it has only that."""
        return tuple(self.file.spec.bases)

    @cached_property
    def parameters(self) -> tuple[PlannedParameter, ...]:
        """What each parameter gets, in model order."""
        cohorts = {
            member: PlannedParameter(self.inventory.parameters[member], status, *given)
            for _, given, status, members in self.cohorts
            for member in members
        }
        return tuple(cohorts[index] for index in range(len(cohorts)))

    @cached_property
    def group_of(self) -> dict[str, int]:
        """The index of the group of each parameter that is in one, by its name."""
        return {name: index for index, group in enumerate(self.groups or ()) for name in group.params}

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values; see `lrspec schema plan`."""
        return {
            **plan_without_parameters(self.file.document, self.inventory, self.diagnostics, dict(self.file.overrides)),
            "groups": None if self.groups is None else [group.to_dict() for group in self.groups],
            "parameters": [cohorts.to_dict(self.group_of.get(cohorts.name)) for cohorts in self.parameters],
        }

    def param_groups(self, model: nn.Module, optimizer: str | None = None) -> list[dict[str, Any]]:
        """The groups with the parameters of a model, or of a part of it, for an optimizer of torch.

        Each group has `params` (the tensors), `param_names`, `name` and the settings. Parameters are found by
        their canonical names, aliases included; what a part of the model lacks is left out, and so are groups that
        come out empty. Of a spec with several optimizers, `optimizer` names the one whose groups are wanted.

        Raises:
            BindError: where the plan has errors and so no groups; where `optimizer` is none of the spec's, or is
                missing though it has several; where the model has a trainable parameter that the
                plan does not know, a parameter of another shape, other ties, or a parameter whose `requires_grad` is
                not what the plan says (call `plan.freeze(model)`).
        """
        return binding.param_groups(self, walk(model), optimizer)

    def freeze(self, model: nn.Module) -> None:
        """Make `requires_grad` of the model's parameters what the plan says, both ways, where the spec sets it.

        Raises:
            BindError: where the plan does not fit the model; nothing is changed then.
        """
        binding.freeze(self, walk(model))

    def verify(
        self,
        optimizer: Optimizer | Mapping[str, Optimizer],
        model: nn.Module,
        scheduler: Any = None,
    ) -> list[Diagnostic]:
        """Everything in which what trains is not what the spec says (LRS4xx); empty where it is.

        Args:
            optimizer: the optimizer, under a trainer's wrapper too; for a spec with several, a mapping of their names.
            model: the model that trains, or a part of it, wrapped or sharded or not; nothing is changed.
            scheduler: its scheduler of torch or timm, if there is one, or a list or a mapping of them. Without it, what
                one leaves in the groups (`initial_lr`) is judged.

        Raises:
            BindError: where the plan has errors and so no groups, or knows nothing of the model; where `optimizer` is
                not a mapping, though the spec has several, or has a name that is none of the spec's.
            TypeError: for what is no model, or no optimizer.
        """
        from lrspec.optim.verify.verify import verify  # here, since commands verify nothing

        return verify(self, optimizer, walk(model), scheduler)

    def rates(self, optimizer: Optimizer, mult: float = 1.0) -> list[float]:
        """The plan's learning rates, times `mult`, in the order of a real optimizer's groups.

        It is what schedulers want that take a rate a group: `OneCycleLR(optimizer, max_lr=plan.rates(optimizer), …)`.
        Groups are found by their `param_names`, so that the optimizer may have fewer, or others, than the plan, and be
        wrapped; what it trains with now, or how a scheduler has changed it, does not matter. Where the plan sets no
        rate, it is the one that the optimizer was made with, `optimizer.defaults["lr"]`.

        Raises:
            BindError: where the plan has errors and so no groups; where a group has no names; where it has parameters
                that the plan does not train, or that have different learning rates in the plan.
            TypeError: where `optimizer` has no groups at all.
        """
        from lrspec.optim.rates import rates  # here, since commands have no optimizer

        return rates(self, optimizer, mult)


def plan_without_parameters(
    document: Document,
    inventory: Inventory | None,
    diagnostics: Iterable[Diagnostic],
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON plan of a spec that is not resolved, since it has errors in itself: without groups and parameters."""
    return {
        "lrspec_plan": 1,
        "spec": {"path": document.path, "sha256": document.sha256, **({"overrides": overrides} if overrides else {})},
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


def a_plan(given: object) -> Plan:
    """What was given in place of a plan, if it is one.

    Raises:
        TypeError: where it is not.
    """
    if not isinstance(given, Plan):
        raise TypeError(f"expected a plan (lrspec.compile), found {type(given).__name__}")
    return given
