"""Does Muon step embeddings or heads? LRS509."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from lrspec.auditing.finding import AuditFinding, labels
from lrspec.auditing.run import Run, Slot
from lrspec.models.describe import count_parameters
from lrspec.models.parameters import Columns, Declared

_HYBRIDS = ("Adam", "Aux", "With")
"""Parts of the names of classes that step some parameters in another way: without a key, which ones is not known."""

_TABLES = {"embedding": ("an embedding", "embeddings"), "head": ("a head", "heads")}
"""What models declare matrices as that are none of hidden layers: one, and several."""


def embedding_under_muon(run: Run) -> Iterator[AuditFinding]:
    """LRS509: embeddings and heads of two or more dimensions that Muon steps itself."""
    columns = run.inventory.columns
    tables = (place for place in run.slots_of if run.trains(place) and _is_table(columns, place))
    found = {place: slot for place in tables for slot in run.slots_of[place] if _is_muon(slot) and _steps(slot)}
    if found:
        are, them = ("is", "it") if len(found) == 1 else ("are", "them")
        what = _what([columns.declared[place] or () for place in found])
        yield run.finding(
            "LRS509",
            found,
            f"{count_parameters(columns, sorted(found))}, {what}, {are} stepped by Muon ({labels(found.values())}): it "
            "makes all directions of a step equally long, which is meant for hidden layers",
            f"Give {them} to AdamW: {_cure(next(iter(found.values())))}.",
        )


def _is_muon(slot: Slot) -> bool:
    return any("Muon" in cls.__name__ for cls in type(slot.optimizer.stepping).__mro__)


def _is_table(columns: Columns, place: int) -> bool:
    return not _TABLES.keys().isdisjoint(columns.declared[place] or ()) and len(columns.shapes[place] or ()) > 1


def _steps(slot: Slot) -> bool:
    """Return whether Muon itself steps a tensor, rather than the Adam that some classes have for the rest.

    What a class has noted in the state comes first. Flags of the group are believed even where the class does not read
    them, such as torch's: what is around it may. timm's decides by the shape.
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


def _what(declared: Sequence[Declared]) -> str:
    """`an embedding`, `heads`, or what there is of both."""
    numbers = {kind: sum(kind in each for each in declared) for kind in _TABLES}
    if numbers["head"] == 1 and numbers["embedding"] == len(declared):
        one = "an embedding that is also the head"
        return one if len(declared) == 1 else "embeddings, one of which is also the head"
    return " and ".join(_TABLES[kind][number > 1] for kind, number in numbers.items() if number)


def _cure(slot: Slot) -> str:
    if type(slot.optimizer.stepping).__module__.startswith("timm."):
        return "a group with `use_fallback=True` does it, and so does the `fallback_list` of timm's factory"
    if "use_muon" in slot.keys:
        return "a group with `use_muon=False` does it"
    return "a second optimizer steps embeddings, heads, norms and biases"
