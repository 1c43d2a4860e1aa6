# Needs lrspec, and: pip install torch timm scikit-learn
"""FSDP2: every process has a shard of each parameter, and a share of each batch.

The model is built on the meta device, without memory for its weights. The spec is compiled for it, it is sharded, and
only then gets its weights, as is necessary for a model too large for one process.

    torchrun --standalone --nproc-per-node 2 train_fsdp2.py
"""

from __future__ import annotations

import torch
from small_vit import SPEC, STEPS, Parameters, build, own_share, show_difference, show_plans
from torch import distributed, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

import lrspec


def shard(model: nn.Module) -> None:
    """Shard each block, then the rest, over all processes."""
    mesh = init_device_mesh("cpu", (distributed.get_world_size(),))
    for block in model.get_submodule("blocks").children():
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def load(model: nn.Module) -> None:
    """Fill the shards from weights that only the first process has."""
    weights = build().state_dict() if distributed.get_rank() == 0 else {}
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    set_model_state_dict(model, weights, options=options)


def whole(model: nn.Module) -> Parameters:
    """The parameters of the model, assembled from all processes."""
    return {name: tensor.full_tensor() for name, tensor in model.named_parameters() if isinstance(tensor, DTensor)}


def main() -> None:
    """Compile, shard, load weights, bind, train."""
    distributed.init_process_group("gloo")
    with torch.device("meta"):
        model = build()
    plan = lrspec.compile(SPEC, model)
    shard(model)
    model.to_empty(device="cpu")
    load(model)
    groups = plan.param_groups(model)  # after loading: the model no longer has the tensors from the meta device
    optimizer = torch.optim.SGD(groups)
    assert not plan.verify(optimizer, model)
    show_plans(plan, groups)
    for step in range(STEPS):
        images, labels = own_share(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    show_difference(whole(model))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
