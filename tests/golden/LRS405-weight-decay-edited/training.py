"""Weight decay is set for all groups, those of norms and biases among them."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(plan, model)
    for group in optimizer.param_groups:
        group["weight_decay"] = 0.05
    return optimizer
