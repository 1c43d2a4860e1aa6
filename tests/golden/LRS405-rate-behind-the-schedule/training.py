"""The rates are set once more, behind the scheduler's back."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = lrspec.build_scheduler(plan, optimizer, 100)
    optimizer.step()
    scheduler.step()
    optimizer.param_groups[0]["lr"] = 1e-4
    return optimizer, scheduler
