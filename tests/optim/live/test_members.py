"""Parameters of a model in live groups, and what else is there."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from lrspec.models.inventory import Inventory
from lrspec.models.walk import walk
from lrspec.optim.live.members import Members, members_of
from lrspec.optim.live.optimizers import live_optimizers


def found(model: nn.Module, *optimizers: Optimizer) -> Members:
    parameters = walk(model)
    return members_of(live_optimizers(list(optimizers)), Inventory.of(model, parameters), parameters)


def test_every_parameter_is_in_a_group_or_in_none() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    first.bias.requires_grad_(False)
    groups: list[dict[str, Any]] = [{"params": [first.bias, second.bias]}, {"params": []}, {"params": [first.weight]}]
    members = found(nn.Sequential(first, second), SGD(groups))
    assert {place: member.group for place, member in members.trained().items()} == {0: 2, 3: 0}
    assert members.frozen() == [1]
    assert members.without_group() == [2]
    assert [member.group for member in members.empty()] == [1]


def test_of_two_groups_of_a_parameter_the_first_counts() -> None:
    model = nn.Linear(2, 2)
    members = found(model, AdamW(model.parameters()), SGD([model.bias]))
    assert members.groups[1].optimizer.name == "adamw"
    assert [(place, member.optimizer.name) for place, member in members.again.items()] == [(1, "sgd")]


def test_a_tied_parameter_is_one() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    assert found(nn.Sequential(first, second), SGD([first.weight])).trained().keys() == {0}


def test_tensors_of_another_model_are_strangers() -> None:
    members = found(nn.Linear(2, 2), SGD(nn.Linear(2, 3).parameters()))
    assert list(members.strangers.values()) == [[[3, 2], [3]]]
    assert not members.trained()
