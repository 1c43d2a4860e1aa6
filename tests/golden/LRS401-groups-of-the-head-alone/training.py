"""Somebody trains the head first, and picks its groups."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    groups = [group for group in plan.param_groups(model) if group["name"].startswith("head")]
    return torch.optim.AdamW(groups)
