# Needs lrspec, and: pip install torch timm scikit-learn
"""FSDP2: save with torch.distributed.checkpoint, edit the spec, and continue: every parameter keeps its momentum.

The processes train three steps at the rates of small-vit.lrspec.yaml and save. Then they start again with
small-vit-resumed.lrspec.yaml, which has different groups in a different order, and train three more steps.

    torchrun --standalone --nproc-per-node 2 resume_fsdp2.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from small_vit import SPEC, STEPS, Parameters, batch, build, gathered, own_share, show_difference
from torch import distributed, nn
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.optim import Optimizer
from train_fsdp2 import shard, whole

import lrspec

EDITED = SPEC.with_name("small-vit-resumed.lrspec.yaml")


def begin(spec: Path) -> tuple[nn.Module, lrspec.Plan, Optimizer]:
    """The sharded model, its plan, and the optimizer."""
    model = build()
    plan = lrspec.compile(spec, model)
    shard(model)
    return model, plan, lrspec.build_optimizer(plan, model)


def state_of(model: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
    """The state to save: that of each parameter under its name, in shards.

    It is flattened, because from a list of groups torch would read as many as there are now, not as many as were saved.
    """
    options = StateDictOptions(flatten_optimizer_state_dict=True)
    return {
        "model": get_model_state_dict(model),
        "optimizer": get_optimizer_state_dict(model, optimizer, options=options),
    }


def resume(model: nn.Module, plan: lrspec.Plan, optimizer: Optimizer, folder: str) -> lrspec.Resumed:
    """Load the checkpoint, with the optimizer's state matched by parameter names."""
    saved = FileSystemReader(folder).read_metadata().state_dict_metadata
    state = state_of(model, optimizer)
    there = {key: value for key, value in state["optimizer"].items() if f"optimizer.{key}" in saved}
    state["optimizer"] = there  # without parameters that were not trained before
    load(state, checkpoint_id=folder)
    set_model_state_dict(model, state["model"])
    return lrspec.load_optimizer_state(optimizer, there, plan)


def train(model: nn.Module, optimizer: Optimizer, first: int) -> None:
    """Train a few steps, with this process's share of each batch."""
    for step in range(first, first + STEPS):
        images, labels = own_share(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def train_alone() -> tuple[Parameters, Parameters]:
    """The parameters before and after the same steps in a single process that never stops.

    Each parameter stays in its own group; only the settings of the groups change.
    """
    model = build()
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    optimizer = torch.optim.SGD([{"params": [tensor]} for tensor in model.parameters()], momentum=0.9)
    for step in range(2 * STEPS):
        if step % STEPS == 0:
            plan = lrspec.compile(EDITED if step else SPEC, model)
            for group, planned in zip(optimizer.param_groups, plan.parameters, strict=True):
                group["lr"], group["weight_decay"] = planned.settings.lr, planned.settings.weight_decay or 0.0
        images, labels = batch(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return before, {name: tensor.detach() for name, tensor in model.named_parameters()}


def show(resumed: lrspec.Resumed, groups: list[int], trained: Parameters) -> None:
    """Print what was resumed, and how much the parameters differ from those of the single process."""
    if len(set(gathered(resumed.kept))) != 1:
        raise SystemExit("the processes have resumed different parameters")
    if distributed.get_rank() == 0:
        print(f"{groups[0]} groups have become {groups[1]}")
        print(str(resumed).splitlines()[0])
    show_difference(trained, train_alone, 2 * STEPS)


def main() -> None:
    """Train, save, start again, resume, train."""
    distributed.init_process_group("gloo")
    folder = gathered(tempfile.mkdtemp())[0]
    model, plan, optimizer = begin(SPEC)
    train(model, optimizer, 0)
    save(state_of(model, optimizer), checkpoint_id=folder)

    model, edited, optimizer = begin(EDITED)
    resumed = resume(model, edited, optimizer, folder)
    train(model, optimizer, STEPS)
    show(resumed, [len(each.groups or ()) for each in (plan, edited)], whole(model))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
