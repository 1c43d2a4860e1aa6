"""LRS310 and LRS319: a rate where a multiple was meant, and the other way round."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lrspec
from tests.compiler.checks.linted import zoo
from tests.compiler.checks.marked import expected, found, spec

REST = "{name: rest, fallback: true, lr_mult: 1}"
ADAMW = "{type: AdamW, lr: 1e-3, weight_decay: 0.05}"
VIT, RESNET = zoo("vit_tiny_patch16_224"), zoo("resnet18")


class Clip(nn.Module):
    """Two towers and a temperature, as in CLIP."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = nn.Linear(4, 4), nn.Linear(4, 4)
        self.logit_scale = nn.Parameter(torch.tensor(2.6))
        self.logit_bias = nn.Parameter(torch.zeros(1))


CLIP = lrspec.Inventory.from_model(Clip())
TWO = "{a: {type: Adam, lr: 1e-3}, b: {type: SGD, lr: 0.05}}"
B = "{match: '^layer', optimizer: b}"

RATES = {
    "a-tenth-for-the-backbone": (RESNET, ADAMW, "{match: '^(conv1|bn1|layer\\d)\\.', lr: «0.1»}"),
    "a-fallback": (VIT, ADAMW, "{match: '^head\\.', lr_mult: 1}\n{fallback: true, lr: «0.1»}"),
    "half-for-the-last-block": (VIT, "{type: Adam, lr: 3e-4}", "{match: '^blocks\\.11\\.', lr: «0.5»}"),
    "one-for-the-head": (VIT, "{type: NAdam, lr: 2e-3}", "{match: '^head\\.', lr: «1»}"),
    "the-class-has-the-rate": (VIT, "{type: AdamW}", "{match: '^.+$', lr: «0.1»}"),
    "adamaxs-own-rate": (VIT, "{type: Adamax}", "{match: '^.+$', lr: «0.25»}"),
    "a-ladder": (VIT, ADAMW, "{layers: ['^blocks\\.(\\d+)\\.', '^head\\.'], layer_decay: 0.75, lr: «0.2»}"),
    "exactly-ten-times": (VIT, "{type: RAdam, lr: 0.01}", "{match: '^head\\.', lr: «0.1»}"),
    "for-one-of-two": (RESNET, TWO, f"{{match: '^fc\\.', lr: «0.1»}}\n{B}\n{REST}"),
}
RIGHT_RATES = {
    "a-multiple": (VIT, ADAMW, "{match: '^head\\.', lr_mult: 0.1}"),
    "sgd": (RESNET, "{type: SGD, lr: 0.01, momentum: 0.9}", "{match: '^fc\\.', lr: 0.1}"),
    "a-usual-rate": (VIT, ADAMW, "{match: '^head\\.', lr: 1e-2}"),
    "near-the-optimizers": (VIT, "{type: Adam, lr: 0.05}", "{match: '^head\\.', lr: 0.1}"),
    "a-temperature": (CLIP, ADAMW, "{match: '^logit_scale$', lr: 0.1, weight_decay: 0}"),
    "temperature-and-bias": (CLIP, ADAMW, "{match: '^logit_', lr: 0.1, weight_decay: 0}"),
    "lion": (VIT, "{type: 'timm:lion', lr: 1e-4}", "{match: '^head\\.', lr: 0.1}"),
    "muon": (
        VIT,
        "{a: {type: AdamW, lr: 1e-3}, b: {type: Muon, lr: 0.02}}",
        "{match: '^blocks\\.', where: {ndim: 2}, optimizer: b, lr: 0.2}",
    ),
    "accepted": (VIT, ADAMW, "{match: '^head\\.', lr: 0.1, check: {rate-for-multiple: ignore}}"),
    "frozen": (VIT, "{type: AdamW, lr: 1e-3}", "{match: '^blocks\\.', freeze: true}"),
}
MULTIPLES = {
    "the-same-rate": (VIT, ADAMW, "{match: '^head\\.', lr_mult: «1e-3»}"),
    "spelt-otherwise": (RESNET, ADAMW, "{match: '^fc\\.', lr_mult: «0.001»}"),
    "a-fallback": (VIT, "{type: SGD, lr: 5e-3}", "{match: '^head\\.', lr: 1e-2}\n{fallback: true, lr_mult: «0.005»}"),
    "weight-decay": (VIT, ADAMW, "{match: '^head\\.', lr_mult: 1, weight_decay_mult: «0.05»}"),
    "both": (VIT, ADAMW, "{match: '^head\\.', lr_mult: «1e-3», weight_decay_mult: «0.05»}"),
    "of-one-of-two": (RESNET, TWO, f"{{match: '^fc\\.', lr_mult: «1e-3»}}\n{B}\n{REST}"),
    "of-both": (
        RESNET,
        "{a: {type: AdamW, lr: 1e-3}, b: {type: SGD, lr: 1e-3}}",
        "{match: '^fc\\.', optimizer: b}\n{match: '^.+$', lr_mult: «1e-3»}",
    ),
}
RIGHT_MULTIPLES = {
    "once": (VIT, ADAMW, "{match: '^head\\.', lr_mult: 1}"),
    "a-thousandth": (VIT, "{type: AdamW, lr: 3e-4}", "{match: '^head\\.', lr_mult: 1e-3}"),
    "a-tenth-of-a-tenth": (RESNET, "{type: SGD, lr: 0.1}", "{match: '^fc\\.', lr_mult: 0.1}"),
    "a-hundredth": (RESNET, "{type: SGD, lr: 0.01}", "{match: '^fc\\.', lr_mult: 0.01}"),
    "no-decay": (
        VIT,
        "{type: X.Y, lr: 1e-3, weight_decay: 0}",
        "{match: '^head\\.', lr_mult: 1, weight_decay_mult: 0}",
    ),
    "a-tenth-of-the-decay": (
        VIT,
        "{type: AdamW, lr: 1e-3, weight_decay: 0.1}",
        "{match: '^head\\.', lr_mult: 1, weight_decay_mult: 0.1}",
    ),
    "the-absolute-value": (VIT, ADAMW, "{match: '^head\\.', lr: 1e-3, weight_decay: 0.05}"),
}


def rules(lines: str) -> str:
    return lines if "fallback" in lines or "'^.+$'" in lines else f"{lines}\n{REST}"


@pytest.mark.parametrize(("model", "optimizer", "lines"), RATES.values(), ids=RATES)
def test_a_rate_that_looks_like_a_multiple_is_found(model: lrspec.Inventory, optimizer: str, lines: str) -> None:
    text = spec(rules(lines) if "lr:" in optimizer else lines, optimizer)
    assert found(text, model) == expected(text, "LRS310")


@pytest.mark.parametrize(("model", "optimizer", "lines"), MULTIPLES.values(), ids=MULTIPLES)
def test_a_multiple_that_looks_like_a_rate_is_found(model: lrspec.Inventory, optimizer: str, lines: str) -> None:
    text = spec(rules(lines), optimizer)
    assert found(text, model) == expected(text, "LRS319")


RIGHT = RIGHT_RATES | RIGHT_MULTIPLES


@pytest.mark.parametrize(("model", "optimizer", "lines"), RIGHT.values(), ids=RIGHT)
def test_rates_and_multiples_that_are_meant_are_fine(model: lrspec.Inventory, optimizer: str, lines: str) -> None:
    assert found(spec(rules(lines), optimizer), model) == []


def test_parameters_without_known_shapes_are_not_taken_for_single_elements() -> None:
    text = spec(rules("{match: '^head', lr: «0.1»}"))
    assert found(text, lrspec.Inventory.from_names(["logit_scale", "head.weight"])) == expected(text, "LRS310")


def test_the_numbers_are_those_of_the_file_whatever_a_run_replaces() -> None:
    rate = lrspec.loads(spec(f"{{match: '^fc', lr: 0.5}}\n{REST}", "{type: AdamW, lr: 0.1}"))
    assert lrspec.check(rate, RESNET, lr=0.001) == []
    high = lrspec.loads(spec(f"{{match: '^fc', lr: 0.5}}\n{REST}", "{type: AdamW, lr: 0.001}"))
    assert [each.code for each in lrspec.check(high, RESNET, lr=0.1)] == ["LRS310"]
    multiple = lrspec.loads(spec(f"{{match: '^fc', lr_mult: 0.001}}\n{REST}", "{type: AdamW, lr: 0.1}"))
    assert lrspec.check(multiple, RESNET, lr=0.001) == [], "a sweep comes by that number, too"
