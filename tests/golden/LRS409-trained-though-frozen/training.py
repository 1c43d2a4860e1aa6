"""What the spec freezes is given to the optimizer."""

from __future__ import annotations

from typing import Any

from torch import nn

import lrspec


def train(plan: lrspec.Plan, model: nn.Module) -> Any:
    plan.freeze(model)
    optimizer = lrspec.build_optimizer(plan, model)
    stem = model.get_submodule("stem")
    optimizer.add_param_group({"params": list(stem.parameters()), "param_names": ["stem.weight", "stem.bias"]})
    return optimizer
