"""The frozen stem has a batch norm, without parameters of its own, in training mode."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    model.get_submodule("stem").add_module("norm", nn.BatchNorm1d(4, affine=False))
    plan.freeze(model)
    return lrspec.build_optimizer(plan, model)
