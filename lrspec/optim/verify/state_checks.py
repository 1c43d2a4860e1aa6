"""What runs to the findings LRS407: state in the places of other parameters, as torch loads it, by position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.models.walk import WRAPPED
from lrspec.optim.state_keys import ELEMENTWISE, is_of_torch
from lrspec.optim.verify.running import ModelTensor, TrainingRun, together
from lrspec.optim.verify.spec_places import rate_place

_BY_NAME = "torch loads a checkpoint by position; `lrspec.load_optimizer_state` goes by name."


def swapped_names(run: TrainingRun) -> Iterator[Finding]:
    """LRS407: groups whose `param_names` say another name than their tensors have."""
    said = dict(_said_otherwise(run))
    found = [(rate_place(run.plan, cohort), t) for t, cohort in run.trained if id(t.tensor) in said]
    for place, tensors in together(found).items():
        name, other = printable(tensors[0].names[0]), printable(said[id(tensors[0].tensor)])
        wrong = f"the optimizer's `param_names` say other names than those of {run.counted(tensors)}"
        yield run.finding("LRS407", place, tensors, wrong, f"{name} is there as {other}: {_BY_NAME}")


def swapped_state(run: TrainingRun) -> Iterator[Finding]:
    """LRS407: state that is not of its parameter's shape, in optimizers of torch, where no name tells it already."""
    said = dict(_said_otherwise(run))
    odd = [(t, cohort) for t, cohort in run.trained if id(t.tensor) not in said and _odd(run, t)]
    found = [(rate_place(run.plan, cohort), tensor) for tensor, cohort in odd]
    for place, tensors in together(found).items():
        wrong = f"the optimizer's state for {run.counted(tensors)} is of another shape"
        (key, value), *_ = _odd(run, tensors[0])
        its = f"`{key}` of {printable(tensors[0].names[0])} is {list(value.shape)}"
        yield run.finding("LRS407", place, tensors, wrong, f"{its}: {_BY_NAME}")


STATE = (swapped_names, swapped_state)
"""Every check of whose state an optimizer has."""


def _said_otherwise(run: TrainingRun) -> Iterator[tuple[int, str]]:
    """The tensors that `param_names` call another name than the model does, by their identities, with that name."""
    known = {_bare(name) for tensor in run.tensors.values() for name in tensor.names}
    for key, members in run.members.items():
        names = list(map(_bare, _names(run, run.tensors.get(key))))
        for member in members:
            if names and member.said and _is_another(_bare(member.said), names, known):
                yield key, member.said


def _names(run: TrainingRun, tensor: ModelTensor | None) -> tuple[str, ...]:
    """What a parameter is called in the model and in the plan, where it may have more names than a part has."""
    if tensor is None or tensor.place is None:
        return ()
    return (*tensor.names, *run.plan.inventory.columns.names_of(tensor.place))


def _bare(name: str) -> str:
    """A name without what wrappers add, wherever it stands: a user's own `module` goes too, on both sides."""
    return ".".join(part for part in name.split(".") if part not in WRAPPED)


def _is_another(said: str, names: Sequence[str], known: set[str]) -> bool:
    """Whether a name is another parameter's; one with a prefix, or without, is the same in another module."""
    if said in names:
        return False
    return said in known or not any(name.endswith(f".{said}") or said.endswith(f".{name}") for name in names)


def _odd(run: TrainingRun, tensor: ModelTensor) -> list[tuple[str, Any]]:
    """The state of a parameter that is not of its shape."""
    return [
        (key, value)
        for member in run.members.get(id(tensor.tensor), ())
        if is_of_torch(member.optimizer.stepping)
        for key, value in member.optimizer.stepping.state.get(tensor.tensor, {}).items()
        if key in ELEMENTWISE and hasattr(value, "shape") and value.shape != tensor.tensor.shape
    ]
