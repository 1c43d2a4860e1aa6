"""A checkpoint whose groups have another order is loaded as torch loads it, by position."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    groups = plan.param_groups(model)
    for group in groups:
        group["params"].reverse()
        group["param_names"].reverse()
    saved = torch.optim.AdamW(groups).state_dict()
    optimizer = lrspec.build_optimizer(plan, model)
    optimizer.load_state_dict(saved)
    return optimizer
