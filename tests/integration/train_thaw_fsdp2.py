"""FSDP2: units that are frozen as a whole or in part thaw in two processes as in one, resumed in the middle or not."""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from torch import Tensor, distributed
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

import lrspec
from tests.integration.train_thaw_net import (
    PARTLY,
    SPEC,
    STEPS,
    Net,
    build,
    own_share,
    show_difference,
    train,
    with_state,
)

STOP = 5


def fresh(spec: str) -> tuple[Net, lrspec.Plan, torch.optim.Optimizer]:
    """A model with shards, its plan, and the optimizer."""
    model = build()
    plan = lrspec.compile(lrspec.loads(spec), model)
    plan.freeze(model)
    mesh = init_device_mesh("cpu", (distributed.get_world_size(),))
    for block in model.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model, plan, lrspec.build_optimizer(plan, model)


def go_on(model: Net, plan: lrspec.Plan, optimizer: torch.optim.Optimizer, steps: range) -> None:
    until = {each["name"]: each.get("frozen_until", 0) for each in plan.to_dict()["parameters"]}
    for step in steps:
        with torch.no_grad():
            model(own_share(step))  # which leaves whole parameters in the place of the outermost unit's shards
        plan.advance(model, step)
        train(model, optimizer, own_share(step))
        assert with_state(model, optimizer) == {name for name, time in until.items() if time <= step}
        assert not plan.verify(optimizer, model, step=step)


def whole(model: Net) -> dict[str, Tensor]:
    return {name: tensor.full_tensor() for name, tensor in model.named_parameters() if isinstance(tensor, DTensor)}


def resumed(spec: str, folder: str) -> Net:
    """Train to the middle, save, build everything again, load and go on."""
    model, plan, optimizer = fresh(spec)
    go_on(model, plan, optimizer, range(STOP))
    states = get_state_dict(model, optimizer)
    save({"model": states[0], "optimizer": states[1]}, checkpoint_id=folder)
    model, plan, optimizer = fresh(spec)
    plan.advance(model, STOP - 1)
    states = get_state_dict(model, optimizer)
    loaded: dict[str, Any] = {"model": states[0], "optimizer": states[1]}
    load(loaded, checkpoint_id=folder)
    set_state_dict(model, optimizer, model_state_dict=loaded["model"], optim_state_dict=loaded["optimizer"])
    go_on(model, plan, optimizer, range(STOP, STEPS))
    return model


def main() -> None:
    """Train with whole and with partly frozen units, in one go and resumed."""
    distributed.init_process_group("gloo")
    for label, spec in (("whole units", SPEC), ("parts of units", PARTLY)):
        model, plan, optimizer = fresh(spec)
        go_on(model, plan, optimizer, range(STEPS))
        show_difference(label, whole(model), spec)
        folder = [tempfile.mkdtemp() if distributed.get_rank() == 0 else ""]
        distributed.broadcast_object_list(folder)
        show_difference(f"{label}, resumed", whole(resumed(spec, folder[0])), spec)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
