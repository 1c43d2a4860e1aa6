"""LRS216: rules that set a rate and train nothing, since the model has frozen what they select."""

from __future__ import annotations

import pytest
import timm
from torch import nn

import lrspec
from tests.compiler.checks.marked import expected, found, spec


def probed(model: nn.Module) -> nn.Module:
    """The model as a plan for a linear probe leaves it: only the classifier trains."""
    probe = lrspec.loads(
        spec(
            """{name: head, match: '^(fc|head)\\.', lr_mult: 1}
            {name: rest, fallback: true, freeze: true}"""
        )
    )
    lrspec.compile(probe, model).freeze(model)
    return model


RESNET = lrspec.Inventory.from_model(probed(timm.create_model("resnet18")))
VIT = lrspec.Inventory.from_model(probed(timm.create_model("vit_tiny_patch16_224")))
HEADS = {name: f"{{name: head, match: '^{name}\\.', lr_mult: 1}}" for name in ("fc", "head")}

WRONG = {
    "the-last-stage": (RESNET, "{name: last, match: «'^layer4\\.'», lr_mult: 0.1}"),
    "an-absolute-rate": (RESNET, "{name: last, match: «['^layer3\\.', '^layer4\\.']», lr: 1e-5}"),
    "a-ladder": (
        VIT,
        "{name: depth, layers: «['^(cls_token|pos_embed|patch_embed)', '^blocks\\.(\\d+)\\.', '^norm\\.']», "
        "layer_decay: 0.75}",
    ),
    "norms-by-their-class": (VIT, "«{name: norms, where: {module: Norm}, lr_mult: 1}»"),
    "with-other-settings": (VIT, "{name: blocks, match: «'^blocks\\.1[01]\\.'», lr_mult: 0.1, weight_decay: 0}"),
    "all-but-the-head": (RESNET, "«{name: body, fallback: true, exclude: '^fc\\.', lr_mult: 0.1}»"),
    "some-by-a-rule": (
        RESNET,
        "{name: stem, match: '^(conv1|bn1)\\.', freeze: true}\n"
        "{name: body, match: «'^(conv1|bn1|layer\\d)\\.'», lr_mult: 0.1}",
    ),
}
RIGHT = {
    "unfrozen": (RESNET, "{name: last, match: '^layer4\\.', lr_mult: 0.1, freeze: false}"),
    "unfrozen-by-another-rule": (
        RESNET,
        "{name: last, match: '^layer4\\.', lr_mult: 0.1}\n{name: thawed, match: '^layer4\\.', freeze: false}",
    ),
    "for-two-phases": (RESNET, "{name: last, match: '^layer4\\.', lr_mult: 0.1, optional: true}"),
    "some-of-it-trains": (RESNET, "{name: last, match: '^(layer4|fc)\\.', lr_mult: 0.1, fallback: true}"),
    "a-fallback-for-whatever-trains": (RESNET, "{name: rest, fallback: true, lr_mult: 0.1}"),
    "frozen-by-both": (RESNET, "{name: last, match: '^layer4\\.', freeze: true}"),
    "a-ladder-down-from-what-trains": (
        VIT,
        "{name: depth, layers: ['^blocks\\.(\\d+)\\.', {join: '^norm\\.'}, '^head\\.'], layer_decay: 0.75}",
    ),
}


@pytest.mark.parametrize(("model", "rules"), WRONG.values(), ids=WRONG)
def test_a_rate_for_what_the_model_has_frozen_is_an_error(model: lrspec.Inventory, rules: str) -> None:
    text = spec(f"{rules}\n{HEADS['fc' if model is RESNET else 'head']}")
    assert found(text, model) == expected(text, "LRS216")


@pytest.mark.parametrize(("model", "rules"), RIGHT.values(), ids=RIGHT)
def test_a_rate_for_what_trains_is_fine(model: lrspec.Inventory, rules: str) -> None:
    trains_it = "fallback" in rules or "head" in rules
    head = "" if trains_it else HEADS["fc" if model is RESNET else "head"]
    assert found(spec(f"{rules}\n{head}" if head else rules), model) == []


@pytest.mark.parametrize(
    "rule", ["weight_decay: 0", "lr_scale: 2", "options: {betas: [0.9, 0.95]}", "weight_decay_mult: 2"]
)
def test_what_sets_no_rate_on_what_is_frozen_is_a_warning_as_before(rule: str) -> None:
    text = spec(f"{{name: last, match: «'^layer4\\.'», {rule}}}\n{HEADS['fc']}")
    assert found(text, RESNET) == expected(text, "LRS206")


def test_a_rate_for_what_a_rule_has_frozen_is_a_warning_as_before() -> None:
    text = spec(
        f"""{{name: body, match: '^layer4\\.', freeze: true}}
        {{name: last, match: «'^layer4\\.'», lr_mult: 0.1}}
        {HEADS["fc"]}"""
    )
    assert found(text, RESNET) == expected(text, "LRS206")


def test_nothing_is_left_of_a_spec_that_trains_nothing() -> None:
    text = spec("{name: last, match: '^layer4\\.', lr_mult: 0.1}\n" + HEADS["fc"])
    with pytest.raises(lrspec.SpecError, match="freeze: false"):
        lrspec.compile(lrspec.loads(text), RESNET)
