"""Observes a training run: a model's tensors and the groups of its optimizers, matched with a plan by identity."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import SHOWN, few
from lrspec.models.describe import count_parameters, list_parameters
from lrspec.models.walk import ModelParameters, why_lazy
from lrspec.optim.bind import BindError, groups_of, no_such_optimizer
from lrspec.optim.live.schedules import Schedule, schedules, unwrap_schedulers
from lrspec.optim.live.unwrap import inner, live_groups, stepping
from lrspec.optim.verify.spec_places import SpecPlace, rate_place
from lrspec.spec.times import Time

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Cohort, Plan

_Key = TypeVar("_Key", bound=Hashable)
_Item = TypeVar("_Item")


Progress: TypeAlias = tuple[int | None, int | None]
"""The step of a run and the number of all steps, as far as they are known."""


class ModelTensor(NamedTuple):
    """A parameter of a model: its names there, and its place in the plan's inventory, if the plan knows one of them."""

    tensor: nn.Parameter
    names: list[str]
    place: int | None


@dataclass(frozen=True, eq=False)
class RunningOptimizer:
    """An optimizer of a training run: its name in the spec, the optimizer under its wrappers, and its groups."""

    name: str
    inner: Any
    groups: Sequence[dict[str, Any]]

    @property
    def stepping(self) -> Any:
        """The optimizer that has the defaults and the state; schedulers move the groups of `inner`."""
        return stepping(self.inner)


class Member(NamedTuple):
    """A tensor in a group of an optimizer, with its name in the group's `param_names`, if it has them."""

    optimizer: RunningOptimizer
    group: int
    tensor: Any
    param_name: str | None


@dataclass(frozen=True, eq=False)
class Portion:
    """The parameters of one cohort in one group."""

    optimizer: RunningOptimizer
    number: int
    cohort: Cohort
    tensors: list[ModelTensor]

    @property
    def group(self) -> dict[str, Any]:
        """The group that they are in."""
        return self.optimizer.groups[self.number]


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """A model that trains, by the identities of its tensors, and its optimizers with their schedulers."""

    plan: Plan
    tensors: dict[int, ModelTensor]
    optimizers: tuple[RunningOptimizer, ...]
    schedulers: list[Any]
    parameters: ModelParameters
    at: Progress

    @cached_property
    def members(self) -> dict[int, list[Member]]:
        """The places of each tensor in the optimizers, by its identity, in the order of the groups."""
        members = []
        for optimizer in self.optimizers:
            for number, group in enumerate(optimizer.groups):
                tensors, names = group["params"], group.get("param_names") or ()
                param_names = names if len(names) == len(tensors) else [None] * len(tensors)
                for tensor, param_name in zip(tensors, param_names, strict=True):
                    members.append((id(tensor), Member(optimizer, number, tensor, param_name)))
        return together(members)

    @cached_property
    def cohorts(self) -> dict[int, Cohort]:
        """The cohort of each place of the plan's inventory."""
        return {place: cohort for cohort in self.plan.cohorts for place in cohort.members}

    def cohort(self, tensor: ModelTensor) -> Cohort | None:
        """Return the cohort of a parameter, if the plan knows it."""
        return None if tensor.place is None else self.cohorts[tensor.place]

    @cached_property
    def trained(self) -> list[tuple[ModelTensor, Cohort]]:
        """The parameters that the plan trains, in model order."""
        known = ((tensor, self.cohort(tensor)) for tensor in self.tensors.values())
        return [(tensor, cohort) for tensor, cohort in known if cohort and cohort.status.trains]

    def is_to_train(self, tensor: ModelTensor) -> bool:
        """Return whether a parameter requires grad, or thaws in the course of training."""
        cohort = self.cohort(tensor)
        return tensor.tensor.requires_grad or (cohort is not None and isinstance(cohort.assignment.freeze, Time))

    def trained_where(self, matches: Callable[[ModelTensor], bool]) -> dict[SpecPlace, list[ModelTensor]]:
        """Return some of the parameters that the plan trains, by the places that decide their learning rates."""
        return together((rate_place(self.plan, cohort), tensor) for tensor, cohort in self.trained if matches(tensor))

    @cached_property
    def portions(self) -> list[Portion]:
        """The parameters that are in the right optimizer, once, by group and cohort."""
        portions: dict[tuple[str, int, int], Portion] = {}
        for tensor, cohort in self.trained:
            members = self.members.get(id(tensor.tensor), ())
            if len(members) == 1 and self.belongs(members[0], cohort):
                key = (members[0].optimizer.name, members[0].group, cohort.members[0])
                new = Portion(members[0].optimizer, members[0].group, cohort, [])
                portions.setdefault(key, new).tensors.append(tensor)
        return list(portions.values())

    def portions_of(self, optimizer: RunningOptimizer) -> list[Portion]:
        """Return the portions of one optimizer."""
        return [portion for portion in self.portions if portion.optimizer is optimizer]

    def belongs(self, member: Member, cohort: Cohort) -> bool:
        """Return whether a parameter is in the optimizer that the plan gives it to."""
        return cohort.assignment.settings.optimizer in (None, member.optimizer.name)

    @cached_property
    def all_schedules(self) -> list[Schedule]:
        """The schedules of all schedulers."""
        return [schedule for scheduler in self.schedulers for schedule in schedules(scheduler)]

    def schedules(self, optimizer: RunningOptimizer) -> list[Schedule]:
        """Return the schedules that move the rates of an optimizer, without warm-ups that multiply those afterwards."""
        own = [schedule for schedule in self.all_schedules if schedule.optimizer is optimizer.inner]
        return [schedule for schedule in own if schedule.factors is None]

    def position(self, optimizer: RunningOptimizer) -> tuple[int, int] | None:
        """Return the step and the number of steps of the plan's own scheduler, if nothing else moves the rates."""
        own = [schedule for schedule in self.all_schedules if schedule.optimizer is optimizer.inner]
        return own[0].position if len(own) == 1 else None

    @cached_property
    def progress(self) -> Progress:
        """The step and the number of all steps, as given or else as the plan's own scheduler has them."""
        step, steps = next(filter(None, map(self.position, self.optimizers)), (None, None))
        return step if self.at[0] is None else self.at[0], steps if self.at[1] is None else self.at[1]

    def dampened(self, portion: Portion, rate: Any) -> Any:
        """Return a rate that schedulers have set, times the factors of warm-ups that multiply it afterwards."""
        for schedule in self.all_schedules:
            own = schedule.optimizer is portion.optimizer.inner
            if own and rate is not None and schedule.factors is not None and portion.number < len(schedule.factors):
                rate = rate * schedule.factors[portion.number]
        return rate

    def last_rates(self, optimizer: RunningOptimizer) -> Sequence[Any] | None:
        """Return the rates that an optimizer's scheduler has set last; None if they are unknown, or it has several."""
        own = [
            scheduler
            for scheduler in self.schedulers
            if any(part.optimizer is optimizer.inner and part.factors is None for part in schedules(scheduler))
        ]
        rates = getattr(own[0], "_last_lr", None) if len(own) == 1 else None  # only schedulers of torch have it
        return rates if rates is not None and len(rates) == len(optimizer.groups) else None

    def counted(self, tensors: Sequence[ModelTensor]) -> str:
        """`3 parameters (9 elements)`; the plan knows them all."""
        return count_parameters(self.plan.inventory.columns, _places(tensors))

    def finding(self, code: str, place: SpecPlace, tensors: list[ModelTensor], message: str, advice: str) -> Finding:
        """Make a finding about parameters that the plan knows; a line lists them, if any."""
        columns, places = self.plan.inventory.columns, _places(tensors)
        name_at = {tensor.place: tensor.names[0] for tensor in tensors}
        which = {number: columns.names_of(number).index(name_at[number]) for number in places}
        listing = [list_parameters(columns, places, which)] if places else []
        names = tuple(columns.names[number] for number in places)
        return Finding(code, place.path, "\n".join([message, *listing, advice]), place.rule, names, place.at_key)


def _places(tensors: Sequence[ModelTensor]) -> list[int]:
    """The places of parameters in the plan's inventory: in model order, each once."""
    return sorted({tensor.place for tensor in tensors if tensor.place is not None})


def together(pairs: Iterable[tuple[_Key, _Item]]) -> dict[_Key, list[_Item]]:
    """Group items by their keys, in the order in which they come."""
    groups: dict[_Key, list[_Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups


def observe(plan: Plan, optimizer: Any, parameters: ModelParameters, scheduler: Any, at: Progress) -> TrainingRun:
    """Match a training run with a plan; `parameters` are the model's.

    BindError if the plan has no groups, does not know the model, or has other optimizers.
    """
    groups_of(plan)
    if lazy := why_lazy(parameters):
        raise BindError(lazy)
    index, names = plan.inventory.index, parameters.names
    if names and not any(name in index for name in names):
        prefix = next((name.partition(".")[0] for name in names if name.partition(".")[2] in index), None)
        hint = f", but the same without `{prefix}.`: verify the part that it was made for" if prefix else ""
        raise BindError(f"the plan knows none of {few(names, SHOWN)}{hint or ': compile the spec for this model'}")
    names_of = together((id(tensor), name) for name, tensor in zip(names, parameters.tensors, strict=True))
    tensors: dict[int, ModelTensor] = {}
    for tensor in parameters.tensors:
        if id(tensor) not in tensors:
            known_first = sorted(names_of[id(tensor)], key=lambda name: name not in index)
            tensors[id(tensor)] = ModelTensor(tensor, known_first, index.get(known_first[0]))
    optimizers = [
        RunningOptimizer(name, inner(wrapped), live_groups(wrapped))
        for name, wrapped in _by_name(plan, optimizer).items()
    ]
    return TrainingRun(plan, tensors, tuple(optimizers), unwrap_schedulers(scheduler), parameters, at)


def _by_name(plan: Plan, optimizers: Any) -> Mapping[str, Any]:
    names = plan.optimizers
    if not isinstance(optimizers, Mapping):
        if len(names) > 1:
            listing = ", ".join(names)
            raise BindError(f"the spec has several optimizers: pass a mapping of their names ({listing}) to them")
        return {names[0]: optimizers}
    if strangers := [name for name in optimizers if name not in names]:
        raise BindError(no_such_optimizer(plan, strangers[0]))
    return optimizers
