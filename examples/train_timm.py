# Needs lrspec, and: pip install torch timm scikit-learn
"""timm: a model, an optimizer and a scheduler from timm, with the groups of a spec.

timm's schedulers multiply by a group's `lr_scale`, if it has one. lrspec's groups do not: their `lr` is final, and
nothing is scaled twice.

    python train_timm.py
"""

from __future__ import annotations

from pathlib import Path

from small_vit import batch, build
from timm.scheduler import CosineLRScheduler  # type: ignore[attr-defined]
from torch import nn

import lrspec

SPEC = Path(__file__).parent / "small-vit-lamb.lrspec.yaml"
WARMUP, STEPS = 2, 8


def train() -> list[dict[str, float]]:
    """Train, and return the rate of each group at each step."""
    model = build()
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = CosineLRScheduler(  # lr_min and warmup_lr_init stay 0: they would be one number for all groups
        optimizer, t_initial=STEPS - WARMUP, warmup_t=WARMUP, warmup_prefix=True, t_in_epochs=False
    )
    assert not plan.verify(optimizer, model, scheduler)
    rates = []
    for step in range(STEPS):
        rates.append(lrspec.rates_by_group(optimizer))
        images, labels = batch(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        scheduler.step_update(step + 1)
    return rates


if __name__ == "__main__":
    for step, rates in enumerate(train()):
        print(step, rates)
