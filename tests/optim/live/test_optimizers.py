"""How live optimizers are named."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn
from torch.optim import SGD, AdamW, Muon

from lrspec.optim.live.optimizers import live_optimizers, renamings, with_names


def adamw() -> AdamW:
    return AdamW([nn.Parameter()])


def names(optimizer: Any) -> list[str]:
    return [each.name for each in live_optimizers(optimizer)]


def test_optimizers_of_a_list_are_called_after_their_classes() -> None:
    assert names([adamw(), adamw(), SGD([nn.Parameter()])]) == ["adamw", "adamw-2", "sgd"]


@pytest.mark.parametrize("optimizer", [adamw(), [adamw()], {"adamw": adamw()}])
def test_one_is_the_only_one(optimizer: Any) -> None:
    assert names(optimizer) == ["optimizer"]
    assert renamings(optimizer) == []


def test_names_that_no_spec_has_become_some_that_it_has() -> None:
    optimizers = {"body/1": adamw(), "rest": adamw()}
    assert names(optimizers) == ["body_1", "rest"]
    assert renamings(optimizers) == [("body/1", "body_1")]


def test_thousands_are_numbered_in_their_order() -> None:
    found = [name for name, _ in with_names([adamw()] * 5000)]
    assert found == ["adamw", *(f"adamw-{number}" for number in range(2, 5001))]


def test_an_optimizer_of_matrices_only_is_not_the_default() -> None:
    assert names({"muon": Muon([nn.Parameter(nn.Linear(2, 2).weight)]), "adamw": adamw()}) == ["adamw", "muon"]
