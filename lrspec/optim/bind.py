"""A `Plan` and a model to optimizer groups with tensors in them, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import SHOWN, few
from lrspec.models.garbage import uncollected
from lrspec.models.walk import ModelParameters, is_flat, is_sharded, why_lazy

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Group, Plan
    from lrspec.models.inventory import Inventory
    from lrspec.models.parameters import Columns

    Tensors: TypeAlias = Mapping[int, nn.Parameter]
    """Tensors by their places in an inventory; those that a part of the model lacks are left out."""


class BindError(ValueError):
    """A plan does not fit the model that it is bound to; the text names the parameters."""


def param_groups(plan: Plan, found: ModelParameters, optimizer: str | None = None) -> list[dict[str, Any]]:
    """See `Plan.param_groups`; `found` is what the model has."""
    groups, name = groups_of(plan), _chosen(plan, optimizer)
    with uncollected():
        tensors = _tensors(plan, found)
        _refuse_other_frozenness(plan, tensors)
        return list(_groups([group for group in groups if group.settings.optimizer in (None, name)], tensors))


def groups_of(plan: Plan) -> tuple[Group, ...]:
    """The groups of a plan.

    Raises:
        BindError: where it has none.
    """
    if plan.groups is None:
        raise BindError("the plan has no groups: its spec has errors for this model")
    return plan.groups


def no_such_optimizer(plan: Plan, name: str) -> str:
    """What to say of a name that none of the spec's optimizers has."""
    names = plan.optimizers
    return f"the spec has no optimizer `{printable(name)}`{did_you_mean(name, names)} (it has {', '.join(names)})"


def _chosen(plan: Plan, optimizer: str | None) -> str:
    """The name of the optimizer whose groups are wanted."""
    names = plan.optimizers
    if optimizer is None and len(names) > 1:
        listed = ", ".join(names)
        raise BindError(f"the spec has several optimizers: say whose groups, optimizer=… with one of {listed}")
    if optimizer is not None and optimizer not in names:
        raise BindError(no_such_optimizer(plan, optimizer))
    return optimizer or names[0]


def _groups(groups: Iterable[Group], tensors: Tensors) -> Iterator[dict[str, Any]]:
    for group in groups:
        here = [
            (tensors[place], name) for place, name in zip(group.members, group.params, strict=True) if place in tensors
        ]
        if here:
            params, names = map(list, zip(*here, strict=True))
            yield {"params": params, "param_names": names, "name": group.name, **group.settings.group_keys()}


def freeze(plan: Plan, found: ModelParameters) -> None:
    """See `Plan.freeze`; `found` is what the model has."""
    changes = list(_changes(plan, _tensors(plan, found)))
    for tensor, requires_grad in changes:
        if requires_grad and not (tensor.is_floating_point() or tensor.is_complex()):
            raise BindError(f"a parameter of type {tensor.dtype} cannot be trained, and the spec says `freeze: false`")
    for tensor, requires_grad in changes:
        tensor.requires_grad_(requires_grad)


def _changes(plan: Plan, tensors: Tensors) -> Iterator[tuple[nn.Parameter, bool]]:
    """The tensors of which the spec sets `requires_grad`, with what it says."""
    for cohort in plan.cohorts:
        if cohort.assignment.freeze is not None:
            yield from ((tensors[p], not cohort.assignment.freeze) for p in cohort.members if p in tensors)


def _tensors(plan: Plan, found: ModelParameters) -> Tensors:
    """The model's tensors by their places in the plan's inventory.

    Raises:
        BindError: for a trainable parameter that the plan does not know, another shape, or none yet, or other ties.
    """
    columns = plan.inventory.columns
    if lazy := why_lazy(found):
        raise BindError(lazy)
    places = _places(plan.inventory, found)
    if not is_sharded(found):
        _refuse_other_shapes(columns, found, places)
    if columns.aliases or len(set(map(id, found.tensors))) < len(found.tensors):
        _refuse_other_ties(columns, found, places)
    if None in places:
        _refuse_strangers(plan.inventory, found, places)
    return {place: tensor for place, tensor in zip(places, found.tensors, strict=True) if place is not None}


def _places(inventory: Inventory, found: ModelParameters) -> Sequence[int | None]:
    """The place in the inventory of each name that a model has; None for those that are not there."""
    if found.names == inventory.columns.names:
        return range(len(found.names))
    return list(map(inventory.index.get, found.names))


def _refuse_other_shapes(columns: Columns, found: ModelParameters, places: Sequence[int | None]) -> None:
    shapes = columns.shapes
    for name, place, tensor in zip(found.names, places, found.tensors, strict=True):
        if place is not None and tensor.shape != shapes[place] is not None:
            raise BindError(
                f"{name} has the shape {list(tensor.shape)}, and {list(shapes[place] or ())} in the plan: "
                "compile the spec against this model (before it is sharded)"
            )


def _refuse_other_ties(columns: Columns, found: ModelParameters, places: Sequence[int | None]) -> None:
    tensors: dict[str, nn.Parameter] = {}
    names: dict[int, str] = {}
    for name, place, tensor in zip(found.names, places, found.tensors, strict=True):
        if place is None:
            continue
        first = columns.names[place]
        if tensors.setdefault(first, tensor) is not tensor:
            raise BindError(f"{name} is tied to {first} in the plan, and not in this model: tie them before binding")
        if names.setdefault(id(tensor), first) != first:
            raise BindError(
                f"{name} is tied to {names[id(tensor)]} in this model, and not in the plan: compile it again"
            )


def _refuse_strangers(inventory: Inventory, found: ModelParameters, places: Sequence[int | None]) -> None:
    known = {id(tensor) for place, tensor in zip(places, found.tensors, strict=True) if place is not None}
    strangers = [
        name
        for name, place, tensor in zip(found.names, places, found.tensors, strict=True)
        if place is None and tensor.requires_grad and id(tensor) not in known
    ]
    if any(map(is_flat, strangers)) and is_sharded(found):
        raise BindError(
            f"FSDP has merged parameters into {few(strangers, SHOWN)}: wrap the model with use_orig_params=True"
        )
    if strangers and all(name.partition(".")[2] in inventory.index for name in strangers):
        prefix = strangers[0].partition(".")[0]
        raise BindError(
            f"the plan does not know {few(strangers, SHOWN)}, but the same without `{prefix}.`: "
            "bind to the model that trains, not to a copy or to a wrapper of it"
        )
    if strangers:
        raise BindError(f"the plan does not know {few(strangers, SHOWN)}: compile the spec against this model")


def _refuse_other_frozenness(plan: Plan, tensors: Tensors) -> None:
    differing: dict[bool, list[int]] = {True: [], False: []}
    for cohort in plan.cohorts:
        trains = cohort.status.trains
        found = [p for p in cohort.members if p in tensors and tensors[p].requires_grad != trains]
        differing[cohort.assignment.freeze is not None] += found
    names = plan.inventory.columns.names
    by_spec, otherwise = ([names[p] for p in sorted(differing[by_spec])] for by_spec in (True, False))
    if by_spec:
        raise BindError(
            f"requires_grad of {few(by_spec, SHOWN)} is not what the spec says: call plan.freeze(model) first, "
            "or build with freeze=True"
        )
    if otherwise:
        raise BindError(
            f"requires_grad of {few(otherwise, SHOWN)} has changed since the plan was made: compile the spec again"
        )
