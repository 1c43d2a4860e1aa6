"""What runs: the tensors of a model and the groups of its optimizers, matched with a plan by identity."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import SHOWN, few
from lrspec.models.describe import count_parameters, list_parameters
from lrspec.models.walk import ModelParameters, why_lazy
from lrspec.optim.bind import BindError, groups_of, no_such_optimizer
from lrspec.optim.optimizer_classes import inner
from lrspec.optim.state_keys import stepping
from lrspec.optim.verify.schedulers import Schedule, last_rates, listed, schedules
from lrspec.optim.verify.spec_places import SpecPlace

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Cohort, Plan

_Key = TypeVar("_Key", bound=Hashable)
_Thing = TypeVar("_Thing")


class ModelTensor(NamedTuple):
    """A parameter of a model: its names there, and its place in the plan's inventory, if the plan knows one of them."""

    tensor: nn.Parameter
    names: list[str]
    place: int | None


@dataclass(frozen=True, eq=False)
class RunningOptimizer:
    """An optimizer of a training run: what the spec calls it, the optimizer under its wrappers, and its groups."""

    name: str
    inner: Any
    groups: Sequence[dict[str, Any]]

    @property
    def stepping(self) -> Any:
        """The optimizer that has the defaults and the state; schedulers move the groups of `inner`."""
        return stepping(self.inner)


class Member(NamedTuple):
    """A tensor in a group of an optimizer; `said` is what the group's `param_names` call it, if it has them."""

    optimizer: RunningOptimizer
    group: int
    tensor: Any
    said: str | None


@dataclass(frozen=True, eq=False)
class Portion:
    """Parameters of one group that the plan gives the same to."""

    optimizer: RunningOptimizer
    number: int
    cohort: Cohort
    tensors: list[ModelTensor]

    @property
    def group(self) -> dict[str, Any]:
        """The group that they are in."""
        return self.optimizer.groups[self.number]

    @property
    def is_of_a_plan(self) -> bool:
        """Whether a plan has made the group: it says then which parameters it has."""
        return "param_names" in self.group

    @property
    def first(self) -> int:
        """The place of the first of them in the plan's inventory."""
        return self.tensors[0].place or 0


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """A model that trains, by the identities of its tensors, and its optimizers with their schedulers."""

    plan: Plan
    tensors: dict[int, ModelTensor]
    optimizers: tuple[RunningOptimizer, ...]
    schedulers: list[Any]

    @cached_property
    def members(self) -> dict[int, list[Member]]:
        """Where each tensor of the optimizers is, by its identity, in the order of the groups."""
        return together((id(member.tensor), member) for member in _members(self.optimizers))

    @cached_property
    def cohorts(self) -> dict[int, Cohort]:
        """What the plan gives to each place of its inventory."""
        return {place: cohort for cohort in self.plan.cohorts for place in cohort.members}

    def cohort(self, tensor: ModelTensor) -> Cohort | None:
        """What the plan gives to a parameter, if it knows it."""
        return None if tensor.place is None else self.cohorts[tensor.place]

    @cached_property
    def trained(self) -> list[tuple[ModelTensor, Cohort]]:
        """The parameters that the plan trains, in model order."""
        known = ((tensor, self.cohort(tensor)) for tensor in self.tensors.values())
        return [(tensor, cohort) for tensor, cohort in known if cohort and cohort.status.trains]

    @cached_property
    def portions(self) -> list[Portion]:
        """The parameters that are where they belong, once, by their groups and by what the plan gives them."""
        found: dict[tuple[str, int, int], Portion] = {}
        for tensor, cohort in self.trained:
            members = self.members.get(id(tensor.tensor), ())
            if len(members) == 1 and self.belongs(members[0], cohort):
                key = (members[0].optimizer.name, members[0].group, cohort.members[0])
                new = Portion(members[0].optimizer, members[0].group, cohort, [])
                found.setdefault(key, new).tensors.append(tensor)
        return list(found.values())

    def belongs(self, member: Member, cohort: Cohort) -> bool:
        """Whether a parameter is in the optimizer that the plan gives it to."""
        return cohort.assignment.settings.optimizer in (None, member.optimizer.name)

    def schedules(self, optimizer: RunningOptimizer) -> list[Schedule]:
        """The schedules that move the rates of an optimizer; warm-ups that multiply what these have set are none."""
        return [each for each in self._schedules_of(optimizer) if each.factors is None]

    def dampened(self, portion: Portion, rate: Any) -> Any:
        """A rate that schedulers have set, as the warm-ups leave it that multiply it afterwards."""
        for each in self._schedules_of(portion.optimizer):
            if rate is not None and each.factors is not None and portion.number < len(each.factors):
                rate = rate * each.factors[portion.number]
        return rate

    def _schedules_of(self, optimizer: RunningOptimizer) -> list[Schedule]:
        return [each for each in self.all_schedules if each.optimizer is optimizer.inner]

    @cached_property
    def all_schedules(self) -> list[Schedule]:
        """The schedules of all schedulers."""
        return [each for scheduler in self.schedulers for each in schedules(scheduler)]

    def last_rates(self, optimizer: RunningOptimizer) -> Sequence[Any] | None:
        """The rates that the scheduler of an optimizer has set last; None where it is not known, or not alone."""
        own = [each for each in self.schedulers if any(self._moves(s, optimizer) for s in schedules(each))]
        rates = last_rates(own[0]) if len(own) == 1 else None
        return rates if rates is not None and len(rates) == len(optimizer.groups) else None

    @staticmethod
    def _moves(schedule: Schedule, optimizer: RunningOptimizer) -> bool:
        return schedule.optimizer is optimizer.inner and schedule.factors is None

    # ------------------------------------------------------------------------------------------- findings

    def counted(self, tensors: Sequence[ModelTensor]) -> str:
        """How many parameters and elements these are; the plan knows them all."""
        return count_parameters(self.plan.inventory.columns, _places(tensors))

    def finding(self, code: str, place: SpecPlace, tensors: Sequence[ModelTensor], wrong: str, advice: str) -> Finding:
        """A finding about parameters that the plan knows, with a line that lists them where there are any."""
        columns, places = self.plan.inventory.columns, _places(tensors)
        named = {each.place: each.names[0] for each in tensors}
        which = {found: columns.names_of(found).index(named[found]) for found in places}
        listing = [list_parameters(columns, places, which)] if places else []
        shown = tuple([columns.names[found] for found in places])
        return Finding(code, place.path, "\n".join([wrong, *listing, advice]), place.rule, shown, place.at_key)


def _places(tensors: Sequence[ModelTensor]) -> list[int]:
    """Where the plan's inventory has some parameters: in model order, those that it has as one only once."""
    return sorted({tensor.place for tensor in tensors if tensor.place is not None})


def together(pairs: Iterable[tuple[_Key, _Thing]]) -> dict[_Key, list[_Thing]]:
    """Things, parameters say, by what they have in common, in the order in which they come."""
    found: dict[_Key, list[_Thing]] = {}
    for key, thing in pairs:
        found.setdefault(key, []).append(thing)
    return found


def observe(plan: Plan, optimizer: Any, found: ModelParameters, scheduler: Any) -> TrainingRun:
    """Match what runs with a plan; `found` is what the model has.

    Raises:
        BindError: where the plan has no groups, knows nothing of the model, or has other optimizers.
    """
    groups_of(plan)
    if lazy := why_lazy(found):
        raise BindError(lazy)
    _refuse_another_model(plan, found)
    return TrainingRun(plan, _tensors(plan, found), tuple(_optimizers(plan, optimizer)), listed(scheduler))


def _refuse_another_model(plan: Plan, found: ModelParameters) -> None:
    index = plan.inventory.index
    if not found.names or any(name in index for name in found.names):
        return
    within = next((name.partition(".")[0] for name in found.names if name.partition(".")[2] in index), None)
    hint = f", but the same without `{within}.`: verify the part that it was made for" if within else ""
    raise BindError(f"the plan knows none of {few(found.names, SHOWN)}{hint or ': compile the spec for this model'}")


def _tensors(plan: Plan, found: ModelParameters) -> dict[int, ModelTensor]:
    names = together((id(tensor), name) for name, tensor in zip(found.names, found.tensors, strict=True))
    tensors = {id(tensor): tensor for tensor in found.tensors}
    return {key: _model_tensor(plan, tensors[key], its) for key, its in names.items()}


def _model_tensor(plan: Plan, tensor: nn.Parameter, names: list[str]) -> ModelTensor:
    """The names that the plan knows come first."""
    index = plan.inventory.index
    known = sorted(names, key=lambda name: name not in index)
    return ModelTensor(tensor, known, index.get(known[0]))


def _optimizers(plan: Plan, given: Any) -> Iterator[RunningOptimizer]:
    for name, each in _by_name(plan, given).items():
        yield RunningOptimizer(name, inner(each), _groups(each))


def _groups(optimizer: Any) -> Sequence[dict[str, Any]]:
    """The groups of an optimizer, with the model's own parameters in them.

    DeepSpeed's ZeRO puts flat shards there, and keeps the parameters beside, group by group.
    """
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"expected an optimizer (torch.optim.Optimizer), found {type(optimizer).__name__}")
    groups: Sequence[dict[str, Any]] = optimizer.param_groups
    whole = getattr(optimizer, "bit16_groups", None)
    if whole is not None and len(whole) == len(groups):
        return [{**group, "params": its} for group, its in zip(groups, whole, strict=True)]
    if getattr(optimizer, "_overlap_with_ddp", False):
        return [{**group, **_in_effect(stepping(optimizer).defaults)} for group in groups]
    return groups


def _in_effect(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a ZeroRedundancyOptimizer that overlaps with DDP: it steps by its defaults, not by its group."""
    betas = {"betas": (defaults["beta1"], defaults["beta2"])} if "beta1" in defaults else {}
    return {**defaults, **betas}


def _by_name(plan: Plan, given: Any) -> Mapping[str, Any]:
    names = plan.optimizers
    if not isinstance(given, Mapping):
        if len(names) > 1:
            listed_names = ", ".join(names)
            raise BindError(f"the spec has several optimizers: give a mapping of their names ({listed_names}) to them")
        return {names[0]: given}
    if strangers := [name for name in given if name not in names]:
        raise BindError(no_such_optimizer(plan, strangers[0]))
    return given


def _members(optimizers: Iterable[RunningOptimizer]) -> Iterator[Member]:
    for optimizer in optimizers:
        for number, group in enumerate(optimizer.groups):
            said = group.get("param_names") or ()
            names = said if len(said) == len(group["params"]) else [None] * len(group["params"])
            for tensor, name in zip(group["params"], names, strict=True):
                yield Member(optimizer, number, tensor, name)
