"""What examples/resume_fsdp2.py does, with DistributedDataParallel: the first process saves, and all read the file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from resume_fsdp2 import EDITED, show, train
from small_vit import SPEC, STEPS, build, gathered
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

import lrspec


def begin(spec: Path, weights: dict[str, Any] | None = None) -> tuple[nn.Module, lrspec.Plan, Optimizer]:
    model = build()
    model.load_state_dict(weights or model.state_dict())
    wrapped = DistributedDataParallel(model)
    plan = lrspec.compile(spec, wrapped)
    return wrapped, plan, lrspec.build_optimizer(plan, wrapped)


def main() -> None:
    distributed.init_process_group("gloo")
    path = Path(gathered(tempfile.mkdtemp())[0], "checkpoint.pt")
    model, plan, optimizer = begin(SPEC)
    train(model, optimizer, 0)
    if distributed.get_rank() == 0:
        torch.save((model.get_submodule("module").state_dict(), optimizer.state_dict()), path)
    distributed.barrier()

    weights, state = torch.load(path, weights_only=True)
    model, edited, optimizer = begin(EDITED, weights)
    resumed = lrspec.load_optimizer_state(optimizer, state, edited)
    train(model, optimizer, STEPS)
    trained = {name: value.detach() for name, value in model.get_submodule("module").named_parameters()}
    show(resumed, [len(each.groups or ()) for each in (plan, edited)], trained)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
