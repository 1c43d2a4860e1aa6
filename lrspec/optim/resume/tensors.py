"""The tensors of a saved state: whether they fit a parameter, and copies of them that can train.

torch's `load_state_dict` keeps a tensor that has the right type and device already: without a copy the checkpoint in
memory would be trained on. What a process shards (FSDP2) is given its own shards of whole tensors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lrspec.optim.state_keys import ELEMENTWISE, FACTORED

if TYPE_CHECKING:
    from torch import Tensor


def misfits(state: Mapping[str, Any], parameter: Tensor) -> Iterator[str]:
    """What does not fit a parameter: `exp_avg [10, 32]`."""
    for key, value in state.items():
        if hasattr(value, "shape") and not _fits(key, tuple(value.shape), tuple(parameter.shape)):
            yield f"{key} {list(value.shape)}"


def _fits(key: str, shape: tuple[int, ...], parameter: tuple[int, ...]) -> bool:
    """Of other keys nothing is known: libraries keep quantised blocks, projections, and more."""
    if key in FACTORED:
        return len(shape) == len(parameter) and all(n in (1, m) for n, m in zip(shape, parameter, strict=True))
    return key not in ELEMENTWISE or shape == parameter


def own_copy(value: Any, parameter: Tensor) -> Any:
    """A value of a state, its tensors such that the parameter can be trained with them and nothing else is changed."""
    if isinstance(value, Mapping):
        return {key: own_copy(each, parameter) for key, each in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(own_copy(each, parameter) for each in value)
    return _tensor(value, parameter) if hasattr(value, "detach") else value


def _tensor(value: Tensor, parameter: Tensor) -> Tensor:
    if hasattr(parameter, "device_mesh") and value.dim() > 0:
        value = _distributed(value, parameter)
    elif hasattr(value, "full_tensor"):
        value = value.full_tensor()
    return value.detach().clone() if value.device == parameter.device or value.dim() == 0 else value.detach()


def _distributed(value: Tensor, parameter: Any) -> Tensor:
    """This process's shard, as the parameter is sharded; what is of another shape is there whole.

    Every process has the whole tensor, so that none needs to wait for another.
    """
    from torch.distributed.tensor import DTensor, Replicate

    if isinstance(value, DTensor):
        return value
    mesh = parameter.device_mesh
    whole = DTensor.from_local(value.to(parameter.device), mesh, [Replicate()] * mesh.ndim, run_check=False)
    alike = value.shape == parameter.shape
    return whole.redistribute(mesh, parameter.placements) if alike else whole
