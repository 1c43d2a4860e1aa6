"""What runs to the findings LRS401 to LRS404, LRS408 and LRS409: parameters in no group, in two, in the wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.optim.optimizer_classes import BuildError, maker_of
from lrspec.optim.state_keys import class_of
from lrspec.optim.verify.running import Member, ModelTensor, RunningOptimizer, TrainingRun, together
from lrspec.optim.verify.spec_places import NOWHERE, optimizer_place, rate_place, setting_place
from lrspec.spec.torch_optim import ARGUMENTS, FROM_TIMM

_REBUILD = "Build the optimizer from `plan.param_groups(model)`"


def parameter_in_no_group(run: TrainingRun) -> Iterator[Finding]:
    """LRS401: parameters that the plan trains, and that no group has; those whose old tensors are there are LRS403."""
    replaced = {member.said for member in _stale(run)}
    found = [
        (rate_place(run.plan, cohort), tensor)
        for tensor, cohort in run.trained
        if tensor.tensor.requires_grad and id(tensor.tensor) not in run.members
        if replaced.isdisjoint(tensor.names)
    ]
    for place, tensors in together(found).items():
        wrong = f"{run.counted(tensors)} {_are(tensors)} in no group of {_the_optimizers(run)}"
        yield run.finding(
            "LRS401", place, tensors, wrong, f"What is in no group does not train. {_REBUILD}, and keep those groups."
        )


def parameter_in_two_groups(run: TrainingRun) -> Iterator[Finding]:
    """LRS402: parameters that are in groups more than once, of one optimizer or of several."""
    found = [
        (rate_place(run.plan, cohort), tensor)
        for tensor, cohort in run.trained
        if len(run.members.get(id(tensor.tensor), ())) > 1
    ]
    for place, tensors in together(found).items():
        wrong = f"{run.counted(tensors)} {_are(tensors)} in more than one group, and would be stepped twice"
        where = few([_place(run, member) for member in run.members[id(tensors[0].tensor)]])
        advice = f"{printable(tensors[0].names[0])} is in {where}. {_REBUILD}, and add no more."
        yield run.finding("LRS402", place, tensors, wrong, advice)


def unknown_parameter(run: TrainingRun) -> Iterator[Finding]:
    """LRS403: tensors in groups that the plan does not know, or that the model no longer has."""
    known = ((run.tensors.get(key), members[0]) for key, members in run.members.items())
    strangers = [tensor.names[0] for tensor, _ in known if tensor and tensor.place is None]
    if strangers:
        wrong = f"{_the_optimizers(run)} has {count(len(strangers), 'parameter')} that the plan does not know"
        advice = "Compile the spec for this model, as it is when the optimizer is built."
        yield _unplanned("LRS403", strangers, wrong, advice)
    if stale := _stale(run):
        names = [member.said for member in stale if member.said]
        what = count(len(stale), "tensor")
        wrong = f"{_the_optimizers(run)} has {what} that the model does not have (any more)"
        advice = (
            "A new head, sharding, `to_empty`, tying and `assign=True` replace tensors: build the optimizer after them."
        )
        yield _unplanned("LRS403", names, wrong, advice)


def unoptimized_parameter(run: TrainingRun) -> Iterator[Finding]:
    """LRS404: parameters that require grad and are in no group, while the plan does not train them."""
    left = [tensor for key, tensor in run.tensors.items() if tensor.tensor.requires_grad and key not in run.members]
    strangers = [tensor.names[0] for tensor in left if tensor.place is None]
    if strangers:
        wrong = f"{count(len(strangers), 'trainable parameter')} in no group, which the plan does not know"
        advice = "Added after the spec was compiled? Compile it for the model as it trains, or freeze what should not."
        yield _unplanned("LRS404", strangers, wrong, advice)
    for place, tensors in together(_frozen(run, left)).items():
        wrong = f"{run.counted(tensors)} {_are(tensors)} frozen in the plan, and `requires_grad` is true"
        advice = "In no group their gradients are never cleared, and count in clipping: call `plan.freeze(model)`."
        yield run.finding("LRS404", place, tensors, wrong, advice)


def other_optimizer(run: TrainingRun) -> Iterator[Finding]:
    """LRS408: an optimizer of another class than the spec's `type`, and parameters in another of several optimizers."""
    for optimizer in run.optimizers:
        type_ = run.plan.file.spec.bases[optimizer.name].type
        cls = class_of(optimizer.inner)
        if type_ and _is_another(type_, cls):
            wrong = f"the optimizer is `{_class_name(cls)}`, not `{printable(type_)}`"
            advice = "Build that one; or say in the spec which is meant, other packages' as `package.module.Class`."
            yield run.finding("LRS408", optimizer_place(run.plan, optimizer.name, "type"), [], wrong, advice)
    for (place, theirs, has), tensors in together(_elsewhere(run)).items():
        wrong = f"{run.counted(tensors)} {_are(tensors)} in the optimizer `{has}`, not in `{theirs}`"
        advice = f'Build it from `plan.param_groups(model, optimizer="{theirs}")`.'
        yield run.finding("LRS408", place, tensors, wrong, advice)


def frozenness_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS409: parameters in a group that the plan has frozen, and ones that it trains without `requires_grad`."""
    grouped = [tensor for key, tensor in run.tensors.items() if key in run.members]
    for place, tensors in together(_frozen(run, grouped)).items():
        wrong = f"{run.counted(tensors)} {_are(tensors)} frozen in the plan, and in a group"
        yield run.finding("LRS409", place, tensors, wrong, f"{_REBUILD}, which leaves them out.")
    off = [(rate_place(run.plan, cohort), t) for t, cohort in run.trained if not t.tensor.requires_grad]
    for place, tensors in together(off).items():
        wrong = f"{run.counted(tensors)} should train, and `requires_grad` is false"
        advice = "Frozen after the plan was made? Say so in the spec (`freeze: true`), or undo it."
        yield run.finding("LRS409", place, tensors, wrong, advice)


MEMBERS = (
    parameter_in_no_group,
    parameter_in_two_groups,
    unknown_parameter,
    unoptimized_parameter,
    other_optimizer,
    frozenness_differs,
)
"""Every check of what is in which group."""


# ------------------------------------------------------------------------------------------------ what is where


def _stale(run: TrainingRun) -> list[Member]:
    return [members[0] for key, members in run.members.items() if key not in run.tensors]


def _frozen(run: TrainingRun, tensors: list[ModelTensor]) -> Iterator[tuple[Any, ModelTensor]]:
    """Those of some parameters that the plan has frozen, by where it does."""
    for tensor in tensors:
        cohort = run.cohort(tensor)
        if cohort and not cohort.status.trains:
            yield setting_place(run.plan, cohort, "freeze"), tensor


def _elsewhere(run: TrainingRun) -> Iterator[tuple[Any, ModelTensor]]:
    """Parameters that are in one optimizer, and not in that which the plan gives them to."""
    for tensor, cohort in run.trained:
        members = run.members.get(id(tensor.tensor), ())
        if len(members) == 1 and not run.belongs(members[0], cohort):
            place = setting_place(run.plan, cohort, "optimizer")
            yield (place, cohort.assignment.settings.optimizer, members[0].optimizer.name), tensor


def _is_another(type_: str, optimizer: type) -> bool:
    """Whether a class of optimizers is another than a type, by its name and those that it is derived from.

    torch's AdamW is an Adam by inheritance: the first that is an optimizer of torch by name tells.
    """
    names = [_class_name(cls) for cls in optimizer.__mro__]
    if type_.startswith(FROM_TIMM):
        return _timm_class(type_) not in (None, *names)
    if "." in type_:
        return type_.rpartition(".")[2] not in names
    return next((name for name in names if name in ARGUMENTS), None) != type_


def _class_name(cls: type) -> str:
    """What a class is called: ZeroRedundancyOptimizer takes `_FunctionalAdamW` for AdamW if it overlaps with DDP."""
    return cls.__name__.removeprefix("_Functional")


def _timm_class(type_: str) -> str | None:
    """What a class of timm is called; None where the timm that is installed does not have it."""
    try:
        maker = maker_of(type_, None)
    except BuildError:
        return None
    return getattr(getattr(maker, "func", maker), "__name__", None)


# ------------------------------------------------------------------------------------------------ words


def _unplanned(code: str, names: list[str], wrong: str, advice: str) -> Finding:
    """A finding about what the plan has nothing to say of."""
    listing = [few(names, SHOWN)] if names else []
    return Finding(code, NOWHERE.path, "\n".join([wrong, *listing, advice]), None, tuple(names), NOWHERE.at_key)


def _are(tensors: list[ModelTensor]) -> str:
    return "is" if len(tensors) == 1 else "are"


def _the_optimizers(run: TrainingRun) -> str:
    return "the optimizer" if len(run.optimizers) == 1 else "the optimizers"


def _place(run: TrainingRun, member: Member) -> str:
    """`group 2`, with its name, and of several optimizers with that."""
    name = member.optimizer.groups[member.group].get("name")
    named = f" ({name})" if name else ""
    return f"group {member.group}{named}{_of(run, member.optimizer)}"


def _of(run: TrainingRun, optimizer: RunningOptimizer) -> str:
    return f" of `{optimizer.name}`" if len(run.optimizers) > 1 else ""
