"""The optimizer for all that is no matrix was left out."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizers = lrspec.build_optimizers(plan, model)
    return {"muon": optimizers["muon"]}
