"""The stem is frozen when the spec is compiled already."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(plan, model)
    model.get_submodule("stem").requires_grad_(False)
    return optimizer
