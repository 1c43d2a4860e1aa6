# Needs lrspec, and: pip install torch timm scikit-learn
"""A pipeline of two stages: each process has a part of the model, and batches pass through one after the other.

Every process compiles the spec for the whole model, which costs no memory on the meta device. So every process has the
whole plan: layers are counted, and rules judged, over all parameters. Each process binds the part that its stage has.

    torchrun --standalone --nproc-per-node 2 train_pipeline.py
"""

from __future__ import annotations

from typing import Any

import torch
from small_vit import BATCH, SPEC, STEPS, Parameters, batch, build, gathered, show_difference, show_plans
from torch import distributed, nn
from torch.distributed.pipelining import PipelineStage, ScheduleGPipe

import lrspec

STAGES = 2


def part(stage: int) -> nn.Module:
    """One half of the model, with the other half replaced by modules that do nothing."""
    model: Any = build()
    half = len(model.blocks) // STAGES
    for number in range(len(model.blocks)):
        if number // half != stage:
            model.blocks[number] = nn.Identity()
    if stage == 0:
        model.norm = nn.Identity()
        model.reset_classifier(0, global_pool="")
    else:
        model.patch_embed, model.cls_token, model.pos_embed = nn.Identity(), None, None
    return model  # type: ignore[no-any-return]


def merged(model: nn.Module) -> Parameters:
    """The parameters of all stages."""
    parts = gathered({name: tensor.detach() for name, tensor in model.named_parameters()})
    return {name: tensor for each in parts for name, tensor in each.items()}


def main() -> None:
    """Compile for the whole model, bind to a part, train."""
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    with torch.device("meta"):
        plan = lrspec.compile(SPEC, build())
    model = part(rank)
    groups = plan.param_groups(model)
    optimizer = torch.optim.SGD(groups)
    assert not plan.verify(optimizer, model)
    show_plans(plan, groups)
    stage = PipelineStage(model, rank, STAGES, torch.device("cpu"))
    schedule = ScheduleGPipe(stage, n_microbatches=BATCH // 16, loss_fn=nn.functional.cross_entropy)
    for step in range(STEPS):
        images, labels = batch(step)
        optimizer.zero_grad()
        if rank == 0:
            schedule.step(images)
        else:
            schedule.step(target=labels)
        optimizer.step()
    show_difference(merged(model))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
