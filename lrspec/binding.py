"""A `Plan` and a model to optimizer groups with tensors in them, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lrspec.memory import uncollected
from lrspec.modules import Found, is_flat, is_sharded, lazy_name, walk
from lrspec.wording import SHOWN, few

if TYPE_CHECKING:
    from torch import nn

    from lrspec.columns import Columns
    from lrspec.plan import Group, Plan


class BindError(ValueError):
    """A plan does not fit the model that it is bound to; the text names the parameters."""


def param_groups(plan: Plan, model: nn.Module) -> list[dict[str, Any]]:
    """See `Plan.param_groups`."""
    if plan.groups is None:
        raise BindError("the plan has no groups: its spec has errors for this model")
    with uncollected():
        tensors = _tensors(plan, model)
        _refuse_other_frozenness(plan, tensors)
        return list(_groups(plan.groups, tensors))


def _groups(groups: Iterable[Group], tensors: Mapping[str, nn.Parameter]) -> Iterator[dict[str, Any]]:
    for group in groups:
        names = [name for name in group.params if name in tensors]
        if names:
            params = [tensors[name] for name in names]
            yield {"params": params, "param_names": names, "name": group.name, **group.settings.group_keys()}


def freeze(plan: Plan, model: nn.Module) -> None:
    """See `Plan.freeze`."""
    changes = list(_changes(plan, _tensors(plan, model)))
    for tensor, requires_grad in changes:
        if requires_grad and not (tensor.is_floating_point() or tensor.is_complex()):
            raise BindError(f"a parameter of type {tensor.dtype} cannot be trained, and the spec says `freeze: false`")
    for tensor, requires_grad in changes:
        tensor.requires_grad_(requires_grad)


def _changes(plan: Plan, tensors: Mapping[str, nn.Parameter]) -> Iterator[tuple[nn.Parameter, bool]]:
    """The tensors of which the spec sets `requires_grad`, with what it says."""
    names = plan.inventory.columns.names
    for share in plan.shares:
        if share.given.freeze is not None:
            yield from ((tensors[names[p]], not share.given.freeze) for p in share.members if names[p] in tensors)


def _tensors(plan: Plan, model: nn.Module) -> dict[str, nn.Parameter]:
    """The model's tensors by the first names that the plan has for them.

    Raises:
        BindError: for a trainable parameter that the plan does not know, another shape, or none yet, or other ties.
    """
    found, columns = walk(model), plan.inventory.columns
    places = list(map(plan.inventory.index.get, found.names))
    if lazy := lazy_name(found):
        raise BindError(f"{lazy} has no shape yet: run a batch through the model first")
    if not is_sharded(found):
        _refuse_other_shapes(columns, found, places)
    if columns.aliases or len(set(map(id, found.tensors))) < len(found.tensors):
        _refuse_other_ties(columns, found, places)
    if None in places:
        _refuse_strangers(found, places)
    return {columns.names[p]: tensor for p, tensor in zip(places, found.tensors, strict=True) if p is not None}


def _refuse_other_shapes(columns: Columns, found: Found, places: list[int | None]) -> None:
    shapes = columns.shapes
    for name, place, tensor in zip(found.names, places, found.tensors, strict=True):
        if place is not None and tensor.shape != shapes[place] is not None:
            raise BindError(
                f"{name} has the shape {list(tensor.shape)}, and {list(shapes[place] or ())} in the plan: "
                "compile the spec against this model (before it is sharded)"
            )


def _refuse_other_ties(columns: Columns, found: Found, places: list[int | None]) -> None:
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


def _refuse_strangers(found: Found, places: list[int | None]) -> None:
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
    if strangers:
        raise BindError(f"the plan does not know {few(strangers, SHOWN)}: compile the spec against this model")


def _refuse_other_frozenness(plan: Plan, tensors: Mapping[str, nn.Parameter]) -> None:
    names = plan.inventory.columns.names
    differing: dict[bool, list[int]] = {True: [], False: []}
    for share in plan.shares:
        trains = share.status.trains
        found = [p for p in share.members if names[p] in tensors and tensors[names[p]].requires_grad != trains]
        differing[share.given.freeze is not None] += found
    by_spec, otherwise = ([names[p] for p in sorted(differing[by_spec])] for by_spec in (True, False))
    if by_spec:
        raise BindError(
            f"requires_grad of {few(by_spec, SHOWN)} is not what the spec says: call plan.freeze(model) first, "
            "or lrspec.param_groups(spec, model, freeze=True)"
        )
    if otherwise:
        raise BindError(
            f"requires_grad of {few(otherwise, SHOWN)} has changed since the plan was made: compile the spec again"
        )
