# Needs lrspec, and: pip install torch timm scikit-learn
"""Plain PyTorch: a warm-up, then a cosine, with LambdaLR, which multiplies the rates of all groups by one factor.

python train_plain.py
"""

from __future__ import annotations

import math

from small_vit import SPEC, batch, build
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

import lrspec

WARMUP, STEPS = 2, 8


def part(step: int) -> float:
    """The factor on every group's rate at a step: a linear rise to 1, then a fall along half a cosine."""
    if step < WARMUP:
        return (step + 1) / (WARMUP + 1)
    return (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


def train() -> list[dict[str, float]]:
    """Train, and return the rate of each group at each step."""
    model = build()
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = LambdaLR(optimizer, part)
    assert not plan.verify(optimizer, model, scheduler)
    rates = []
    for step in range(STEPS):
        rates.append(lrspec.rates_by_group(optimizer))
        images, labels = batch(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        scheduler.step()
    return rates


if __name__ == "__main__":
    for step, rates in enumerate(train()):
        print(step, rates)
