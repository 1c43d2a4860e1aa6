"""Layer-wise decay as timm computes it, written as specs: the same rates and weight decays, for every parameter."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay  # type: ignore[attr-defined]
from torch import nn

import lrspec

LR, WEIGHT_DECAY = 1e-3, 0.05
TESTS = Path(__file__).parent.parent
CASES: list[dict[str, Any]] = json.loads((TESTS / "data" / "timm_layer_decay.json").read_text())["cases"]
SPECS = [
    "resnet18-layer-decay",
    "resnet18-steep",
    "vit_tiny_patch16_224-layer-decay",
    "vit_tiny_patch16_224-min-mult",
    "vit_tiny_patch16_224-decayed-norms",
    "swin_tiny_patch4_window7_224-layer-decay",
    "densenet121-layer-decay",
]
"""The spec of each case, in the order of the cases."""

Expected = dict[str, tuple[float, float]]
"""The learning rate's multiplier and the weight decay of each parameter."""

each_case = pytest.mark.parametrize(("case", "spec"), list(zip(CASES, SPECS, strict=True)), ids=SPECS)


@cache
def build(name: str) -> nn.Module:
    with torch.device("meta"):
        model: nn.Module = timm.create_model(name, pretrained=False)
    return model


def compiled(spec: str) -> lrspec.Plan:
    return lrspec.compile(TESTS / "timm_layer_decay" / f"{spec}.lrspec.yaml", build(spec.partition("-")[0]))


def recorded(case: dict[str, Any]) -> Expected:
    return {name: (scale, decay) for name, (scale, decay) in case["parameters"].items()}


def called(case: dict[str, Any]) -> Expected:
    """What timm's own function gives, by the names of the parameters."""
    model = build(case["model"])
    exempt: Collection[str] = getattr(model, "no_weight_decay", tuple)()
    groups = param_groups_layer_decay(
        model, weight_decay=WEIGHT_DECAY, no_weight_decay_list=exempt, **case["arguments"]
    )
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group["lr_scale"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }


def assert_same(plan: lrspec.Plan, expected: Expected) -> None:
    assert {planned.name for planned in plan.parameters} == set(expected)
    for planned in plan.parameters:
        scale, decay = expected[planned.name]
        assert planned.settings.lr == pytest.approx(LR * scale, rel=1e-12, abs=0), planned.name
        assert planned.settings.weight_decay == decay, planned.name


@each_case
def test_a_spec_gives_each_parameter_what_timm_gave_it(case: dict[str, Any], spec: str) -> None:
    assert case["model"] == spec.partition("-")[0]
    assert_same(compiled(spec), recorded(case))


@each_case
def test_a_spec_gives_each_parameter_what_timm_gives_it_now(case: dict[str, Any], spec: str) -> None:
    assert_same(compiled(spec), called(case))


@each_case
def test_a_spec_has_no_findings_and_as_many_groups_as_there_are_settings(case: dict[str, Any], spec: str) -> None:
    plan = compiled(spec)
    assert plan.diagnostics == ()
    assert plan.groups is not None
    assert len(plan.groups) == case["distinct_settings"]
    assert sorted(name for group in plan.groups for name in group.params) == sorted(case["parameters"])


@each_case
def test_a_spec_is_short(case: dict[str, Any], spec: str) -> None:
    text = (TESTS / "timm_layer_decay" / f"{spec}.lrspec.yaml").read_text()
    assert len(text.splitlines()) <= 25 < len(case["parameters"])


def test_each_spec_has_a_case() -> None:
    assert sorted(SPECS) == sorted(
        path.name.removesuffix(".lrspec.yaml") for path in (TESTS / "timm_layer_decay").iterdir()
    )
