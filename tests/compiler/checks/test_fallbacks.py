"""LRS312: a fallback that sets more than a rate, also on what earlier rules have decided."""

from __future__ import annotations

import pytest

import lrspec
from tests.compiler.checks.linted import zoo
from tests.compiler.checks.marked import expected, found, spec

VIT, RESNET = zoo("vit_tiny_patch16_224"), zoo("resnet18")
ADAMW = "{type: AdamW, lr: 1e-3, weight_decay: 0.05}"
SGD = "{type: SGD, lr: 0.1, momentum: 0.9, weight_decay: 1e-4}"
TWO = "{a: {type: Adam, lr: 1e-3}, b: {type: SGD, lr: 0.05}}"
LADDER = "{name: depth, layers: ['^blocks\\.(\\d+)\\.', '^norm\\.', '^head\\.'], layer_decay: 0.75}"

WRONG = {
    "decay-for-the-rest": (
        RESNET,
        "{type: AdamW, lr: 1e-3}",
        "{match: '^fc\\.', lr_mult: 10}\n{fallback: true, lr_mult: 0.1, weight_decay: «0.05»}",
    ),
    "no-decay-for-the-rest": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr_mult: 0.1, weight_decay: «0»}",
    ),
    "a-multiple-of-the-decay": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr: 1e-3, weight_decay_mult: «0.1»}",
    ),
    "betas-for-the-rest": (
        VIT,
        ADAMW,
        "{match: '^head\\.', lr_mult: 10}\n{fallback: true, lr_mult: 1, options: {betas: «[0.9, 0.95]»}}",
    ),
    "a-factor-for-the-rest": (VIT, ADAMW, f"{LADDER}\n{{fallback: true, lr_mult: 1, lr_scale: «0.1»}}"),
    "an-optimizer-for-the-rest": (
        RESNET,
        TWO,
        "{match: '^layer4\\.', optimizer: a, lr_mult: 1}\n{match: '^fc\\.', lr_mult: 1}\n"
        "{fallback: true, optimizer: «b», lr_mult: 1}",
    ),
    "two-axes": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr_mult: 0.1, weight_decay: «0», options: {momentum: «0.8»}}",
    ),
    "behind-a-ladder": (VIT, ADAMW, f"{LADDER}\n{{fallback: true, lr_mult: 0.01, weight_decay: «0.2»}}"),
    "with-a-ladder-of-its-own": (
        VIT,
        ADAMW,
        "{match: '^head\\.', lr_mult: 10}\n"
        "{fallback: true, layers: ['^(cls|pos|patch)_', '^blocks\\.(\\d+)\\.', '^(?:head|norm)\\.'], layer_decay: 0.7, "
        "weight_decay: «0.2»}",
    ),
}
RIGHT = {
    "a-rate-only": (RESNET, ADAMW, "{match: '^fc\\.', lr_mult: 10}\n{fallback: true, lr_mult: 0.1}"),
    "repeated-in-the-earlier-rule": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1, weight_decay: 1e-4}\n{fallback: true, lr_mult: 0.1, weight_decay: 0}",
    ),
    "two-rules": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{where: {ndim: 1}, weight_decay: 0}\n{fallback: true, lr_mult: 0.1}",
    ),
    "no-rate": (RESNET, ADAMW, "{match: '^.+$', lr_mult: 1}\n{fallback: true, weight_decay: 0.2}"),
    "selects-only-the-rest": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, exclude: '^fc\\.', lr_mult: 0.1, weight_decay: 1e-3}",
    ),
    "what-the-optimizer-says": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr_mult: 0.1, weight_decay: 1e-4}",
    ),
    "what-the-class-says": (
        RESNET,
        "{type: AdamW, lr: 1e-3}",
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr_mult: 0.1, weight_decay: 0.01}",
    ),
    "the-default-optimizer": (
        RESNET,
        TWO,
        "{match: '^fc\\.', lr_mult: 1, optimizer: b}\n{match: '^layer4\\.', lr_mult: 1}\n"
        "{fallback: true, optimizer: a, lr_mult: 1}",
    ),
    "thawing-what-trains": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr_mult: 0.1, freeze: false}",
    ),
    "the-earlier-is-frozen": (
        RESNET,
        SGD,
        "{match: '^fc\\.', freeze: true}\n{fallback: true, lr_mult: 0.1, weight_decay: 1e-3}",
    ),
    "muon-for-the-matrices": (
        VIT,
        "{a: {type: AdamW, lr: 3e-4}, b: {type: Muon, lr: 0.02}}",
        "{match: '^head\\.', optimizer: a, lr_mult: 1}\n"
        "{where: {ndim: 2}, fallback: true, optimizer: b, lr_mult: 1}\n{fallback: true, lr_mult: 1}",
    ),
    "a-later-rule-says-the-same": (
        RESNET,
        SGD,
        "{match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr_mult: 0.1, weight_decay: 1e-3}\n"
        "{fallback: true, weight_decay: 1e-3, check: {shadowed-rule: ignore}}",
    ),
}


@pytest.mark.parametrize(("model", "optimizer", "rules"), WRONG.values(), ids=WRONG)
def test_a_fallback_that_reaches_beyond_the_rest_is_found(model: lrspec.Inventory, optimizer: str, rules: str) -> None:
    text = spec(rules, optimizer)
    assert found(text, model) == expected(text, "LRS312")


@pytest.mark.parametrize(("model", "optimizer", "rules"), RIGHT.values(), ids=RIGHT)
def test_a_fallback_that_changes_only_the_rest_is_fine(model: lrspec.Inventory, optimizer: str, rules: str) -> None:
    assert found(spec(rules, optimizer), model) == []


def test_the_finding_has_what_was_decided_and_not_the_rest() -> None:
    text = spec("{name: head, match: '^fc\\.', lr_mult: 1}\n{fallback: true, lr_mult: 0.1, weight_decay: 0.2}")
    (diagnostic,) = lrspec.check(lrspec.loads(text), RESNET)
    assert diagnostic.parameters == ("fc.weight", "fc.bias")
    assert "whose rate comes from `head`" in diagnostic.message
