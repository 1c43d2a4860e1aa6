"""A trainer builds the optimizer itself, and has no groups of the plan."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
