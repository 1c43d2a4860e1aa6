# Needs lrspec, and: pip install torch timm deepspeed scikit-learn
"""DeepSpeed with ZeRO-2: each process has the whole model, and a share of the optimizer's state.

On a CPU, DeepSpeed compiles a part of itself when it first starts, so it needs a C++ compiler.

    torchrun --standalone --nproc-per-node 2 train_deepspeed.py
"""

from __future__ import annotations

import deepspeed
import torch
from small_vit import BATCH, SPEC, build, own_share
from torch import distributed, nn
from torch.optim.lr_scheduler import LinearLR

import lrspec

STEPS = 8


def train() -> list[dict[str, float]]:
    """Train, and return the rate of each group at each step."""
    model = build()
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = LinearLR(optimizer, start_factor=1, end_factor=0.1, total_iters=STEPS)
    config = {
        "train_batch_size": BATCH,
        "zero_optimization": {"stage": 2},
        "zero_allow_untested_optimizer": True,  # SGD
    }
    engine, sharded, *_ = deepspeed.initialize(model=model, optimizer=optimizer, lr_scheduler=scheduler, config=config)
    assert not plan.verify(sharded, engine.module, scheduler)
    rates = []
    for step in range(STEPS):
        rates.append(lrspec.rates_by_group(sharded))
        images, labels = own_share(step)
        engine.backward(nn.functional.cross_entropy(engine(images), labels))
        engine.step()  # steps the scheduler, too
    return rates


def main() -> None:
    """Print the rates in the first process."""
    torch.set_num_threads(1)
    deepspeed.init_distributed("gloo")
    found = train()
    if distributed.get_rank() == 0:
        for step, rates in enumerate(found):
            print(step, rates)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
