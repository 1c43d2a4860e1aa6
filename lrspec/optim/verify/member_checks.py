"""Finds LRS401 to LRS404, LRS408 and LRS409: parameters in no group, in two, or in the wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.optim.live.unwrap import class_of
from lrspec.optim.optimizer_classes import BuildError, maker_of
from lrspec.optim.verify.running import Member, ModelTensor, TrainingRun, together
from lrspec.optim.verify.spec_places import NOWHERE, optimizer_place, setting_place
from lrspec.spec.times import Time
from lrspec.spec.torch_optim import ARGUMENTS, FROM_TIMM

_ADVANCE = "Call `plan.advance(model, step)` before every step, 0 included, with the model as it trains."
_REBUILD = "Build the optimizer from `plan.param_groups(model)`"


def parameter_in_no_group(run: TrainingRun) -> Iterator[Finding]:
    """LRS401: parameters that the plan trains and that are in no group; replaced tensors are LRS403."""
    replaced = {member.param_name for member in _stale(run)}

    def missing(tensor: ModelTensor) -> bool:
        in_no_group = id(tensor.tensor) not in run.members
        return in_no_group and run.is_to_train(tensor) and replaced.isdisjoint(tensor.names)

    for place, tensors in run.trained_where(missing).items():
        message = f"{_are(run, tensors)} in no group of {_the_optimizers(run)}"
        advice = f"A parameter in no group does not train. {_REBUILD}, and keep those groups."
        yield run.finding("LRS401", place, tensors, message, advice)


def parameter_in_two_groups(run: TrainingRun) -> Iterator[Finding]:
    """LRS402: parameters that are in groups more than once, of one optimizer or of several."""
    repeated = run.trained_where(lambda tensor: len(run.members.get(id(tensor.tensor), ())) > 1)
    for place, tensors in repeated.items():
        message = f"{_are(run, tensors)} in more than one group, and would be stepped twice"
        groups = []
        for member in run.members[id(tensors[0].tensor)]:
            name = member.optimizer.groups[member.group].get("name")
            label = f"group {member.group} ({name})" if name else f"group {member.group}"
            groups.append(f"{label} of `{member.optimizer.name}`" if len(run.optimizers) > 1 else label)
        advice = f"{printable(tensors[0].names[0])} is in {few(groups)}. {_REBUILD}, and add no more."
        yield run.finding("LRS402", place, tensors, message, advice)


def unknown_parameter(run: TrainingRun) -> Iterator[Finding]:
    """LRS403: tensors in groups that the plan does not know, or that the model no longer has."""
    tensors = [run.tensors[key] for key in run.members if key in run.tensors]
    strangers = [tensor.names[0] for tensor in tensors if tensor.place is None]
    if strangers:
        message = f"{_the_optimizers(run)} has {count(len(strangers), 'parameter')} that the plan does not know"
        advice = "Compile the spec for this model, as it is when the optimizer is built."
        yield _unplanned("LRS403", strangers, message, advice)
    if stale := _stale(run):
        names = [member.param_name for member in stale if member.param_name]
        message = f"{_the_optimizers(run)} has {count(len(stale), 'tensor')} that the model does not have (any more)"
        advice = (
            "A new head, sharding, `to_empty`, tying and `assign=True` replace tensors: build the optimizer after them."
        )
        yield _unplanned("LRS403", names, message, advice)


def unoptimized_parameter(run: TrainingRun) -> Iterator[Finding]:
    """LRS404: parameters that require grad and are in no group, while the plan does not train them."""
    ungrouped = [t for key, t in run.tensors.items() if t.tensor.requires_grad and key not in run.members]
    strangers = [tensor.names[0] for tensor in ungrouped if tensor.place is None]
    if strangers:
        message = f"{count(len(strangers), 'trainable parameter')} in no group, unknown to the plan"
        advice = "Added after the spec was compiled? Compile it for the model as it trains, or freeze what should not."
        yield _unplanned("LRS404", strangers, message, advice)
    for place, tensors in together(_frozen(run, ungrouped)).items():
        message = f"{_are(run, tensors)} frozen in the plan, but `requires_grad` is true"
        advice = "In no group, their gradients are never cleared, and count in clipping: call `plan.freeze(model)`."
        yield run.finding("LRS404", place, tensors, message, advice)


def other_optimizer(run: TrainingRun) -> Iterator[Finding]:
    """LRS408: an optimizer of another class than the spec's `type`, or parameters in the wrong one of several."""
    for optimizer in run.optimizers:
        type_ = run.plan.file.spec.bases[optimizer.name].type
        cls = class_of(optimizer.inner)
        if type_ and _is_another(type_, cls):
            message = f"the optimizer is `{_class_name(cls)}`, not `{printable(type_)}`"
            advice = "Build that one; or name the right class in the spec, other packages' as `package.module.Class`."
            yield run.finding("LRS408", optimizer_place(run.plan, optimizer.name, "type"), [], message, advice)
    misplaced = []
    for tensor, cohort in run.trained:
        members = run.members.get(id(tensor.tensor), ())
        if len(members) == 1 and not run.belongs(members[0], cohort):
            place = setting_place(run.plan, cohort, "optimizer")
            planned, actual = cohort.assignment.settings.optimizer, members[0].optimizer.name
            misplaced.append(((place, planned, actual), tensor))
    for (place, planned, actual), tensors in together(misplaced).items():
        message = f"{_are(run, tensors)} in the optimizer `{actual}`, not in `{planned}`"
        advice = f'Build it from `plan.param_groups(model, optimizer="{planned}")`.'
        yield run.finding("LRS408", place, tensors, message, advice)


def frozenness_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS409: parameters in a group that the plan has frozen, and ones that it trains without `requires_grad`."""
    grouped = [tensor for key, tensor in run.tensors.items() if key in run.members]
    for place, tensors in together(_frozen(run, grouped)).items():
        message = f"{_are(run, tensors)} frozen in the plan, but in a group"
        yield run.finding("LRS409", place, tensors, message, f"{_REBUILD}, which excludes them.")
    for place, tensors in run.trained_where(lambda tensor: not run.is_to_train(tensor)).items():
        message = f"{run.counted(tensors)} should train, but `requires_grad` is false"
        advice = "Frozen after the plan was made? Say so in the spec (`freeze: true`), or undo it."
        yield run.finding("LRS409", place, tensors, message, advice)


def thaws_at_another_time(run: TrainingRun) -> Iterator[Finding]:
    """LRS409: what thaws, and is trained before its time or still frozen after it."""
    step, steps = run.progress
    wrong = (
        ((setting_place(run.plan, cohort, "freeze"), tensor.tensor.requires_grad), tensor)
        for tensor, cohort in run.trained
        if step is not None
        and isinstance(time := cohort.assignment.freeze, Time)
        and tensor.tensor.requires_grad != (time.step(steps) <= step)
    )
    for (place, trains), tensors in together(wrong).items():
        should, actual = ("be frozen", "true") if trains else ("train", "false")
        message = f"{run.counted(tensors)} should {should} at step {step:,}, but `requires_grad` is {actual}"
        yield run.finding("LRS409", place, tensors, message, _ADVANCE)


MEMBERS = (
    parameter_in_no_group,
    parameter_in_two_groups,
    unknown_parameter,
    unoptimized_parameter,
    other_optimizer,
    frozenness_differs,
    thaws_at_another_time,
)
"""Every check of the members of groups."""


def _stale(run: TrainingRun) -> list[Member]:
    return [members[0] for key, members in run.members.items() if key not in run.tensors]


def _frozen(run: TrainingRun, tensors: list[ModelTensor]) -> Iterator[tuple[Any, ModelTensor]]:
    """The parameters that the plan has frozen, with the place that freezes them."""
    for tensor in tensors:
        cohort = run.cohort(tensor)
        if cohort and not cohort.status.trains:
            yield setting_place(run.plan, cohort, "freeze"), tensor


def _is_another(type_: str, cls: type) -> bool:
    """Return whether an optimizer class is another than a type, by its name and those of its bases.

    torch's AdamW is an Adam by inheritance: the first base whose name is one of torch's decides. A type of timm's that
    the installed timm does not have is not judged.
    """
    names = [_class_name(base) for base in cls.__mro__]
    if type_.startswith(FROM_TIMM):
        try:
            maker = maker_of(type_, None)
        except BuildError:
            return False
        return getattr(getattr(maker, "func", maker), "__name__", None) not in (None, *names)
    if "." in type_:
        return type_.rpartition(".")[2] not in names
    return next((name for name in names if name in ARGUMENTS), None) != type_


def _class_name(cls: type) -> str:
    """The name of a class: a ZeroRedundancyOptimizer that overlaps with DDP uses `_FunctionalAdamW` for AdamW."""
    return cls.__name__.removeprefix("_Functional")


def _unplanned(code: str, names: list[str], message: str, advice: str) -> Finding:
    """A finding about parameters that the plan does not have."""
    listing = [few(names, SHOWN)] if names else []
    return Finding(code, NOWHERE.path, "\n".join([message, *listing, advice]), None, tuple(names), NOWHERE.at_key)


def _are(run: TrainingRun, tensors: list[ModelTensor]) -> str:
    """`1 parameter (9 elements) is`, `2 parameters (18 elements) are`."""
    return f"{run.counted(tensors)} {'is' if len(tensors) == 1 else 'are'}"


def _the_optimizers(run: TrainingRun) -> str:
    return "the optimizer" if len(run.optimizers) == 1 else "the optimizers"
