"""Does the optimizers' state belong to what is in their groups? LRS515."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.models.describe import count_parameters
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.state_keys import elementwise_keys, is_for_each_parameter
from lrspec.spec.language import ONLY


def stale_state(run: Run) -> Iterator[AuditFinding]:
    """LRS515: state of tensors that no group has, and state of another shape than its parameter."""
    places = {id(tensor): place for place, tensor in enumerate(run.tensors)}
    in_groups = {id(slot.tensor) for slot in run.slots}
    for optimizer in run.optimizers:
        state = getattr(optimizer.stepping, "state", None)
        if isinstance(state, Mapping):  # it is read, and never asked for what it does not have
            kept = [(tensor, values) for tensor, values in state.items() if isinstance(values, dict) and values]
            yield from _left_behind(run, optimizer, kept, places, in_groups)
            yield from _misshapen(run, optimizer, kept, places)


STATE = (stale_state,)
"""Every check of optimizers' state."""


_Kept = list[tuple[Any, dict[str, Any]]]
"""State by tensor: what is not empty."""


def _left_behind(
    run: Run, optimizer: LiveOptimizer, kept: _Kept, places: dict[int, int], in_groups: set[int]
) -> Iterator[AuditFinding]:
    """State of tensors that are in no group any more; under ZeRO the groups that step have other tensors."""
    if not is_for_each_parameter(optimizer.stepping):
        return
    stepped = (tensor for group in getattr(optimizer.stepping, "param_groups", ()) for tensor in group["params"])
    known = in_groups.union(map(id, stepped))
    left = [tensor for tensor, _ in kept if id(tensor) not in known and hasattr(tensor, "shape")]
    if left:
        shapes = few([str(list(tensor.shape)) for tensor in left], 3)
        verb, its = ("is", "it") if len(left) == 1 else ("are", "they")
        yield run.finding(
            "LRS515",
            [places[id(tensor)] for tensor in left if id(tensor) in places],
            f"the optimizer{_called(optimizer)} has state of {count(len(left), 'tensor')} ({shapes}) that {verb} in no "
            "group: it takes memory, and `state_dict()` raises KeyError, so that no checkpoint is saved",
            f"Remove it when {its} leave{'s' if len(left) == 1 else ''} the groups (`optimizer.state.pop(tensor)`), or "
            "make the optimizer again.",
        )


def _misshapen(run: Run, optimizer: LiveOptimizer, kept: _Kept, places: dict[int, int]) -> Iterator[AuditFinding]:
    """State of another shape than its parameter, of classes and keys that are known to keep the shape."""
    keys, columns = elementwise_keys(optimizer.stepping), run.inventory.columns
    found: dict[int, str] = {}
    for tensor, values in kept if keys else ():
        place = places.get(id(tensor))
        if place is None:
            continue
        expected = columns.shapes[place]
        for key, value in values.items():
            if key in keys and getattr(value, "shape", expected) != expected:
                found.setdefault(place, f"`{key}` of {printable(columns.names[place])} is {list(value.shape)}")
    if found:
        them = ("it has", "it") if len(found) == 1 else ("they have", "they")
        yield run.finding(
            "LRS515",
            found,
            f"the state for {count_parameters(run.inventory.columns, sorted(found))} has another shape than {them[0]} "
            f"({found[min(found)]}): the next step fails, or mixes up their elements",
            "A checkpoint is loaded by position: make the groups with the same parameters in the same order as those "
            f"that saved it. If {them[1]} changed, remove the state: `optimizer.state.pop(parameter)`.",
        )


def _called(optimizer: LiveOptimizer) -> str:
    return "" if optimizer.name == ONLY else f" `{optimizer.name}`"
