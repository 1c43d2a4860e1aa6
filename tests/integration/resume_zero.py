"""What resume_ddp.py does, with ZeroRedundancyOptimizer: each process steps a part, and saves and reads the whole."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from resume_fsdp2 import EDITED, show, train
from small_vit import SPEC, STEPS, build, gathered
from torch import distributed, nn
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

import lrspec


def begin(spec: Path, weights: dict[str, Any] | None = None) -> tuple[nn.Module, lrspec.Plan, ZeroRedundancyOptimizer]:
    model = build()
    model.load_state_dict(weights or model.state_dict())
    wrapped = DistributedDataParallel(model)
    plan = lrspec.compile(spec, wrapped)
    return wrapped, plan, ZeroRedundancyOptimizer(plan.param_groups(wrapped), torch.optim.SGD)


def verified(plan: lrspec.Plan, optimizer: ZeroRedundancyOptimizer, model: nn.Module) -> None:
    """Nothing is found, and each process has the state of another part."""
    if found := gathered(list(map(str, plan.verify(optimizer, model)))) != [[], []]:
        raise SystemExit(f"found in a right run: {found}")
    own = [name for group in optimizer.param_groups for name, tensor in named(group) if tensor in optimizer.optim.state]
    first, second = gathered(own)
    if not first or not second or not set(first).isdisjoint(second):
        raise SystemExit("the state is not in parts")


def named(group: dict[str, Any]) -> Any:
    return zip(group["param_names"], group["params"], strict=True)


def main() -> None:
    distributed.init_process_group("gloo")
    path = Path(gathered(tempfile.mkdtemp())[0], "checkpoint.pt")
    model, plan, optimizer = begin(SPEC)
    train(model, optimizer, 0)
    verified(plan, optimizer, model)
    optimizer.consolidate_state_dict(to=0)
    if distributed.get_rank() == 0:
        torch.save((model.get_submodule("module").state_dict(), optimizer.state_dict()), path)
    distributed.barrier()

    weights, state = torch.load(path, weights_only=True)
    model, edited, optimizer = begin(EDITED, weights)
    resumed = lrspec.load_optimizer_state(optimizer, state, edited)
    verified(edited, optimizer, model)
    train(model, optimizer, STEPS)
    trained = {name: value.detach() for name, value in model.get_submodule("module").named_parameters()}
    show(resumed, [len(each.groups or ()) for each in (plan, edited)], trained)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
