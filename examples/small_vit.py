# Needs lrspec, and: pip install torch timm scikit-learn
"""Code shared by the training scripts: a model, data, and, for several processes, the final report.

The model is a small vision transformer that learns handwritten digits, at the rates of small-vit.lrspec.yaml. All
processes run on the CPU of one machine (gloo); on GPUs the backend is nccl, and nothing else changes for lrspec.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch
from sklearn.datasets import load_digits
from torch import Tensor, distributed, nn

import lrspec

SPEC = Path(__file__).parent / "small-vit.lrspec.yaml"
BATCH, STEPS = 64, 3

Parameters = dict[str, Tensor]
"""The unsharded values of parameters, by name."""

Training = Callable[[], tuple[Parameters, Parameters]]
"""Trains in a single process; returns the parameters before and after."""


def build() -> nn.Module:
    """The model, with the same random weights in every process; maps images (batch, 1, 8, 8) to scores (batch, 10)."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"img_size": 8, "patch_size": 2, "in_chans": 1, "embed_dim": 32, "depth": 4, "num_heads": 2}
    model: nn.Module = timm.create_model("vit_tiny_patch16_224", num_classes=10, **sizes)
    return model


def batch(step: int) -> tuple[Tensor, Tensor]:
    """The images and labels of a step, for all processes together."""
    bunch = load_digits()
    chosen = slice(step * BATCH, (step + 1) * BATCH)
    images = torch.tensor(bunch.images[chosen], dtype=torch.float32).unsqueeze(1) / 16
    return images, torch.tensor(bunch.target[chosen])


def own_share(step: int) -> tuple[Tensor, Tensor]:
    """This process's share of a batch."""
    rank, processes = distributed.get_rank(), distributed.get_world_size()
    images, labels = (whole.tensor_split(processes)[rank] for whole in batch(step))
    return images, labels


def train(model: nn.Module, optimizer: torch.optim.Optimizer) -> float:
    """Train a few steps in a single process, and return the last loss."""
    for step in range(STEPS):
        images, labels = batch(step)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float(loss.detach())


def train_alone() -> tuple[Parameters, Parameters]:
    """The parameters before and after the same steps in a single process."""
    model = build()
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    train(model, lrspec.build_optimizer(SPEC, model))
    return before, {name: tensor.detach() for name, tensor in model.named_parameters()}


def gathered(value: Any) -> list[Any]:
    """The values of all processes, in rank order."""
    values = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values


def show_plans(plan: lrspec.Plan, groups: list[dict[str, Any]]) -> None:
    """Require the plans of all processes to be equal to the byte, and print which groups each process has."""
    plans = gathered(json.dumps(plan.to_dict()).encode())
    if len(set(plans)) != 1:
        raise SystemExit("the processes have different plans")
    sizes = gathered((len(groups), sum(len(group["params"]) for group in groups)))
    if distributed.get_rank() == 0:
        print(f"one plan in {len(plans)} processes: {len(plan.groups or ())} groups, {len(plan.parameters)} parameters")
        for rank, (number, parameters) in enumerate(sizes):
            print(f"process {rank} has {number} groups with {parameters} parameters")


def show_difference(trained: Parameters, alone_by: Training = train_alone, steps: int = STEPS) -> None:
    """Print how far the parameters have moved, and how much they differ from those of a single process."""
    if distributed.get_rank() == 0:
        before, alone = alone_by()
        if trained.keys() != alone.keys():
            raise SystemExit("parameters are missing")
        print(f"{steps} steps moved the parameters by up to {_distance(trained, before):.1e}")
        print(f"the same steps in one process differ by up to {_distance(trained, alone):.1e}")
    distributed.barrier()  # all processes are connected to the first: none leaves while it still computes


def _distance(these: Parameters, those: Parameters) -> float:
    return max(float((these[name].detach() - those[name]).abs().max()) for name in those)
