# Needs lrspec, and: pip install torch timm scikit-learn
"""Fine-tuning with a ladder of learning rates, compared with one rate for all, on real data.

A ResNet-18 learns the handwritten digits 0 to 4 that come with scikit-learn. Then it is fine-tuned on ten images each
of the digits 5 to 9, and tested on all their other images: once with the ladder of resnet18-blocks.lrspec.yaml, in
which each block trains at nine tenths of the rate of the block after it, and once with the same rate everywhere. Both
start from the same weights and see the same batches.

Both warm up and then follow a cosine. It is one factor for all groups, so the ratios of the ladder are kept. The
optimizer and the schedule are verified against the spec before the first step.

The accuracies are printed as they come out; nothing was chosen to make the ladder win. On a task as small as this,
seeds and even rounding move them by more than the ladder does: this shows how to use a spec in training, not that one
way is better.

    python train_digits.py           three seeds, about a minute on two cores
    python train_digits.py --quick   one seed, one epoch, to see that it runs
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import timm
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

import lrspec

SPEC = Path(__file__).parent / "resnet18-blocks.lrspec.yaml"
LR, FLOOR = 1e-3, 0.01
BATCH, IMAGES_EACH = 25, 10  # a batch may be one larger, so that none has a single image
EPOCHS, FINE_TUNING_EPOCHS = 3, 20

Data = tuple[Tensor, Tensor]
"""Images (number, 1, 32, 32) and their labels, 0 to 4."""

OptimizerFor = Callable[[nn.Module, int], tuple[Optimizer, LRScheduler]]
"""Builds the optimizer for a model, and the schedule for a number of steps."""


def ladder(model: nn.Module, steps: int) -> tuple[Optimizer, LRScheduler]:
    """The optimizer of the spec, verified with its schedule."""
    spec = lrspec.load(SPEC).override({"optimizer.lr": LR, "optimizer.fused": True})
    plan = lrspec.compile(spec, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = schedule(optimizer, steps)
    if found := plan.verify(optimizer, model, scheduler):
        raise SystemExit("\n".join(each.message for each in found))
    return optimizer, scheduler


def one_rate(model: nn.Module, steps: int) -> tuple[Optimizer, LRScheduler]:
    """Adam with one learning rate for all parameters."""
    optimizer = Adam(model.parameters(), lr=LR, fused=True)
    return optimizer, schedule(optimizer, steps)


def schedule(optimizer: Optimizer, steps: int) -> LRScheduler:
    """Warm up for a tenth of the steps, then follow a cosine to a hundredth; the same factor for all groups."""
    warm_up = max(1, steps // 10)

    def factor(step: int) -> float:
        if step < warm_up:
            return (step + 1) / warm_up
        done = (step - warm_up) / max(1, steps - warm_up)
        return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2

    return LambdaLR(optimizer, factor)


def digits(first: int) -> Data:
    """All images of five digits, starting with `first`."""
    bunch = load_digits()
    images = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16  # (1797, 1, 8, 8), 0 to 1
    images = nn.functional.interpolate(images, size=32, mode="bilinear")
    labels = torch.tensor(bunch.target) - first
    chosen = (labels >= 0) & (labels < 5)
    return images[chosen], labels[chosen]


def split(data: Data) -> tuple[Data, Data]:
    """A few random images of each class for training, and all others for testing."""
    images, labels = data
    order = torch.randperm(len(labels))
    few = torch.cat([order[labels[order] == label][:IMAGES_EACH] for label in range(5)])
    rest = torch.ones(len(labels), dtype=torch.bool)
    rest[few] = False
    return (images[few], labels[few]), (images[rest], labels[rest])


def build() -> nn.Module:
    """A model with random weights."""
    model: nn.Module = timm.create_model("resnet18", pretrained=False, num_classes=5, in_chans=1)
    return model


def train(model: nn.Module, optimizer_for: OptimizerFor, data: Data, epochs: int) -> None:
    """Train the model in place."""
    images, labels = data
    batches = len(labels) // BATCH
    optimizer, scheduler = optimizer_for(model, epochs * batches)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).tensor_split(batches):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            scheduler.step()


@torch.no_grad()
def accuracy(model: nn.Module, data: Data) -> float:
    """The share of the images that the model gets right, in percent."""
    images, labels = data
    model.eval()
    right = model(images).argmax(1) == labels
    return 100 * float(right.float().mean())


def fine_tune(body: dict[str, Tensor], optimizer_for: OptimizerFor, seed: int, epochs: int) -> float:
    """Train this body with a new head on the digits 5 to 9, and return the accuracy on unseen images."""
    torch.manual_seed(seed)
    model = build()
    model.load_state_dict(body, strict=False)
    few, rest = split(digits(5))
    train(model, optimizer_for, few, epochs)
    return accuracy(model, rest)


def compare(seed: int, epochs: int, fine_tuning_epochs: int) -> tuple[float, float]:
    """The accuracies after fine-tuning one pretrained model with the ladder, and with one rate."""
    torch.manual_seed(seed)
    model = build()
    train(model, one_rate, digits(0), epochs)
    body = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("fc.")}
    return (
        fine_tune(body, ladder, seed, fine_tuning_epochs),
        fine_tune(body, one_rate, seed, fine_tuning_epochs),
    )


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description="Fine-tuning with a ladder of learning rates, and with one rate.")
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch")
    quick = parser.parse_args().quick
    results = []
    for seed in range(1 if quick else 3):
        results.append(compare(seed, *(1, 1) if quick else (EPOCHS, FINE_TUNING_EPOCHS)))
        print(f"seed {seed}: ladder {results[-1][0]:.1f} %, one rate {results[-1][1]:.1f} %", flush=True)
    of_ladder, of_one_rate = zip(*results, strict=True)
    print(f"mean:   ladder {mean(of_ladder):.1f} %, one rate {mean(of_one_rate):.1f} %")


if __name__ == "__main__":
    main()
