"""A layer is added when the spec is compiled already."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(plan, model)
    model.add_module("extra", nn.Linear(4, 2))
    return optimizer
