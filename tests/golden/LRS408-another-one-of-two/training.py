"""A matrix that is Muon's in the spec is added to AdamW."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    optimizers = lrspec.build_optimizers(plan, model)
    moved = optimizers["muon"].param_groups[0]["params"].pop()
    optimizers["muon"].param_groups[0]["param_names"].pop()
    optimizers["adamw"].add_param_group({"params": [moved], "param_names": ["blocks.1.weight"]})
    return optimizers
