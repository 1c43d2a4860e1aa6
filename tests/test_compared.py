"""What docs/compared.md says of mmengine, which its snippets do not show: the everyday tests do not install it."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import nn

pytestmark = pytest.mark.slow


def groups(model: nn.Module, **paramwise: Any) -> dict[str, dict[str, Any]]:
    """The groups that mmengine makes, by the name of the parameter that each has."""
    from mmengine.optim import build_optim_wrapper

    optimizer = {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05}
    made = build_optim_wrapper(model, {"type": "OptimWrapper", "optimizer": optimizer, "paramwise_cfg": paramwise})
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {names[parameter]: group for group in made.optimizer.param_groups for parameter in group["params"]}


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return timm.create_model("resnet18")


def test_a_key_that_no_name_contains_changes_nothing(model: nn.Module) -> None:
    made = groups(model, custom_keys={"stem": {"lr_mult": 0.1}})
    assert {group["lr"] for group in made.values()} == {1e-3}
    assert len({id(group) for group in made.values()}) == 62


def test_a_misspelt_setting_becomes_a_key_of_the_group(model: nn.Module) -> None:
    made = groups(model, custom_keys={"layer1": {"lr_mul": 0.1}})
    assert (made["layer1.0.conv1.weight"]["lr"], made["layer1.0.conv1.weight"]["lr_mul"]) == (1e-3, 0.1)


def test_the_longest_key_counts_and_switches_the_decay_of_norms_off(model: nn.Module) -> None:
    made = groups(model, custom_keys={"layer1": {"lr_mult": 0.5}, "layer1.0": {}}, norm_decay_mult=0.0)
    assert (made["layer1.0.bn1.weight"]["lr"], made["layer1.1.bn1.weight"]["lr"]) == (1e-3, 5e-4)
    assert (made["bn1.weight"]["weight_decay"], made["layer1.1.bn1.weight"]["weight_decay"]) == (0, 0.05)


def test_a_key_is_found_behind_a_prefix(model: nn.Module) -> None:
    made = groups(nn.DataParallel(model), custom_keys={"layer1": {"lr_mult": 0.5}})
    assert made["module.layer1.0.conv1.weight"]["lr"] == 5e-4
    compiled: Any = torch.compile(model)
    assert groups(compiled, custom_keys={"layer1": {"lr_mult": 0.5}})["_orig_mod.layer1.0.conv1.weight"]["lr"] == 5e-4


def test_tied_parameters_are_refused() -> None:
    tied = nn.ModuleDict({"embedding": nn.Embedding(10, 4), "head": nn.Linear(4, 10, bias=False)})
    tied["head"].weight = tied["embedding"].weight
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        groups(tied, custom_keys={"head": {"lr_mult": 0.1}})
    assert groups(tied, custom_keys={"head": {"lr_mult": 0.1}}, bypass_duplicate=True)["embedding.weight"]["lr"] == 1e-3


def test_a_string_fails_without_its_key(model: nn.Module) -> None:
    with pytest.raises(TypeError, match="can't multiply sequence by non-int of type 'float'"):
        groups(model, custom_keys={"layer1": {"lr_mult": "0.5"}})
