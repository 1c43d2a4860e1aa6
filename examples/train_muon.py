# Needs lrspec, and: pip install torch
"""Muon for the matrices and AdamW for the rest, in one spec, for a model whose head is tied to its embedding.

python train_muon.py
"""

from __future__ import annotations

from pathlib import Path

import torch
from own_model import LanguageModel
from torch import nn
from torch.optim.lr_scheduler import LinearLR

import lrspec

SPEC = Path(__file__).parent / "own-model-muon.lrspec.yaml"
STEPS = 8


def build() -> LanguageModel:
    """The model, with random weights."""
    torch.manual_seed(0)
    return LanguageModel()


def train() -> list[dict[str, float]]:
    """Train, and return the rate of each group of both optimizers at each step."""
    model = build()
    plan = lrspec.compile(SPEC, model)
    optimizers = lrspec.build_optimizers(plan, model)  # by name
    schedulers = {name: LinearLR(each, end_factor=1, total_iters=4) for name, each in optimizers.items()}
    assert not plan.verify(optimizers, model, schedulers)
    rates = []
    for _ in range(STEPS):
        rates.append(lrspec.rates_by_group(optimizers))
        tokens = torch.randint(100, (8, 16))
        scores = model(tokens[:, :-1])
        model.zero_grad()
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        for name, optimizer in optimizers.items():
            optimizer.step()
            schedulers[name].step()
    return rates


if __name__ == "__main__":
    for step, rates in enumerate(train()):
        print(step, rates)
