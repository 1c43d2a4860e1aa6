"""The groups are given to an optimizer of another class."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    return torch.optim.Adam(plan.param_groups(model))
