"""Freezes and thaws as the plan says at a step, and refuses wrappers under which that would fail without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary, ref

from lrspec.diagnostics.wording import count
from lrspec.models.walk import walk
from lrspec.optim.bind import BindError, refuse_untrainable, tensors_of
from lrspec.spec.times import Time, whole

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Plan
    from lrspec.optim.bind import Tensors

NOT_ON_DEEPSPEED = "DeepSpeed trains what required grad when its engine was built, and nothing can thaw there"
STATIC = "DistributedDataParallel with static_graph=True cannot train what thaws"
WAITS = "DistributedDataParallel waits for gradients of what is still frozen"


class _Phase(NamedTuple):
    """The last call for a model: its plan, the times that had come, and the tensors with whether they are to train."""

    plan: Plan
    thawed: frozenset[Time]
    tensors: list[tuple[ref[nn.Parameter], bool]]

    def holds(self, plan: Plan, thawed: frozenset[Time]) -> bool:
        """Return whether another call would change nothing, without a walk through the model."""
        as_left = (getattr(tensor(), "requires_grad", None) is trains for tensor, trains in self.tensors)
        return self.plan is plan and self.thawed == thawed and all(as_left)


_PHASES: WeakKeyDictionary[nn.Module, _Phase] = WeakKeyDictionary()


def advance(
    plan: Plan, model: nn.Module, step: int, steps: int | None = None, *, around: nn.Module | None = None
) -> list[str]:
    """See `Plan.advance`; `around` is the wrapped model, if `model` is only the part inside that the plan is for."""
    step, steps = whole(step, "step", 0), None if steps is None else whole(steps, "steps", 1)
    thawed = frozenset(time for time in plan.thawing if time.step(steps) <= step)
    phase = _PHASES.get(model)
    if not plan.thawing or (phase and phase.holds(plan, thawed)):
        return []
    around = model if around is None else around
    _prepare(around)
    tensors = tensors_of(plan, walk(model))
    wanted = {place: time in thawed for time, places in plan.thawing.items() for place in places if place in tensors}
    refuse_untrainable(tensors[place] for place in wanted)
    changed = sorted(place for place, trains in wanted.items() if tensors[place].requires_grad != trains)
    lasting = not all(wanted.values())
    if changed or lasting:
        _refuse_replicas(around, plan, tensors, lasting=lasting)
    for place, trains in wanted.items():
        tensors[place].requires_grad_(trains)
        if not trains:
            tensors[place].grad = None
    _PHASES[model] = _Phase(plan, thawed, [(ref(tensors[place]), trains) for place, trains in wanted.items()])
    return [plan.inventory.columns.names[place] for place in changed]


def _prepare(model: nn.Module) -> None:
    """BindError for an engine of DeepSpeed: ZeRO flattens the parameters that train when it is built.

    FSDP2 puts its shards back, where a forward without a backward has left whole parameters in their place.
    """
    if any(True for _ in _of_class(model, "DeepSpeedEngine", "deepspeed")):
        raise BindError(NOT_ON_DEEPSPEED)
    for module in _of_class(model, "FSDPModule", "torch"):
        module.reshard()


def _refuse_replicas(model: nn.Module, plan: Plan, tensors: Tensors, *, lasting: bool) -> None:
    """BindError for a DDP that does not reduce all that the plan trains there; `lasting` if some stays frozen yet."""
    trained = (place for cohort in plan.cohorts if cohort.status.trains for place in cohort.members)
    identities = {id(tensors[place]) for place in trained if place in tensors}
    for ddp in _of_class(model, "DistributedDataParallel", "torch"):
        planned = len(identities & set(map(id, ddp.module.parameters())))
        reduced = ddp._get_ddp_logging_data().get("num_parameter_tensors", planned)
        if reduced < planned:
            raise BindError(
                f"DistributedDataParallel reduces {count(reduced, 'tensor')}, and the plan trains {planned} there: it "
                "never synchronises what was frozen when it was built\n"
                "The order is plan.freeze, optimizer, DDP, plan.advance."
            )
        if lasting and ddp.static_graph:
            raise BindError(f"{STATIC}: build it without static_graph")
        if lasting and not ddp.find_unused_parameters:
            raise BindError(f"{WAITS}: build it with find_unused_parameters=True")


def _of_class(model: nn.Module, name: str, package: str) -> Iterator[Any]:
    for module in model.modules():
        if any(base.__name__ == name and base.__module__.partition(".")[0] == package for base in type(module).__mro__):
            yield module
