"""Does Muon step embeddings or heads? LRS509."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run, Slot
from lrspec.models.describe import count_parameters

_HYBRIDS = ("Adam", "Aux", "With")
"""Parts of the names of classes that step some parameters in another way: without a key, which ones is not known."""


def embedding_under_muon(run: Run) -> Iterator[AuditFinding]:
    """LRS509: embeddings and heads of two or more dimensions that Muon steps itself."""
    columns = run.inventory.columns
    found = [
        slot
        for optimizer in run.optimizers
        if _is_muon(optimizer.stepping)
        for slot in run.slots
        if slot.optimizer is optimizer and slot.place is not None and run.trains(slot.place)
        if len(columns.shapes[slot.place] or ()) > 1 and _is_table(columns.declared[slot.place]) and _steps(slot)
    ]
    places = [slot.place for slot in found if slot.place is not None]
    if places:
        what, verb, them = _what(run, places), "is" if len(places) == 1 else "are", "it" if len(places) == 1 else "them"
        yield run.finding(
            "LRS509",
            places,
            f"{count_parameters(columns, places)}, {what}, {verb} in {_labels(found)}, which Muon steps: it makes all "
            "directions of a step equally long, which is meant for hidden layers",
            f"Give {them} to AdamW: {_cure(found[0])}.",
        )


def _is_muon(optimizer: Any) -> bool:
    return any("Muon" in cls.__name__ for cls in type(optimizer).__mro__)


def _is_table(declared: Any) -> bool:
    return bool(declared) and ("embedding" in declared or "head" in declared)


def _steps(slot: Slot) -> bool:
    """Return whether Muon itself steps a tensor, rather than the Adam that some classes have for the rest.

    Flags of the group say so, or what the class has noted in the state; timm's decides by the shape.
    """
    optimizer, group = slot.optimizer.stepping, slot.keys
    state = getattr(optimizer, "state", {}).get(slot.tensor, {})
    if "use_muon" in state:
        return bool(state["use_muon"])
    if "exp_avg" in state or group.get("use_fallback"):
        return False
    if "use_muon" in group:
        return bool(group["use_muon"])
    if isinstance(algorithm := group.get("algorithm"), str):  # of Dion's
        return "muon" in algorithm.lower()
    if type(optimizer).__module__.startswith("timm."):
        suits = getattr(sys.modules.get("timm.optim.muon"), "_is_suitable_for_muon", None)
        return suits is not None and bool(suits(slot.tensor))
    return not any(word in type(optimizer).__name__ for word in _HYBRIDS)


def _what(run: Run, places: list[int]) -> str:
    """`an embedding`, `a head`, or what there is of both."""
    declared = {name for place in places for name in run.inventory.columns.declared[place] or ()}
    if {"embedding", "head"} <= declared:
        return "an embedding and a head" if len(places) > 1 else "an embedding that is also the head"
    if "embedding" in declared:
        return "an embedding" if len(places) == 1 else "embeddings"
    return "a head" if len(places) == 1 else "of a head"


def _labels(found: list[Slot]) -> str:
    return " and ".join(dict.fromkeys(slot.label for slot in found))


def _cure(slot: Slot) -> str:
    if type(slot.optimizer.stepping).__module__.startswith("timm."):
        return "a group with `use_fallback=True` does it, and so does the `fallback_list` of timm's factory"
    if "use_muon" in slot.keys:
        return "a group with `use_muon=False` does it"
    return "a second optimizer steps embeddings, heads, norms and biases"
