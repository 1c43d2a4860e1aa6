"""A list of parameters is changed after torch has looked at it."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(plan, model)
    optimizer.param_groups[0]["params"].append(model.get_parameter("head.weight"))
    return optimizer
