"""Hydra builds optimizers from a spec in its configuration: `_target_: lrspec.build_optimizer`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

import lrspec
from tests.integration.processes import EXAMPLES
from tests.integration.test_callbacks import SPEC, Net


def assert_built(optimizer: torch.optim.Optimizer, lr: float = 1e-2) -> None:
    assert type(optimizer) is torch.optim.AdamW
    assert {group["name"]: group["lr"] for group in optimizer.param_groups} == {
        "body": lr * 0.1,
        "body/no-decay": lr * 0.1,
        "head": lr,
        "head/no-decay": lr,
    }
    assert all(type(group["lr"]) is float for group in optimizer.param_groups)


@pytest.mark.parametrize("convert", ["none", "partial", "object", "all"])
def test_a_spec_in_the_configuration_builds_an_optimizer(convert: str) -> None:
    target = {"_target_": "lrspec.build_optimizer", "_convert_": convert, "spec": SPEC.document.value}
    assert_built(instantiate(OmegaConf.create({"optimizer": target}).optimizer, model=Net()))


def test_a_target_may_be_called_later() -> None:
    target = {"_target_": "lrspec.build_optimizer", "_partial_": True, "spec": SPEC.document.value}
    assert_built(instantiate(OmegaConf.create(target))(model=Net()))


def test_values_of_the_spec_may_be_interpolated() -> None:
    base: Any = SPEC.document.value
    spec = base | {"optimizer": base["optimizer"] | {"lr": "${lr}"}}
    config = OmegaConf.create({"lr": 0.5, "optimizer": {"_target_": "lrspec.build_optimizer", "spec": spec}})
    assert_built(instantiate(config.optimizer, model=Net()), 0.5)


def test_a_spec_in_the_configuration_is_compiled() -> None:
    spec: Any = SPEC.document.value | {"schedules": {"main": [{"to": 0}]}}
    config = OmegaConf.create({"plan": {"_target_": "lrspec.compile", "spec": spec}})
    plan = instantiate(config.plan, model=Net())
    assert plan.rates_at(0, 4)["head"] == 1e-2


def hydra(folder: Path, *words: str) -> tuple[dict[str, float], float]:
    command = [sys.executable, str(EXAMPLES / "train_hydra.py"), *words]
    ran = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    rates, _, loss = ran.stdout.rpartition(" ")
    return ast.literal_eval(rates), float(loss)


@pytest.mark.slow
def test_the_example_trains_by_the_spec_and_by_what_overrides_it(tmp_path: Path) -> None:
    rates, loss = hydra(tmp_path)
    changed, other = hydra(tmp_path, "optimizer.spec.optimizer.lr=0.05", "optimizer.spec.rules.0.layer_decay=0.5")
    assert rates["depth.4"] == pytest.approx(0.08)
    assert changed["depth.4"] == pytest.approx(0.025)
    assert rates.keys() == changed.keys()
    assert loss != other


def test_a_mistake_in_the_configuration_is_reported_with_its_path() -> None:
    wrong: Any = {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": "fast"}, "rules": []}
    target = {"_target_": "lrspec.build_optimizer", "spec": wrong}
    with pytest.raises(Exception, match=r"lr") as caught:
        instantiate(OmegaConf.create(target), model=Net())
    assert isinstance(caught.value.__cause__, lrspec.SpecError)
