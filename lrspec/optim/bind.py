"""Binds a `Plan` to a model: optimizer groups with the model's tensors in them, found by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import SHOWN, few
from lrspec.models.garbage import uncollected
from lrspec.models.walk import ModelParameters, is_flat, is_sharded, why_lazy
from lrspec.spec.times import Time

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Group, Plan
    from lrspec.models.inventory import Inventory
    from lrspec.models.parameters import Columns

    Tensors: TypeAlias = Mapping[int, nn.Parameter]
    """Tensors by their places in an inventory; those that a part of the model lacks are absent."""


class BindError(BriefError):
    """A plan does not fit the model that it is bound to; the text names the parameters."""


def param_groups(
    plan: Plan, parameters: ModelParameters, optimizer: str | None = None, names: bool = True
) -> list[dict[str, Any]]:
    """See `Plan.param_groups`; `parameters` are the model's."""
    planned, optimizers = groups_of(plan), plan.optimizers
    if optimizer is None and len(optimizers) > 1:
        raise BindError(f"the spec has several optimizers: pass optimizer=… with one of {', '.join(optimizers)}")
    if optimizer is not None and optimizer not in optimizers:
        raise BindError(no_such_optimizer(plan, optimizer))
    groups: list[dict[str, Any]] = []
    with uncollected():
        tensors = tensors_of(plan, parameters)
        _refuse_other_frozenness(plan, tensors)
        for group in planned:
            if group.settings.optimizer not in (None, optimizer or optimizers[0]):
                continue
            members = zip(group.members, group.params, strict=True)
            here = [(tensors[place], name) for place, name in members if place in tensors]
            if here:
                params, param_names = map(list, zip(*here, strict=True))
                named = {"param_names": param_names, "name": group.name} if names else {}
                groups.append({"params": params, **named, **group.settings.group_keys()})
    return groups


def groups_of(plan: Plan) -> tuple[Group, ...]:
    """Return the groups of a plan; BindError if it has none."""
    if plan.groups is None:
        raise BindError("the plan has no groups: its spec has errors for this model")
    return plan.groups


def no_such_optimizer(plan: Plan, name: str) -> str:
    """The message for a name that none of the spec's optimizers has."""
    names = plan.optimizers
    return f"the spec has no optimizer `{printable(name)}`{did_you_mean(name, names)} (it has {', '.join(names)})"


def freeze(plan: Plan, parameters: ModelParameters) -> None:
    """See `Plan.freeze`; `parameters` are the model's."""
    tensors = tensors_of(plan, parameters)
    changes = [
        (tensors[place], cohort.assignment.freeze is not True)
        for cohort in plan.cohorts
        if cohort.assignment.freeze is not None
        for place in cohort.members
        if place in tensors
    ]
    refuse_untrainable(tensor for tensor, requires_grad in changes if requires_grad)
    for tensor, requires_grad in changes:
        tensor.requires_grad_(requires_grad)


def refuse_untrainable(tensors: Iterable[nn.Parameter]) -> None:
    """BindError for a parameter that cannot require grad, though the spec has it trained."""
    for tensor in tensors:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            raise BindError(f"a parameter of type {tensor.dtype} cannot be trained, and `freeze` of the spec says so")


def tensors_of(plan: Plan, parameters: ModelParameters) -> Tensors:
    """Return the model's tensors by their places in the plan's inventory.

    BindError for a trainable parameter that is not in the plan, a different shape or none yet, or different ties.
    """
    inventory, columns = plan.inventory, plan.inventory.columns
    names, tensors = parameters.names, parameters.tensors
    if lazy := why_lazy(parameters):
        raise BindError(lazy)
    same_names = names == columns.names
    places: Sequence[int | None] = range(len(names)) if same_names else list(map(inventory.index.get, names))
    if not is_sharded(parameters):
        shapes = columns.shapes
        for name, place, tensor in zip(names, places, tensors, strict=True):
            shape = None if place is None else shapes[place]
            if shape is not None and tensor.shape != shape:
                raise BindError(
                    f"{name} has the shape {list(tensor.shape)}, but {list(shape)} in the plan: "
                    "compile the spec against this model (before it is sharded)"
                )
    if columns.aliases or len(set(map(id, tensors))) < len(tensors):
        _refuse_other_ties(columns, parameters, places)
    if None in places:
        _refuse_strangers(inventory, parameters, places)
    return {place: tensor for place, tensor in zip(places, tensors, strict=True) if place is not None}


def _refuse_other_ties(columns: Columns, parameters: ModelParameters, places: Sequence[int | None]) -> None:
    tensors: dict[str, nn.Parameter] = {}
    names: dict[int, str] = {}
    for name, place, tensor in zip(parameters.names, places, parameters.tensors, strict=True):
        if place is None:
            continue
        planned = columns.names[place]
        if tensors.setdefault(planned, tensor) is not tensor:
            raise BindError(f"{name} is tied to {planned} in the plan, but not in this model: tie them before binding")
        if names.setdefault(id(tensor), planned) != planned:
            other = names[id(tensor)]
            raise BindError(f"{name} is tied to {other} in this model, but not in the plan: compile the spec again")


def _refuse_strangers(inventory: Inventory, parameters: ModelParameters, places: Sequence[int | None]) -> None:
    known = {id(tensor) for place, tensor in zip(places, parameters.tensors, strict=True) if place is not None}
    strangers = [
        name
        for name, place, tensor in zip(parameters.names, places, parameters.tensors, strict=True)
        if place is None and tensor.requires_grad and id(tensor) not in known
    ]
    if not strangers:
        return
    listed = few(strangers, SHOWN)
    if any(map(is_flat, strangers)) and is_sharded(parameters):
        raise BindError(f"FSDP has merged parameters into {listed}: wrap the model with use_orig_params=True")
    if all(name.partition(".")[2] in inventory.index for name in strangers):
        prefix = strangers[0].partition(".")[0]
        raise BindError(
            f"the plan does not know {listed}, but the same without `{prefix}.`: "
            "bind to the model that trains, not to a copy or a wrapper of it"
        )
    raise BindError(f"the plan does not know {listed}: compile the spec against this model")


def _refuse_other_frozenness(plan: Plan, tensors: Tensors) -> None:
    by_spec: list[int] = []
    otherwise: list[int] = []
    for cohort in plan.cohorts:
        trains = cohort.status.trains
        if isinstance(cohort.assignment.freeze, Time):
            continue
        differing = [p for p in cohort.members if p in tensors and tensors[p].requires_grad != trains]
        (otherwise if cohort.assignment.freeze is None else by_spec).extend(differing)
    if not (by_spec or otherwise):
        return
    names = plan.inventory.columns.names
    listed = few([names[place] for place in sorted(by_spec or otherwise)], SHOWN)
    if by_spec:
        advice = "call plan.freeze(model) first, or build with freeze=True"
        raise BindError(f"requires_grad of {listed} is not what the spec says: {advice}")
    raise BindError(f"requires_grad of {listed} has changed since the plan was made: compile the spec again")
