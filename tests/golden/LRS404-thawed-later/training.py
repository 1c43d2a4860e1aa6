"""What the spec freezes is thawed again, and nothing trains it."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    plan.freeze(model)
    optimizer = lrspec.build_optimizer(plan, model)
    model.requires_grad_(True)
    return optimizer
