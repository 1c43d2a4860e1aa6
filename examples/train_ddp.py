# Needs lrspec, and: pip install torch timm scikit-learn
"""DistributedDataParallel: every process has the whole model, and a share of each batch.

torchrun --standalone --nproc-per-node 2 train_ddp.py
"""

from __future__ import annotations

import torch
from small_vit import SPEC, STEPS, build, own_share, show_difference, show_plans
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

import lrspec


def main() -> None:
    """Compile, wrap, bind, train."""
    distributed.init_process_group("gloo")
    model = build()
    plan = lrspec.compile(SPEC, model)
    wrapped = DistributedDataParallel(model)
    groups = plan.param_groups(wrapped)  # the wrapped model would have the same plan: its names drop `module.`
    optimizer = torch.optim.SGD(groups)
    assert not plan.verify(optimizer, wrapped)
    show_plans(plan, groups)
    for step in range(STEPS):
        images, labels = own_share(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(wrapped(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    show_difference(dict(model.named_parameters()))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
