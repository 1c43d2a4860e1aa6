"""Ladders that run against the model, and joins of what stands before their layer: LRS308 and LRS309."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import nn

import lrspec


def zoo(name: str, **arguments: Any) -> lrspec.Inventory:
    with torch.device("meta"):
        return lrspec.Inventory.from_model(timm.create_model(name, **arguments))


RESNET, VIT, CONVNEXT = zoo("resnet18"), zoo("vit_tiny_patch16_224"), zoo("convnext_tiny")
BODY = lrspec.Inventory.from_model(nn.Sequential(*(nn.Linear(2, 2) for _ in range(12))))


def ladder(*layers: str) -> str:
    return f"""lrspec: 1
optimizer: {{type: AdamW, lr: 1e-3}}
rules:
  - layers: [{", ".join(layers)}]
    layer_decay: 0.7
  - {{name: rest, fallback: true, lr_mult: 0.1}}
"""


def found(spec: str, inventory: lrspec.Inventory, code: str) -> list[lrspec.Diagnostic]:
    return [each for each in lrspec.check(lrspec.loads(spec), inventory) if each.code == code]


UPSIDE_DOWN = {
    "stages of a resnet": (
        RESNET,
        [r"'^fc\.'", r"'^layer4\.'", r"'^layer3\.'", r"'^layer2\.'", r"'^layer1\.'", "'^conv1'"],
    ),
    "the head before blocks that are in order": (
        VIT,
        [r"'^head\.'", "'^norm'", r"'^blocks\.(\d+)\.'", "'^patch_embed'"],
    ),
    "a stem that is listed behind the head": (VIT, [r"'^blocks\.(\d+)\.'", r"'^head\.'", "'_embed'"]),
    "a norm that is listed behind the head": (
        CONVNEXT,
        ["'^stem'", r"'^stages\.(\d+)'", r"'^head\.fc'", r"'^head\.norm'"],
    ),
    "a model without a head": (BODY, ["'^11'", "'^10'", "'^9'", "'^[0-8]'"]),
    "three entries with a join between": (BODY, ["'^11'", "{join: '^9'}", "'^10'", "'^[0-8]'"]),
}
IN_ORDER = {
    "stages of a resnet": (RESNET, ["'^(?:conv1|bn1)'", r"'^layer(\d)\.(\d)'", r"'^fc\.'"]),
    "a layer for each parameter": (RESNET, ["'^(.+)$'"]),
    "two entries only": (BODY, ["'^11'", r"'^\d\.'"]),
    "blocks whose ends overlap": (BODY, ["'^[2-9]'", "'^(?:0|10)'", "'^(?:1|11)'"]),
    "a norm that goes with the head": (VIT, ["'_embed|_token'", r"'^blocks\.(\d+)\.'", "['^norm', '^head']"]),
    "a norm that goes with the last block": (VIT, [r"'^blocks\.(\d+)\.'", "{join: '^norm'}", r"'^head\.'"]),
    "a head that a join puts on a layer": (VIT, ["'_embed|_token'", r"{join: '^head\.'}", r"'^blocks\.(\d+)\.'"]),
    "a distilled model with two heads": (
        zoo("deit_tiny_distilled_patch16_224"),
        ["'_embed|_token'", r"'^blocks\.(\d+)\.'", "'^norm'", r"'^head\.'", r"'^head_dist\.'"],
    ),
}


@pytest.mark.parametrize("case", UPSIDE_DOWN)
def test_a_ladder_against_the_model_is_reported_at_its_layers(case: str) -> None:
    inventory, layers = UPSIDE_DOWN[case]
    (one,) = found(ladder(*layers), inventory, "LRS308")
    assert (one.line, one.column) == (4, 13)


@pytest.mark.parametrize("case", IN_ORDER)
def test_a_ladder_in_the_order_of_the_model_is_not(case: str) -> None:
    inventory, layers = IN_ORDER[case]
    assert found(ladder(*layers), inventory, "LRS308") == []


def test_the_declared_head_may_stand_first_in_the_model() -> None:
    columns = RESNET.parameters
    head_first = lrspec.Inventory([*columns[-2:], *columns[:-2]])
    layers = [r"'^layer4\.'", r"'^layer3\.'", r"'^fc\.'"]
    assert found(ladder(*layers), head_first, "LRS308") == []
    unknown = [lrspec.Parameter(p.name, shape=p.shape, module=p.module, declared=None) for p in head_first.parameters]
    assert len(found(ladder(*layers), lrspec.Inventory(unknown), "LRS308")) == 1, "it is not known to be a head"


def test_a_head_that_is_an_embedding_may_be_on_an_early_layer() -> None:
    names = ["embed.weight", "blocks.0.weight", "blocks.1.weight"]
    declared = [("embedding", "head"), (), ()]
    inventory = lrspec.Inventory(
        [lrspec.Parameter(name, shape=(2, 2), declared=each) for name, each in zip(names, declared, strict=True)]
    )
    assert found(ladder("'^embed'", r"'^blocks\.(\d+)'"), inventory, "LRS308") == []


def test_frozen_parameters_do_not_count() -> None:
    spec = ladder("'^11'", "'^10'", "'^[0-9]\\.'").replace("rules:", "rules:\n  - {match: '^10', freeze: true}")
    assert found(spec, BODY, "LRS308") == []


DOWNSAMPLE = r"'^stages\.(\d+)\.downsample\.'"
BLOCKS = r"'^stages\.(\d+)\.blocks\.(\d+)\.'"
SWIN = zoo("swin_tiny_patch4_window7_224")
HIERA = lrspec.Inventory.from_names(
    [f"stages.{stage}.{rest}" for stage in (0, 1) for rest in ("scale", "reduce.weight", "blocks.0.w", "blocks.1.w")]
)
EARLY = {
    "the downsampling of convnext": (CONVNEXT, ["'^stem'", BLOCKS, f"{{join: {DOWNSAMPLE}}}", "'^head'"], DOWNSAMPLE),
    "said to be the last": (CONVNEXT, ["'^stem'", BLOCKS, f"{{join: {DOWNSAMPLE}, to: last}}", "'^head'"], DOWNSAMPLE),
    "of a swin transformer": (
        SWIN,
        ["'^patch'", r"'^layers\.(\d+)\.blocks\.(\d+)'", r"{join: '^layers\.(\d+)\.downsample'}"],
        r"'^layers\.(\d+)\.downsample'",
    ),
    "one regex of two": (
        CONVNEXT,
        ["'^stem'", BLOCKS, r"{join: ['^stages\.(\d+)\.later', '^stages\.(\d+)\.down']}"],
        r"'^stages\.(\d+)\.down'",
    ),
    "beside parameters of the stage": (
        HIERA,
        [BLOCKS, r"{join: '^stages\.(\d+)\.(?:scale|reduce)'}"],
        r"'^stages\.(\d+)\.(?:scale|reduce)'",
    ),
}
LATE = {
    "to the first": (CONVNEXT, ["'^stem'", BLOCKS, f"{{join: {DOWNSAMPLE}, to: first}}", "'^head'"]),
    "after the blocks": (
        zoo("densenet121"),
        [r"'denseblock(\d+)\.denselayer(\d+)'", r"{join: 'transition(\d+)'}", "'^classifier'"],
    ),
    "without captures": (CONVNEXT, ["'^stem'", BLOCKS, r"{join: '^stages\.\d+\.downsample\.'}"]),
    "one layer to a stage": (CONVNEXT, ["'^stem'", r"'^stages\.(\d+)\.blocks'", f"{{join: {DOWNSAMPLE}}}"]),
    "owned by the module of the stage": (HIERA, [BLOCKS, r"{join: '^stages\.(\d+)\.scale'}"]),
    "owned by the model": (
        lrspec.Inventory.from_names(["scale1", "b1.0.w", "b1.1.w"]),
        [r"'^b(\d)\.(\d)'", r"{join: '^scale(\d)'}"],
    ),
    "between the blocks": (
        lrspec.Inventory.from_names(["s0.b0.w", "s0.b1.w0", "s0.down.w", "s0.b1.w1"]),
        [r"'^s(\d)\.b(\d)'", r"{join: '^s(\d)\.down'}"],
    ),
}


@pytest.mark.parametrize("case", EARLY)
def test_a_join_of_what_stands_before_its_layer_is_reported_at_its_regex(case: str) -> None:
    inventory, layers, regex = EARLY[case]
    (one,) = found(ladder(*layers), inventory, "LRS309")
    assert ladder(*layers).splitlines()[one.line - 1][one.column - 1 : one.end_column - 1] == regex
    assert not any(name.endswith("scale") for name in one.parameters)


@pytest.mark.parametrize("case", LATE)
def test_a_join_of_what_stands_with_or_after_its_layer_is_not(case: str) -> None:
    inventory, layers = LATE[case]
    assert found(ladder(*layers), inventory, "LRS309") == []


def test_to_first_puts_the_downsampling_of_convnext_with_the_first_block_of_its_stage() -> None:
    layers = ["'^stem'", BLOCKS, f"{{join: {DOWNSAMPLE}, to: first}}", "'^head'"]
    plan = lrspec.compile(lrspec.loads(ladder(*layers)), CONVNEXT)
    on = {each.name: each.layer.index for each in plan.parameters if each.layer}
    for stage in (1, 2, 3):
        assert on[f"stages.{stage}.downsample.1.weight"] == on[f"stages.{stage}.blocks.0.conv_dw.weight"]
