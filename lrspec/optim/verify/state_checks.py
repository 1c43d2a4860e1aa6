"""Finds LRS407, state that torch has loaded by position for other parameters, and LRS410, statistics that move."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.models.walk import WRAPPED
from lrspec.optim.state_keys import misshapen
from lrspec.optim.thawing.statistics import Norms
from lrspec.optim.verify.running import ModelTensor, TrainingRun, together
from lrspec.optim.verify.spec_places import NOWHERE, setting_place

_BY_NAME = "torch loads a checkpoint by position; `lrspec.load_optimizer_state` goes by name."
_HOLD = "Call `plan.freeze_statistics(model)` after each `model.train()`, or use the trainer's `FollowPlan`."


def swapped_names(run: TrainingRun) -> Iterator[Finding]:
    """LRS407: groups whose `param_names` do not match the names of their tensors."""
    other_names = _other_names(run)
    for place, tensors in run.trained_where(lambda tensor: id(tensor.tensor) in other_names).items():
        name, other = printable(tensors[0].names[0]), printable(other_names[id(tensors[0].tensor)])
        message = f"the optimizer's `param_names` do not match the names of {run.counted(tensors)}"
        yield run.finding("LRS407", place, tensors, message, f"{name} is there as {other}: {_BY_NAME}")


def swapped_state(run: TrainingRun) -> Iterator[Finding]:
    """LRS407: state that is not of its parameter's shape, unless the names differ already."""
    other_names = _other_names(run)
    swapped = run.trained_where(lambda tensor: id(tensor.tensor) not in other_names and bool(_misshapen(run, tensor)))
    for place, tensors in swapped.items():
        message = f"the optimizer's state for {run.counted(tensors)} has another shape"
        key, shape = next(iter(_misshapen(run, tensors[0]).items()))
        state = f"`{key}` of {printable(tensors[0].names[0])} is {shape}"
        yield run.finding("LRS407", place, tensors, message, f"{state}: {_BY_NAME}")


def statistics_of_frozen(run: TrainingRun) -> Iterator[Finding]:
    """LRS410: modules in training mode that are frozen, and update their running statistics."""
    moving = []
    for norm, own in Norms(run.parameters).moving():
        tensors = [run.tensors[id(tensor)] for tensor in own]
        cohort = next((cohort for tensor in tensors if (cohort := run.cohort(tensor))), None)
        place = NOWHERE if cohort is None else setting_place(run.plan, cohort, "freeze")
        moving.append((place, (norm, tensors)))
    for place, modules in together(moving).items():
        tensors = [tensor for norm, own in modules if norm.stop > norm.start for tensor in own]
        names = few([norm.prefix.removesuffix(".") for norm, _ in modules], SHOWN)
        subject = f"{count(len(modules), 'frozen module')} in training mode ({names})"
        message = f"every batch moves the running statistics of {subject}"
        yield run.finding("LRS410", place, tensors, message, _HOLD)


STATE = (swapped_names, swapped_state, statistics_of_frozen)
"""Every check of the state of an optimizer, and of frozen modules."""


def _other_names(run: TrainingRun) -> dict[int, str]:
    """The names in `param_names` that are other parameters', by the identities of the tensors that they stand for.

    A parameter may have more names in the plan than in a part of the model. A name with a prefix, or without, is the
    same one in another module.
    """
    other_names: dict[int, str] = {}
    known = {_bare(name) for tensor in run.tensors.values() for name in tensor.names}
    for key, members in run.members.items():
        tensor = run.tensors.get(key)
        if tensor is None or tensor.place is None:
            continue
        names = [_bare(name) for name in (*tensor.names, *run.plan.inventory.columns.names_of(tensor.place))]
        for member in members:
            if not member.param_name:
                continue
            label = _bare(member.param_name)
            same_but_prefix = any(name.endswith(f".{label}") or label.endswith(f".{name}") for name in names)
            if label not in names and (label in known or not same_but_prefix):
                other_names[key] = member.param_name
    return other_names


def _bare(name: str) -> str:
    """A name without what wrappers insert, wherever it is: a user's own `module` goes too, on both sides."""
    return ".".join(part for part in name.split(".") if part not in WRAPPED)


def _misshapen(run: TrainingRun, tensor: ModelTensor) -> dict[str, list[int]]:
    """The state of a parameter that does not have its shape."""
    members = run.members.get(id(tensor.tensor), ())
    found = (misshapen(member.optimizer.stepping, tensor.tensor) for member in members)
    return {key: shape for each in found for key, shape in each.items()}
