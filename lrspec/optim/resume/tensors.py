"""Checks that the tensors of a saved state fit a parameter, and copies them for training.

torch's `load_state_dict` keeps a tensor that already has the right type and device: without a copy, training would
change the checkpoint in memory. A process that shards (FSDP2) gets its own shards of whole tensors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lrspec.optim.state_keys import ELEMENTWISE, FACTORED

if TYPE_CHECKING:
    from torch import Tensor


def misfits(state: Mapping[str, Any], parameter: Tensor) -> Iterator[str]:
    """The tensors of a state that do not fit a parameter, as `exp_avg [10, 32]`.

    Other keys are not checked: libraries keep quantised blocks, projections, and more.
    """
    expected = tuple(parameter.shape)
    for key, value in state.items():
        if not hasattr(value, "shape"):
            continue
        shape = tuple(value.shape)
        if key in FACTORED:
            fits = len(shape) == len(expected) and all(n in (1, m) for n, m in zip(shape, expected, strict=True))
        else:
            fits = key not in ELEMENTWISE or shape == expected
        if not fits:
            yield f"{key} {list(shape)}"


def own_copy(value: Any, parameter: Tensor) -> Any:
    """Copy a value of a state so that the parameter can be trained with its tensors and nothing else is changed."""
    if isinstance(value, Mapping):
        return {key: own_copy(item, parameter) for key, item in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(own_copy(item, parameter) for item in value)
    if not hasattr(value, "detach"):
        return value
    if hasattr(parameter, "device_mesh") and value.dim() > 0:
        value = _distributed(value, parameter)
    elif hasattr(value, "full_tensor"):
        value = value.full_tensor()
    return value.detach().clone() if value.device == parameter.device or value.dim() == 0 else value.detach()


def _distributed(value: Tensor, parameter: Any) -> Tensor:
    """This process's shard, sharded like the parameter; a tensor of another shape is replicated.

    Every process has the whole tensor, so that none needs to wait for another.
    """
    from torch.distributed.tensor import DTensor, Replicate

    if isinstance(value, DTensor):
        return value
    mesh = parameter.device_mesh
    whole = DTensor.from_local(value.to(parameter.device), mesh, [Replicate()] * mesh.ndim, run_check=False)
    return whole.redistribute(mesh, parameter.placements) if value.shape == parameter.shape else whole
