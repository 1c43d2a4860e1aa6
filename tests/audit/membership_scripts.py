"""Scripts about where parameters are: LRS501 to LRS504."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tests.audit.cases import mistake, right


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


@mistake("LRS501", "2.weight 2.bias", "add_param_group")
def the_head_is_in_no_group() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.SGD([*model[0].parameters(), *model[1].parameters()], lr=0.1)


@right
def everything_in_one_group() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(model.parameters())
