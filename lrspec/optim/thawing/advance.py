"""Freezes and thaws: `requires_grad` of the parameters that thaw, as the plan says at a step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from lrspec.models.walk import walk
from lrspec.optim.bind import refuse_untrainable, tensors_of
from lrspec.optim.thawing.wrapped import refuse_engines, refuse_replicas, reshard

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Plan
    from lrspec.spec.times import Time


@dataclass(frozen=True)
class _Phase:
    """The last call for a model: its plan, and the tensors that had to be frozen and those that had to be thawed."""

    plan: Plan
    thawed: frozenset[Time]
    tensors: tuple[tuple[ref[nn.Parameter], bool], ...]

    def holds(self, plan: Plan, thawed: frozenset[Time]) -> bool:
        """Return whether another call would change nothing, without a walk through the model."""
        return self.plan is plan and self.thawed == thawed and all(_is(each(), trains) for each, trains in self.tensors)


_PHASES: WeakKeyDictionary[nn.Module, _Phase] = WeakKeyDictionary()


def advance(
    plan: Plan, model: nn.Module, step: int, steps: int | None = None, *, around: nn.Module | None = None
) -> list[str]:
    """See `Plan.advance`; `around` is the wrapped model, if `model` is only the part inside that the plan is for."""
    thawed = frozenset(time for time in plan.thawing if time.step(steps) <= step)
    phase = _PHASES.get(model)
    if not plan.thawing or (phase and phase.holds(plan, thawed)):
        return []
    refuse_engines(around or model)
    reshard(model)
    tensors = tensors_of(plan, walk(model))
    wanted = {place: time in thawed for time, places in plan.thawing.items() for place in places if place in tensors}
    refuse_untrainable(tensors[place] for place in wanted)
    changed = sorted(place for place, trains in wanted.items() if tensors[place].requires_grad != trains)
    lasting = not all(wanted.values())
    if changed or lasting:
        trained = chain.from_iterable(cohort.members for cohort in plan.cohorts if cohort.status.trains)
        refuse_replicas(around or model, [tensors[place] for place in trained if place in tensors], lasting=lasting)
    for place, trains in wanted.items():
        tensors[place].requires_grad_(trains)
        if not trains:
            tensors[place].grad = None
    _PHASES[model] = _Phase(plan, thawed, tuple([(ref(tensors[place]), trains) for place, trains in wanted.items()]))
    return [plan.inventory.columns.names[place] for place in changed]


def frozen_for_now() -> set[int]:
    """Return the identities of the parameters that the last calls of `advance` have frozen, and that will thaw."""
    tensors = (each() for phase in _PHASES.values() for each, trains in phase.tensors if not trains)
    return {id(tensor) for tensor in tensors if tensor is not None}


def _is(tensor: nn.Parameter | None, trains: bool) -> bool:
    return tensor is not None and tensor.requires_grad == trains
