"""A `Plan` and a model to optimizer groups with tensors in them, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lrspec.modules import is_flat, is_lazy, is_sharded, named_tensors
from lrspec.wording import SHOWN, few

if TYPE_CHECKING:
    from torch import nn

    from lrspec.plan import Plan, PlannedParameter


class BindError(ValueError):
    """A plan does not fit the model that it is bound to; the text names the parameters."""


def param_groups(plan: Plan, model: nn.Module) -> list[dict[str, Any]]:
    """See `Plan.param_groups`."""
    if plan.groups is None:
        raise BindError("the plan has no groups: its spec has errors for this model")
    tensors = _tensors(plan, model)
    _refuse_other_frozenness(plan, tensors)
    groups = []
    for group in plan.groups:
        names = [name for name in group.params if name in tensors]
        if names:
            params = [tensors[name] for name in names]
            groups.append({"params": params, "param_names": names, "name": group.name, **group.settings.group_keys()})
    return groups


def freeze(plan: Plan, model: nn.Module) -> None:
    """See `Plan.freeze`."""
    tensors = _tensors(plan, model)
    changes = [
        (tensors[planned.name], not planned.freeze)
        for planned in plan.parameters
        if planned.freeze is not None and planned.name in tensors
    ]
    for tensor, requires_grad in changes:
        if requires_grad and not (tensor.is_floating_point() or tensor.is_complex()):
            raise BindError(f"a parameter of type {tensor.dtype} cannot be trained, and the spec says `freeze: false`")
    for tensor, requires_grad in changes:
        tensor.requires_grad_(requires_grad)


def _tensors(plan: Plan, model: nn.Module) -> dict[str, nn.Parameter]:
    """The model's tensors by the first names that the plan has for them.

    Raises:
        BindError: for a trainable parameter that the plan does not know, another shape, or none yet, or other ties.
    """
    known = {name: planned for planned in plan.parameters for name in planned.parameter.names}
    tensors: dict[str, nn.Parameter] = {}
    names: dict[int, str] = {}
    strangers: dict[str, int] = {}
    whole = not is_sharded(model)
    for name, _, tensor in named_tensors(model):
        planned = known.get(name)
        if planned is None:
            if tensor.requires_grad:
                strangers[name] = id(tensor)
            continue
        if is_lazy(tensor):
            raise BindError(f"{name} has no shape yet: run a batch through the model first")
        if whole:
            _refuse_other_shape(name, planned, tensor)
        _refuse_other_ties(name, planned, tensor, tensors, names)
        tensors[planned.name], names[id(tensor)] = tensor, planned.name
    unknown = [name for name, tensor_id in strangers.items() if tensor_id not in names]
    if not whole and any(map(is_flat, unknown)):
        raise BindError(
            f"FSDP has merged parameters into {few(unknown, SHOWN)}: wrap the model with use_orig_params=True"
        )
    if unknown:
        raise BindError(f"the plan does not know {few(unknown, SHOWN)}: compile the spec against this model")
    return tensors


def _refuse_other_shape(name: str, planned: PlannedParameter, tensor: nn.Parameter) -> None:
    shape = planned.parameter.shape
    if shape is not None and tuple(tensor.shape) != shape:
        raise BindError(
            f"{name} has the shape {list(tensor.shape)}, and {list(shape)} in the plan: "
            "compile the spec against this model (before it is sharded)"
        )


def _refuse_other_ties(
    name: str,
    planned: PlannedParameter,
    tensor: nn.Parameter,
    tensors: dict[str, nn.Parameter],
    names: dict[int, str],
) -> None:
    before = tensors.get(planned.name)
    if before is not None and before is not tensor:
        raise BindError(f"{name} is tied to {planned.name} in the plan, and not in this model: tie them before binding")
    if names.get(id(tensor), planned.name) != planned.name:
        raise BindError(f"{name} is tied to {names[id(tensor)]} in this model, and not in the plan: compile it again")


def _refuse_other_frozenness(plan: Plan, tensors: dict[str, nn.Parameter]) -> None:
    differing = [p for p in plan.parameters if p.name in tensors and tensors[p.name].requires_grad != p.status.trains]
    by_spec = [planned.name for planned in differing if planned.freeze is not None]
    if by_spec:
        raise BindError(
            f"requires_grad of {few(by_spec, SHOWN)} is not what the spec says: call plan.freeze(model) first, "
            "or lrspec.param_groups(spec, model, freeze=True)"
        )
    if differing:
        names = few([planned.name for planned in differing], SHOWN)
        raise BindError(f"requires_grad of {names} has changed since the plan was made: compile the spec again")
