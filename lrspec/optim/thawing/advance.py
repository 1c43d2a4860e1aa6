"""Freezes and thaws: `requires_grad` of the parameters that thaw, as the plan says at a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary, ref

from lrspec.models.walk import walk
from lrspec.optim.bind import refuse_untrainable, tensors_of
from lrspec.optim.thawing.wrapped import prepare, refuse_replicas
from lrspec.spec.times import Time, whole

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Plan


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
    prepare(around)
    tensors = tensors_of(plan, walk(model))
    wanted = {place: time in thawed for time, places in plan.thawing.items() for place in places if place in tensors}
    refuse_untrainable(tensors[place] for place in wanted)
    changed = sorted(place for place, trains in wanted.items() if tensors[place].requires_grad != trains)
    lasting = not all(wanted.values())
    if changed or lasting:
        trained = (place for cohort in plan.cohorts if cohort.status.trains for place in cohort.members)
        refuse_replicas(around, [tensors[place] for place in trained if place in tensors], lasting=lasting)
    for place, trains in wanted.items():
        tensors[place].requires_grad_(trains)
        if not trains:
            tensors[place].grad = None
    _PHASES[model] = _Phase(plan, thawed, [(ref(tensors[place]), trains) for place, trains in wanted.items()])
    return [plan.inventory.columns.names[place] for place in changed]
