# Needs lrspec, and: pip install timm torch
"""A mistake that trains on without a word: the head is replaced after the optimizer was made.

lrspec audit py:replaced_head.py:build
"""

from __future__ import annotations

import timm
import torch


def build() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """Return a model and its optimizer, which has the head that the model had before."""
    model = timm.create_model("resnet18")
    backbone = [parameter for name, parameter in model.named_parameters() if not name.startswith("fc.")]
    head = [*model.get_submodule("fc").parameters()]
    optimizer = torch.optim.AdamW([{"params": head, "lr": 1e-3}, {"params": backbone, "lr": 1e-4}])
    model.fc = torch.nn.Linear(512, 10)
    return model, optimizer
