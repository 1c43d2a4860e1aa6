"""OneCycleLR is given one rate, and all groups go up to it."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(plan, model)
    return optimizer, OneCycleLR(optimizer, max_lr=1e-3, total_steps=100, cycle_momentum=False)
