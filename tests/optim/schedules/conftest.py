"""A model of four layers, with the plan of a test module's `SPEC`, and an optimizer of its groups."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim import Optimizer

import lrspec


@pytest.fixture
def model() -> nn.Module:
    return nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))


@pytest.fixture
def plan(request: pytest.FixtureRequest, model: nn.Module) -> lrspec.Plan:
    return lrspec.compile(lrspec.loads(request.module.SPEC), model)


@pytest.fixture
def optimizer(plan: lrspec.Plan, model: nn.Module) -> Optimizer:
    return torch.optim.AdamW(plan.param_groups(model))
