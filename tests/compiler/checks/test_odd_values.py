"""LRS320: floors that are not below the factor, `betas` turned round, and `eps` above 1."""

from __future__ import annotations

import pytest

import lrspec
from tests.compiler.checks.linted import zoo
from tests.compiler.checks.marked import expected, found, spec

VIT = zoo("vit_tiny_patch16_224")
ADAMW = "{type: AdamW, lr: 1e-3}"
ALL = "{name: all, match: '^.+$', lr_mult: 1}"
LAYERS = "layers: ['^(cls|pos|patch)_', '^blocks\\.(\\d+)\\.', {join: '^norm\\.'}, '^head\\.']"

WRONG = {
    "floor-above": (ADAMW, f"{{{LAYERS}, layer_decay: {{factor: 0.75, min_mult: «0.9»}}}}"),
    "floor-and-factor-turned-round": (ADAMW, f"{{{LAYERS}, layer_decay: {{min_mult: «0.75», factor: 0.01}}}}"),
    "floor-of-1": (ADAMW, f"{{{LAYERS}, layer_decay: {{factor: 0.9, min_mult: «1»}}}}"),
    "floor-at": (ADAMW, f"{{{LAYERS}, layer_decay: {{factor: 0.5, min_mult: «0.5»}}}}"),
    "floor-in-percent": (ADAMW, f"{{{LAYERS}, layer_decay: {{factor: 0.05, min_mult: «0.1»}}, weight_decay: 0.1}}"),
    "betas-turned-round": ("{type: AdamW, lr: 1e-3, betas: «[0.999, 0.9]»}", ALL),
    "betas-of-a-rule": (ADAMW, f"{{match: '^head\\.', options: {{betas: «[0.99, 0.95]»}}}}\n{ALL}"),
    "betas-of-an-adam": ("{type: Adam, lr: 1e-3, betas: «[0.999, 0.99]»}", ALL),
    "betas-of-one-of-two": (
        "{a: {type: SGD, lr: 0.1}, b: {type: NAdam, lr: 1e-3, betas: «[0.995, 0.9]»}}",
        f"{{match: '^head\\.', optimizer: b}}\n{ALL}",
    ),
    "betas-of-a-rule-of-two": (
        "{a: {type: SGD, lr: 0.1}, b: {type: RAdam, lr: 1e-3}}",
        f"{{match: '^head\\.', optimizer: b, options: {{betas: «[0.999, 0.9]»}}}}\n{ALL}",
    ),
    "eps-without-its-sign": ("{type: AdamW, lr: 1e-3, eps: «1e8»}", ALL),
    "eps-of-a-rule": (ADAMW, f"{{match: '^head\\.', options: {{eps: «1e6»}}}}\n{ALL}"),
    "eps-of-another-class": ("{type: RMSprop, lr: 1e-3, eps: «8»}", ALL),
    "eps-of-a-class-that-is-not-known": ("{type: 'timm:lamb', lr: 1e-3, eps: «1e6»}", ALL),
    "eps-of-one-of-two": (
        "{a: {type: SGD, lr: 0.1}, b: {type: Adam, lr: 1e-3, eps: «2»}}",
        f"{{match: '^h', optimizer: b}}\n{ALL}",
    ),
    "both": ("{type: AdamW, lr: 1e-3, betas: «[0.999, 0.9]», eps: «1e8»}", ALL),
}
RIGHT = {
    "a-floor": (ADAMW, f"{{{LAYERS}, layer_decay: {{factor: 0.75, min_mult: 0.1}}}}"),
    "no-floor": (ADAMW, f"{{{LAYERS}, layer_decay: {{factor: 0.75}}}}"),
    "a-floor-of-0": (ADAMW, f"{{{LAYERS}, layer_decay: {{factor: 0.75, min_mult: 0}}}}"),
    "no-decay": (ADAMW, f"{{{LAYERS}, layer_decay: 1}}"),
    "usual-betas": ("{type: AdamW, lr: 1e-3, betas: [0.9, 0.999]}", ALL),
    "equal-betas": ("{type: AdamW, lr: 1e-3, betas: [0.99, 0.99]}", ALL),
    "slow-betas": ("{type: Adam, lr: 1e-3, betas: [0.99, 0.999]}", ALL),
    "betas-of-a-gan": ("{type: Adam, lr: 2e-4, betas: [0.5, 0.999]}", ALL),
    "a-fast-second-beta": ("{type: Adam, lr: 2e-4, betas: [0.9, 0.5]}", ALL),
    "no-second-moment": ("{type: Adam, lr: 2e-4, betas: [0.9, 0]}", ALL),
    "betas-of-another-class": ("{type: 'timm:lion', lr: 1e-4, betas: [0.99, 0.9]}", ALL),
    "a-usual-eps": ("{type: AdamW, lr: 1e-3, eps: 1e-6}", ALL),
    "eps-of-an-inception": ("{type: RMSprop, lr: 0.1, eps: 1.0}", ALL),
    "two-eps": ("{type: Adafactor, lr: 0.01, eps: [1e-30, 1e-3]}", ALL),
    "accepted": (
        "{type: AdamW, lr: 1e-3}",
        f"{{match: '^h', options: {{eps: 2}}, check: {{odd-value: ignore}}}}\n{ALL}",
    ),
}


@pytest.mark.parametrize(("optimizer", "rules"), WRONG.values(), ids=WRONG)
def test_an_odd_value_is_found(optimizer: str, rules: str) -> None:
    text = spec(rules, optimizer)
    assert found(text, VIT) == expected(text, "LRS320")


@pytest.mark.parametrize(("optimizer", "rules"), RIGHT.values(), ids=RIGHT)
def test_values_that_are_in_use_are_fine(optimizer: str, rules: str) -> None:
    assert found(spec(rules, optimizer), VIT) == []


def test_the_other_order_of_the_betas_is_the_advice() -> None:
    text = spec(ALL, "{type: AdamW, lr: 1e-3, betas: [0.999, 0.9]}")
    (diagnostic,) = lrspec.check(lrspec.loads(text), VIT)
    assert "betas: [0.9, 0.999]" in diagnostic.message
