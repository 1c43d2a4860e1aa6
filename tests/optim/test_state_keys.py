"""What the table says that torch's optimizers keep, held against what they keep."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import Optimizer

from lrspec.optim.state_keys import STATE_KEYS
from lrspec.spec.torch_optim import ARGUMENTS


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_table_of_states_is_torchs(name: str) -> None:
    cls, keys = getattr(torch.optim, name), STATE_KEYS[name]
    plain = [state_of(cls, shape, {}) for shape in ((3, 3), (3,)) if name != "Muon" or len(shape) == 2]
    by_option = {option: state_of(cls, (3, 3), {option: True}) for option in keys.by_option}
    momentum = [state_of(cls, (3, 3), {"momentum": 0.9})] if name == "SGD" else []
    assert frozenset().union(*plain, *by_option.values(), *momentum) == keys.possible
    for option, state in by_option.items():
        assert state - state_of(cls, (3, 3), {}) == {keys.by_option[option]}
    for key in frozenset.intersection(*plain):
        assert (key in keys.needed) is fails_without(cls, key)


def one_step(cls: Any, shape: tuple[int, ...], options: dict[str, Any]) -> tuple[Optimizer, nn.Parameter]:
    parameter, grad = nn.Parameter(torch.ones(shape)), torch.ones(shape)
    parameter.grad = grad.to_sparse() if cls is torch.optim.SparseAdam else grad
    optimizer = cls([parameter], lr=0.1, **options)
    optimizer.step()
    return optimizer, parameter


def state_of(cls: Any, shape: tuple[int, ...], options: dict[str, Any]) -> frozenset[str]:
    optimizer, parameter = one_step(cls, shape, options)
    return frozenset(optimizer.state[parameter])


def fails_without(cls: Any, key: str) -> bool:
    optimizer, parameter = one_step(cls, (3, 3), {})
    del optimizer.state[parameter][key]
    try:
        optimizer.step()
    except KeyError:
        return True
    return False
