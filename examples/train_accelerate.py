# Needs lrspec, and: pip install torch timm accelerate scikit-learn
"""accelerate: the objects that `prepare` returns train as the plan says, in one process and in many.

python train_accelerate.py
torchrun --standalone --nproc-per-node 2 train_accelerate.py
"""

from __future__ import annotations

from accelerate import Accelerator
from small_vit import BATCH, SPEC, batch, build
from torch import nn
from torch.optim.lr_scheduler import PolynomialLR
from torch.utils.data import DataLoader, TensorDataset

import lrspec

STEPS = 8


def train(accelerator: Accelerator) -> list[dict[str, float]]:
    """Train, and return the rate of each group at each step."""
    model = build()
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = PolynomialLR(optimizer, total_iters=STEPS)
    data = DataLoader(TensorDataset(*batch(0)), batch_size=BATCH // STEPS // accelerator.num_processes)
    model, optimizer, scheduler, data = accelerator.prepare(model, optimizer, scheduler, data)
    assert not plan.verify(optimizer, model, scheduler)
    rates = []
    for images, labels in data:
        rates.append(lrspec.rates_by_group(optimizer))
        optimizer.zero_grad()
        accelerator.backward(nn.functional.cross_entropy(model(images), labels))
        optimizer.step()
        scheduler.step()
    return rates


def main() -> None:
    """Print the rates in the first process."""
    # By default, `scheduler.step()` takes as many steps as there are processes.
    accelerator = Accelerator(cpu=True, step_scheduler_with_optimizer=False)
    for step, rates in enumerate(train(accelerator)):
        accelerator.print(step, rates)
    accelerator.end_training()


if __name__ == "__main__":
    main()
