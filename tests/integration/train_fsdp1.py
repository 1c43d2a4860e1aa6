"""FSDP1 in two processes, as the scripts of the examples do it: each has a flat piece of every block's parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from small_vit import SPEC, STEPS, build, gathered, own_share, show_difference, show_plans
from timm.models.vision_transformer import Block
from torch import Tensor, distributed, nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.distributed.fsdp.wrap import ModuleWrapPolicy

import lrspec


def wrapped(model: nn.Module, *, use_orig_params: bool) -> FullyShardedDataParallel:
    """The model with a wrapper around it, and one around each block."""
    policy, cpu = ModuleWrapPolicy({Block}), torch.device("cpu")
    return FullyShardedDataParallel(model, use_orig_params=use_orig_params, auto_wrap_policy=policy, device_id=cpu)


def whole(model: FullyShardedDataParallel) -> dict[str, Tensor]:
    """The parameters of the model, put together from all processes."""
    with FullyShardedDataParallel.summon_full_params(model):
        return {name: tensor.detach().clone() for name, tensor in model.named_parameters()}


def show_refusal(attempt: Callable[[], object]) -> None:
    """Print what each process is told."""
    try:
        attempt()
        refusals = gathered("not refused")
    except (lrspec.BindError, lrspec.InventoryError) as error:
        refusals = gathered(str(error))
    if distributed.get_rank() == 0:
        print(*refusals, sep="\n")


def main() -> None:
    """Compile, be refused twice, bind, train."""
    distributed.init_process_group("gloo")
    model = build()
    plan = lrspec.compile(SPEC, model)
    show_refusal(lambda: plan.param_groups(wrapped(build(), use_orig_params=False)))
    sharded = wrapped(model, use_orig_params=True)
    show_refusal(lambda: lrspec.compile(SPEC, sharded))
    groups = plan.param_groups(sharded)
    optimizer = torch.optim.SGD(groups)
    show_plans(plan, groups)
    for step in range(STEPS):
        images, labels = own_share(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(sharded(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    show_difference(whole(sharded))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
