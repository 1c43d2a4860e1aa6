"""Two processes shard a model (FSDP2), train on two schedules, stop, and resume with `torch.distributed.checkpoint`."""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from torch import distributed, nn
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import lrspec

STEPS, STOP = 20, 12
SPEC = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 1e-2},
    "schedules": {"main": [{"until": 5, "from": 0}, {"to": 0.1, "shape": "cosine"}], "head": [{"to": 0}]},
    "rules": [
        {"name": "head", "match": r"^2\.", "lr_mult": 3, "schedule": "head"},
        {"name": "rest", "fallback": True, "lr_mult": 1},
    ],
}


def built(step: int = 0) -> tuple[lrspec.Plan, nn.Module, Any, Any]:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    plan = lrspec.compile(SPEC, model)
    mesh = init_device_mesh("cpu", (distributed.get_world_size(),))
    for layer in (model[0], model[2], model):
        fully_shard(layer, mesh=mesh)
    optimizer = lrspec.build_optimizer(plan, model)
    return plan, model, optimizer, lrspec.build_scheduler(plan, optimizer, STEPS, step=step)


def train(plan: lrspec.Plan, model: nn.Module, optimizer: Any, scheduler: Any, first: int, last: int) -> None:
    for step in range(first, last):
        assert [group["lr"] for group in optimizer.param_groups] == list(plan.rates_at(step, STEPS).values())
        assert not plan.verify(optimizer, model, scheduler)
        optimizer.zero_grad()
        model(torch.ones(2, 8)).sum().backward()
        optimizer.step()
        scheduler.step()


def main() -> None:
    distributed.init_process_group("gloo")
    plan, model, optimizer, scheduler = built()
    train(plan, model, optimizer, scheduler, 0, STOP)
    folder = [tempfile.mkdtemp()]
    distributed.broadcast_object_list(folder)
    weights, state = get_state_dict(model, optimizer)
    saved = {"model": weights, "optimizer": state, "scheduler": scheduler.state_dict()}
    save(saved, checkpoint_id=folder[0])

    plan, model, optimizer, scheduler = built()
    weights, state = get_state_dict(model, optimizer)
    saved = {"model": weights, "optimizer": state, "scheduler": scheduler.state_dict()}
    load(saved, checkpoint_id=folder[0])
    set_state_dict(model, optimizer, model_state_dict=saved["model"], optim_state_dict=saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    train(plan, model, optimizer, scheduler, STOP, STEPS)
    print(f"process {distributed.get_rank()}: {STEPS} steps on schedule, resumed at step {STOP}", flush=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
