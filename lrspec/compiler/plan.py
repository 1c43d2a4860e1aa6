"""`Plan`: the settings of each parameter of a model, and the fewest groups that express them, by name.

A plan holds no tensors. It can be saved, compared and printed, and bound later to the model or to a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.escape import brief, printable
from lrspec.diagnostics.wording import count, value_words
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns, Parameter
from lrspec.models.walk import walk
from lrspec.spec.load import SpecFile
from lrspec.spec.syntax.document import Document
from lrspec.spec.times import Time

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from lrspec.review.report.report import Report


class Status(StrEnum):
    """The status of a parameter: trained, or the reason why not."""

    trained = "trained"
    frozen_by_model = "frozen-by-model"
    frozen_by_spec = "frozen-by-spec"
    unmatched = "unmatched"

    @property
    def trains(self) -> bool:
        """True if such a parameter is in a group, unless an error stops the compile."""
        return self is Status.trained or self is Status.unmatched


@dataclass(frozen=True, slots=True)
class Settings:
    """The final values of a parameter, None if nothing sets them; `options` are sorted by name."""

    lr: float | None
    weight_decay: float | None
    options: tuple[tuple[str, Any], ...]
    optimizer: str | None = None
    """The name of the optimizer; None if the spec has just one, under `optimizer`."""
    schedule: str | None = None
    """The name of the schedule; None if the spec has none."""
    tags: tuple[tuple[str, Any], ...] | None = None
    """The tags, sorted by name; None if the spec has none."""

    def __repr__(self) -> str:
        listed = "".join(f", {name} {value_words(value)}" for name, value in self.group_keys().items())
        return brief(f"<Settings: {listed.removeprefix(', ') or 'the defaults of the optimizer'}>")

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values; what nothing sets is absent."""
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in self.options}
        tags = None if self.tags is None else dict(self.tags)
        values = {"optimizer": self.optimizer, **self._numbers(), "options": options, "schedule": self.schedule}
        return {key: value for key, value in {**values, "tags": tags}.items() if value is not None}

    def group_keys(self) -> dict[str, Any]:
        """The settings as the keys of a torch parameter group."""
        return {**self._numbers(), **dict(self.options), **dict(self.tags or ())}

    def _numbers(self) -> dict[str, float]:
        numbers = {"lr": self.lr, "weight_decay": self.weight_decay}
        return {key: value for key, value in numbers.items() if value is not None}


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
    """The settings of one parameter, and the rule that set each axis."""

    parameter: Parameter
    status: Status
    settings: Settings
    set_by: dict[str, str]
    layer: Layer | None
    freeze: bool | Time | None
    """The value of `freeze` that a rule sets, or the time at which it thaws; None if no rule sets it."""

    @property
    def name(self) -> str:
        """The parameter's canonical name."""
        return self.parameter.name

    def __repr__(self) -> str:
        return brief(f"<PlannedParameter {printable(self.name)}: {self.status}, {self.settings!r}>")

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
            **({"frozen_until": self.freeze.value} if isinstance(self.freeze, Time) else {}),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """One optimizer group: its name, its settings, and the names of its parameters in model order.

    `members` are the places of the parameters in the inventory.
    """

    name: str
    settings: Settings
    params: tuple[str, ...]
    members: list[int] = field(compare=False)
    columns: Columns = field(compare=False)

    @property
    def elements(self) -> int | None:
        """The number of elements of its parameters, or None if a shape is not known."""
        return self.columns.elements(self.members)

    def __repr__(self) -> str:
        return brief(f"<Group {self.name}: {count(len(self.params), 'parameter')}, {self.settings!r}>")

    def to_dict(self) -> dict[str, Any]:
        """The group as in the JSON plan."""
        return {"name": self.name, **self.settings.to_dict(), "params": list(self.params), "elements": self.elements}


class Assignment(NamedTuple):
    """The settings that a spec gives to parameters."""

    settings: Settings
    set_by: dict[str, str]
    layer: Layer | None
    freeze: bool | Time | None


class Cohort(NamedTuple):
    """Parameters, in model order, with one assignment; `first` is the representative of the family of one of them."""

    first: int
    assignment: Assignment
    status: Status
    members: list[int]


@dataclass(frozen=True)
class Plan:
    """The result of compiling a spec for a model.

    `groups` is None if an error stops the compile. `file` is the spec; `inventory` is the model's; `cohorts` hold the
    settings of its parameters; `diagnostics` are the findings, in the order of their places. Its text is the table that
    `lrspec compile` prints, without what that says of values that were overridden.
    """

    file: SpecFile
    inventory: Inventory
    cohorts: tuple[Cohort, ...]
    groups: tuple[Group, ...] | None
    diagnostics: tuple[Diagnostic, ...]

    def __repr__(self) -> str:
        groups = "no groups" if self.groups is None else count(len(self.groups), "group")
        parameters = count(len(self.inventory.columns.names), "parameter")
        source = printable(self.inventory.source) or "an unnamed model"
        return brief(f"<Plan: {groups} for {parameters} of {source}, from {printable(self.path)}>")

    def __str__(self) -> str:
        from lrspec.formats.table import table  # here, since a plan is seldom printed, and rich takes time to import

        return table(self).rstrip()

    def _repr_html_(self) -> str:
        from lrspec.formats.html import html

        return html(self)

    def report(self) -> Report:
        """Return the page of `lrspec report`: a notebook shows it in a frame, `report().write(path)` saves it.

        Raises:
            ReportError: if jinja2 is not installed.
        """
        from lrspec.review.report.report import of_plan

        return of_plan(self)

    @property
    def path(self) -> str:
        """The path of the spec, as it was given."""
        return self.file.path

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The names of the spec's optimizers, the default first; `optimizer` if it has only that."""
        return tuple(self.file.spec.bases)

    @cached_property
    def parameters(self) -> tuple[PlannedParameter, ...]:
        """The settings of each parameter, in model order."""
        planned = {
            member: PlannedParameter(self.inventory.parameters[member], cohort.status, *cohort.assignment)
            for cohort in self.cohorts
            for member in cohort.members
        }
        return tuple(planned[index] for index in range(len(planned)))

    @cached_property
    def group_of(self) -> dict[str, int]:
        """The index of the group of each parameter that is in one, by its name."""
        return {name: index for index, group in enumerate(self.groups or ()) for name in group.params}

    @cached_property
    def thawing(self) -> dict[Time, list[int]]:
        """The places in the inventory of the parameters that thaw, by when."""
        thawing: dict[Time, list[int]] = {}
        for cohort in self.cohorts:
            if isinstance(cohort.assignment.freeze, Time):
                thawing.setdefault(cohort.assignment.freeze, []).extend(cohort.members)
        return thawing

    def to_dict(self, steps: int | None = None) -> dict[str, Any]:
        """The plan as JSON values, with rates in a run of `steps` if they are given; see `lrspec schema plan`."""
        groups = [group.to_dict() for group in self.groups or ()]
        result = {
            **plan_without_parameters(self.file.document, self.inventory, self.diagnostics, dict(self.file.overrides)),
            "groups": None if self.groups is None else groups,
            "parameters": [planned.to_dict(self.group_of.get(planned.name)) for planned in self.parameters],
        }
        if schedules := self.file.spec.schedules:
            result["schedules"] = {name: [each.to_dict() for each in schedule] for name, schedule in schedules.items()}
        if steps is not None:
            result["steps"] = steps
            for step in shown_steps(steps) if groups else ():
                for group, lr in zip(groups, self.rates_at(step, steps).values(), strict=True):
                    if lr is not None:
                        group.setdefault("lr_at", {})[str(step)] = lr
        return result

    def param_groups(
        self, model: nn.Module, optimizer: str | None = None, *, names: bool = True
    ) -> list[dict[str, Any]]:
        """The groups with the parameters of a model, or of a part of it, for an optimizer of torch.

        Each group has `params` (the tensors), `param_names`, `name` and the settings. Parameters are found by any of
        their names. Those that a part of the model does not have are ignored, and empty groups are not returned. For
        a spec with several optimizers, `optimizer` names the one whose groups are wanted.

        Some classes refuse groups with other keys than their own: `names=False` leaves out `param_names` and `name`.
        `rates` and `load_optimizer_state` then cannot tell the groups apart, and refuse them.

        Raises:
            BindError: if the plan has errors and so no groups; if `optimizer` is not one of the spec's, or is missing
                though the spec has several; if the model has a trainable parameter that the plan does not know, a
                parameter of another shape, other ties, or a parameter whose `requires_grad` differs from the plan
                (call `plan.freeze(model)`).
        """
        from lrspec.optim.bind import param_groups  # here and below, since a plan is data until somebody binds it

        return param_groups(self, walk(model), optimizer, names)

    def freeze(self, model: nn.Module) -> None:
        """Set `requires_grad` of the model's parameters as the plan says, both ways, where the spec sets it.

        What thaws in the course of training becomes trainable: `advance` freezes it, once the optimizer is built and
        the model is wrapped.

        Raises:
            BindError: if the plan does not fit the model; nothing is changed then.
        """
        from lrspec.optim.bind import freeze

        freeze(self, walk(model))

    def advance(self, model: nn.Module, step: int, steps: int | None = None) -> list[str]:
        """Freeze and thaw, as the plan says at a step; return the names of the parameters that have changed.

        Only parameters that thaw are touched: their `requires_grad` is set, both ways, and where that freezes, `grad`
        is None. Call it before every step, 0 included. A call that changes nothing takes no walk through the model.

        Args:
            model: the model as it trains (wrapped), or a part of it.
            step: the number of optimizer steps so far.
            steps: the number of all steps, needed where times are percentages.

        Raises:
            BindError: if the plan does not fit the model; for an engine of DeepSpeed; and as long as something is still
                to thaw, for a DistributedDataParallel that was built when something was frozen, that has not
                `find_unused_parameters=True`, or that has `static_graph=True`. Nothing is changed then.
            ValueError: for percentages without `steps`; if `step` is not a whole number of at least 0, or `steps` of at
                least 1.
        """
        from lrspec.optim.thawing.advance import advance

        return advance(self, model, step, steps)

    def freeze_statistics(self, model: nn.Module) -> list[str]:
        """Put frozen batch norms and their like into `eval()`, which holds their running statistics.

        Those that it has put there before, and that have thawed, get the model's own mode again. Call it after each
        `model.train()`, and after `advance` has changed something. The names of all modules that are frozen now are
        returned: those whose own parameters are, or if there are none, all of the nearest module around them.
        """
        from lrspec.optim.thawing.statistics import Norms

        return Norms(walk(model)).freeze()

    def verify(
        self,
        optimizer: Optimizer | Mapping[str, Optimizer],
        model: nn.Module,
        scheduler: Any = None,
        *,
        step: int | None = None,
        steps: int | None = None,
    ) -> list[Diagnostic]:
        """Return every difference between the running optimizer and the spec (LRS4xx).

        Args:
            optimizer: the optimizer, under a trainer's wrapper too; for a spec with several, a mapping of their names.
            model: the model that trains, or a part of it, wrapped or sharded or not; nothing is changed.
            scheduler: its scheduler of torch or timm, if there is one, or a list or a mapping of them. Without it, the
                traces that a scheduler leaves in the groups (`initial_lr`) are checked.
            step: the number of optimizer steps so far; without it, it is not checked what has thawed by now.
            steps: the number of all steps, needed with `step` where times are percentages.

        Raises:
            BindError: if the plan has errors and so no groups, or is for another model; if `optimizer` is not a mapping
                though the spec has several, or has a name that the spec does not have.
            ValueError: for percentages and a `step` without `steps`.
            TypeError: if `model` is not a model, or `optimizer` is not an optimizer.
        """
        from lrspec.optim.verify.verify import verify

        return verify(self, optimizer, walk(model), scheduler, (step, steps))

    def rates(self, optimizer: Optimizer, mult: float = 1.0) -> list[float]:
        """The plan's learning rates, times `mult`, in the order of a real optimizer's groups.

        Schedulers that take one rate per group want these: `OneCycleLR(optimizer, max_lr=plan.rates(optimizer), …)`.
        Groups are found by their `param_names`: the optimizer may be wrapped, and may have fewer or other groups than
        the plan. Its present rates do not matter. If the plan sets no rate, the result has the one that the optimizer
        was made with, `optimizer.defaults["lr"]`.

        Raises:
            BindError: if the plan has errors and so no groups; if a group has no names, or has parameters that the plan
                does not train, or that have different learning rates in the plan.
            TypeError: if `optimizer` has no groups at all.
        """
        from lrspec.optim.rates import rates

        return rates(self, optimizer, mult)

    def rates_at(self, step: int, steps: int) -> dict[str, float | None]:
        """The learning rates of the groups at a step of a run of `steps`, by the spec's `schedules`.

        The keys are the names of the groups; a rate that the plan does not set is None.

        Raises:
            BindError: if the plan has errors and so no groups.
            ValueError: if `step` is not a whole number of at least 0, or `steps` of at least 1.
        """
        from lrspec.optim.schedules.planned import rates_at

        return rates_at(self, step, steps)


def shown_steps(steps: int) -> list[int]:
    """The steps of a run at which rates are shown: the first, the middle and the last."""
    return sorted({0, steps // 2, steps - 1})


def plan_without_parameters(
    document: Document,
    inventory: Inventory | None,
    diagnostics: Iterable[Diagnostic],
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON plan without groups and parameters: the whole plan of a spec that has errors in itself."""
    spec: dict[str, Any] = {"path": document.path, "sha256": document.sha256}
    if overrides:
        spec["overrides"] = overrides
    model = None
    if inventory is not None:
        model = {
            "source": inventory.source,
            "args": inventory.args,
            "parameters": len(inventory.parameters),
            "elements": inventory.elements,
            "fingerprint": inventory.fingerprint,
        }
    return {
        "lrspec_plan": 1,
        "spec": spec,
        "model": model,
        "groups": None,
        "parameters": [],
        "diagnostics": [diagnostic.to_dict() for diagnostic in diagnostics],
    }


def a_plan(value: object) -> Plan:
    """Return a value that must be a plan; TypeError if it is not."""
    if not isinstance(value, Plan):
        raise TypeError(f"expected a plan (lrspec.compile), found {type(value).__name__}")
    return value
