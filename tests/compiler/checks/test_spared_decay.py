"""LRS317 and LRS318: scalars that an exemption leaves out, and exemptions from a weight decay that is not there."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lrspec
from tests.compiler.checks.linted import zoo
from tests.compiler.checks.marked import expected, found, spec

ALL = "{name: all, match: '^.+$', lr_mult: 1}"
ADAMW = "{type: AdamW, lr: 1e-3, weight_decay: 0.05}"
VIT, RESNET, NFNET = zoo("vit_tiny_patch16_224"), zoo("resnet18"), zoo("dm_nfnet_f0")
"""NFNet has gains without dimensions."""


class Clip(nn.Module):
    """Two towers and a temperature, as in CLIP."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = nn.Linear(4, 4), nn.Linear(4, 4)
        self.logit_scale = nn.Parameter(torch.tensor(2.6))


CLIP = lrspec.Inventory.from_model(Clip())
LOCKED = Clip()
LOCKED.logit_scale.requires_grad_(False)

SCALARS = {
    "temperature": (CLIP, ADAMW, "{where: {ndim: «1»}, weight_decay: 0}"),
    "gains": (NFNET, ADAMW, "{where: {ndim: «1»}, weight_decay: 0}"),
    "in-a-list": (CLIP, ADAMW, "{where: {ndim: «[1]»}, weight_decay: 0}"),
    "a-multiple": (CLIP, ADAMW, "{where: {ndim: «1»}, weight_decay_mult: 0}"),
    "by-name-too": (CLIP, ADAMW, "{match: '^\\w+(\\.bias)?$', where: {ndim: «1»}, weight_decay: 0}"),
    "the-classs-own-decay": (NFNET, "{type: AdamW, lr: 1e-3}", "{where: {ndim: «1»}, weight_decay: 0}"),
    "with-a-rate": (CLIP, ADAMW, "{where: {ndim: «1»}, weight_decay: 0, lr_scale: 2}"),
}
NOTHING = {
    "sgd": (RESNET, "{type: SGD, lr: 0.1, momentum: 0.9}", "{where: {ndim: [0, 1]}, weight_decay: «0»}"),
    "adam": (VIT, "{type: Adam, lr: 1e-3}", "{match: '\\.bias$', weight_decay: «0»}"),
    "zero": (VIT, "{type: AdamW, lr: 1e-3, weight_decay: 0}", "{where: {ndim: [0, 1]}, weight_decay: «0»}"),
    "a-multiple": (VIT, "{type: AdamW, lr: 1e-3, weight_decay: 0.0}", "{where: {ndim: 1}, weight_decay_mult: «0»}"),
    "norms-by-their-class": (VIT, "{type: RMSprop, lr: 1e-3}", "{where: {module: Norm}, weight_decay: «0.0»}"),
    "two-rules": (
        VIT,
        "{type: NAdam, lr: 1e-3}",
        "{where: {ndim: 1}, weight_decay: «0»}\n{match: ['^cls_token$', '^pos_embed$'], weight_decay: «0»}",
    ),
    "one-of-two-optimizers": (
        VIT,
        "{a: {type: Adam, lr: 1e-3}, b: {type: Muon, lr: 0.02, weight_decay: 0.1}}",
        "{match: '^blocks\\.', where: {ndim: 2}, optimizer: b}\n{where: {ndim: 1}, weight_decay: «0»}",
    ),
}
RIGHT = {
    "none-and-one": (CLIP, ADAMW, "{where: {ndim: [0, 1]}, weight_decay: 0}"),
    "no-scalars": (RESNET, ADAMW, "{where: {ndim: 1}, weight_decay: 0}"),
    "scalars-by-a-rule-of-their-own": (
        CLIP,
        ADAMW,
        "{match: '^logit_scale$', weight_decay: 0}\n{where: {ndim: 1}, weight_decay: 0}",
    ),
    "decay-on-purpose": (
        CLIP,
        ADAMW,
        "{match: '^logit_scale$', weight_decay: 0.01}\n{where: {ndim: 1}, weight_decay: 0}",
    ),
    "biases-by-name": (CLIP, ADAMW, "{match: '\\.bias$', where: {ndim: 1}, weight_decay: 0}"),
    "norms-by-their-class": (NFNET, ADAMW, "{where: {module: Linear, ndim: 1}, weight_decay: 0}"),
    "excluded": (
        CLIP,
        ADAMW,
        "{where: {ndim: 1}, exclude: '^logit_scale$', weight_decay: 0, check: {dead-exclude: ignore}}",
    ),
    "locked": (lrspec.Inventory.from_model(LOCKED), ADAMW, "{where: {ndim: 1}, weight_decay: 0}"),
    "a-rate-for-vectors": (CLIP, ADAMW, "{where: {ndim: 1}, lr_scale: 2}"),
    "a-little-decay": (CLIP, ADAMW, "{where: {ndim: 1}, weight_decay: 0.01, check: {mixed-decay: ignore}}"),
    "a-default": (VIT, "{type: AdamW, lr: 1e-3}", "{where: {ndim: [0, 1]}, weight_decay: 0}"),
    "a-class-that-is-not-known": (VIT, "{type: 'timm:lamb', lr: 1e-3}", "{where: {ndim: [0, 1]}, weight_decay: 0}"),
    "no-class": (VIT, "{lr: 1e-3}", "{where: {ndim: [0, 1]}, weight_decay: 0}"),
    "decay-by-a-rule": (
        VIT,
        "{type: Adam, lr: 1e-3}",
        "{where: {ndim: [0, 1]}, weight_decay: 0}\n{where: {ndim: [2, 3, 4]}, weight_decay: 0.05}",
    ),
    "decay-by-a-fallback": (
        VIT,
        "{type: Adam, lr: 1e-3}",
        "{where: {ndim: [0, 1]}, weight_decay: 0}\n{fallback: true, weight_decay: 0.05}",
    ),
    "all-but-the-spared-frozen": (
        VIT,
        "{type: Adam, lr: 1e-3, weight_decay: 0.05}",
        "{where: {ndim: [2, 3, 4]}, freeze: true}\n{where: {ndim: [0, 1]}, weight_decay: 0}",
    ),
    "of-two-optimizers-one-decays": (
        VIT,
        "{a: {type: Adam, lr: 1e-3}, b: {type: SGD, lr: 0.02, weight_decay: 1e-4}}",
        "{match: '^head\\.', optimizer: b}\n{where: {ndim: 1}, weight_decay: 0}",
    ),
}


@pytest.mark.parametrize(("model", "optimizer", "rules"), SCALARS.values(), ids=SCALARS)
def test_scalars_that_decay_beside_spared_vectors_are_found(
    model: lrspec.Inventory, optimizer: str, rules: str
) -> None:
    text = spec(f"{rules}\n{ALL}", optimizer)
    assert found(text, model) == expected(text, "LRS317")


@pytest.mark.parametrize(("model", "optimizer", "rules"), NOTHING.values(), ids=NOTHING)
def test_an_exemption_where_nothing_decays_is_found(model: lrspec.Inventory, optimizer: str, rules: str) -> None:
    text = spec(f"{rules}\n{ALL}", optimizer)
    assert found(text, model) == expected(text, "LRS318")


@pytest.mark.parametrize(("model", "optimizer", "rules"), RIGHT.values(), ids=RIGHT)
def test_exemptions_that_do_what_they_are_for_are_fine(model: lrspec.Inventory, optimizer: str, rules: str) -> None:
    every = ALL if "freeze" not in rules else "{name: rest, fallback: true, lr_mult: 1}"
    assert found(spec(f"{rules}\n{every}", optimizer), model) == []


def test_without_the_rule_a_later_one_would_give_decay() -> None:
    """Only vectors train: the fallback would give them the decay that the first rule takes away."""
    vectors = lrspec.Inventory.from_model(nn.LayerNorm(4))
    text = spec(
        "{where: {ndim: 1}, weight_decay: 0}\n{fallback: true, lr_mult: 1, weight_decay: 0.05}",
        "{type: Adam, lr: 1e-3}",
    )
    assert "LRS318" not in {code for code, *_ in found(text, vectors)}


def test_a_rule_that_selects_nothing_takes_nothing_away() -> None:
    text = spec(f"{{match: '^absent', where: {{ndim: 1}}, weight_decay: 0}}\n{ALL}")
    assert [code for code, *_ in found(text, CLIP)] == ["LRS203"]


def test_a_run_without_weight_decay_has_not_forgotten_it() -> None:
    file = lrspec.loads(spec(f"{{where: {{ndim: [0, 1]}}, weight_decay: 0}}\n{ALL}"))
    assert lrspec.check(file, RESNET, weight_decay=0) == []
    assert lrspec.check(file.override({"optimizer.weight_decay": 0.0}), RESNET) == []
    assert lrspec.check(file.override({"optimizer": {"type": "SGD", "lr": 0.1}}), RESNET) == []
    file = lrspec.loads(spec(f"{{where: {{ndim: [0, 1]}}, weight_decay: 0}}\n{ALL}", "{type: SGD, lr: 0.1}"))
    (forgotten,) = lrspec.check(file.override({"optimizer.lr": 0.2}), RESNET)
    assert forgotten.code == "LRS318"


def test_the_scalars_are_listed() -> None:
    text = spec(f"{{where: {{ndim: 1}}, weight_decay: 0}}\n{ALL}")
    (diagnostic,) = lrspec.check(lrspec.loads(text), NFNET)
    assert set(diagnostic.parameters) == {each.name for each in NFNET.parameters if each.shape == ()}


def test_a_regex_that_is_slow_on_scalars_only_is_said_to_be_unjudged() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.b = nn.Linear(2, 2)
            self.register_parameter("a" * 40, nn.Parameter(torch.tensor(0.0)))

    text = spec(f"{{match: «'^(?:b\\.bias|(a+)+b)$'», where: {{ndim: 1}}, weight_decay: 0}}\n{ALL}")
    assert expected(text, "LRS317")[0] in found(text, lrspec.Inventory.from_model(Named()))
