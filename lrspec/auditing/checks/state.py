"""Does the optimizers' state belong to what is in their groups? LRS515."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.models.describe import count_parameters
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.state_keys import is_for_each_parameter, misshapen
from lrspec.spec.language import ONLY

_SHOWN = 3  # shapes


def stale_state(run: Run) -> Iterator[AuditFinding]:
    """LRS515: state of tensors that no group has, and state of another shape than its parameter."""
    for optimizer in run.optimizers:
        if is_for_each_parameter(optimizer.stepping):
            yield from _left_behind(run, optimizer)
            yield from _misshapen(run, optimizer)


def _left_behind(run: Run, optimizer: LiveOptimizer) -> Iterator[AuditFinding]:
    """State of tensors that are in no group of its optimizer any more."""
    if left := _without_group(optimizer):
        places = {id(tensor): place for place, tensor in enumerate(run.tensors)}
        shapes = few([str(list(tensor.shape)) for tensor in left], _SHOWN)
        are, they_leave = ("is", "it leaves") if len(left) == 1 else ("are", "they leave")
        called = "" if optimizer.name == ONLY else f" `{optimizer.name}`"
        yield run.finding(
            "LRS515",
            [places[id(tensor)] for tensor in left if id(tensor) in places],
            f"the optimizer{called} has state of {count(len(left), 'tensor')} ({shapes}) that {are} in none of its "
            "groups: it takes memory, and `state_dict()` raises KeyError, so that no checkpoint is saved",
            f"Remove it when {they_leave} the groups (`optimizer.state.pop(tensor)`), or make the optimizer again.",
        )


def _without_group(optimizer: LiveOptimizer) -> list[Any]:
    """The tensors that have state and are in no group; under ZeRO, the groups that step have tensors of their own."""
    groups = [*optimizer.groups, *optimizer.stepping.param_groups]
    known = {id(tensor) for group in groups for tensor in group["params"]}
    kept = (key for key, state in optimizer.stepping.state.items() if isinstance(state, dict) and state)
    return [key for key in kept if id(key) not in known and hasattr(key, "shape")]


def _misshapen(run: Run, optimizer: LiveOptimizer) -> Iterator[AuditFinding]:
    """State of another shape than its parameter, of classes and keys that are known to keep the shape."""
    own = (slot for slot in run.slots if slot.optimizer is optimizer and slot.place is not None)
    found = {slot.place: wrong for slot in own if (wrong := misshapen(optimizer.stepping, slot.tensor))}
    if places := sorted(place for place in found if place is not None):
        key, shape = next(iter(found[places[0]].items()))
        have, they = ("it has", "it") if len(places) == 1 else ("they have", "they")
        yield run.finding(
            "LRS515",
            places,
            f"the state for {count_parameters(run.inventory.columns, places)} has another shape than {have} "
            f"(`{key}` of {printable(run.inventory.columns.names[places[0]])} is {shape}): the next step fails, or "
            "mixes up their elements",
            "A checkpoint is loaded by position: make the groups with the same parameters in the same order as those "
            f"that saved it. If {they} changed, remove the state: `optimizer.state.pop(parameter)`.",
        )
