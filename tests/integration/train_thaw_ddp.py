"""DDP: layers thaw in two processes as in one, and wrappers under which they would not are refused."""

from __future__ import annotations

from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

import lrspec
from tests.integration.train_thaw_net import SPEC, STEPS, build, own_share, show_difference, train, with_state


def refusal(freeze_first: bool = False, **arguments: Any) -> str:
    """What `advance` says to a DDP."""
    model = build()
    plan = lrspec.compile(lrspec.loads(SPEC), model)
    plan.freeze(model)
    if freeze_first:
        plan.advance(model, 0)
    trainable = [parameter.requires_grad for parameter in model.parameters()]
    wrapped: Any = torch.compile(DistributedDataParallel(model, **arguments))
    try:
        plan.advance(wrapped, 0 if not freeze_first else 1)
    except lrspec.BindError as error:
        assert trainable == [parameter.requires_grad for parameter in model.parameters()]
        return str(error).splitlines()[0]
    return "accepted"


def train_with(model: nn.Module, plan: lrspec.Plan) -> None:
    plan.freeze(model)
    optimizer = lrspec.build_optimizer(plan, model)
    wrapped = DistributedDataParallel(model, find_unused_parameters=True)
    until = {each["name"]: each.get("frozen_until", 0) for each in plan.to_dict()["parameters"]}
    for step in range(STEPS):
        plan.advance(wrapped, step)
        train(wrapped, optimizer, own_share(step))
        assert with_state(wrapped, optimizer) == {name for name, time in until.items() if time <= step}
        assert not plan.verify(optimizer, wrapped, step=step)


def main() -> None:
    """Refuse, then train."""
    distributed.init_process_group("gloo")
    said = [
        refusal(),
        refusal(find_unused_parameters=True, static_graph=True),
        refusal(freeze_first=True, find_unused_parameters=True),
        refusal(find_unused_parameters=True),
    ]
    model = build()
    train_with(model, lrspec.compile(lrspec.loads(SPEC), model))
    if distributed.get_rank() == 0:
        print("\n".join(said), flush=True)
    show_difference("ddp", dict(model.named_parameters()), SPEC)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
