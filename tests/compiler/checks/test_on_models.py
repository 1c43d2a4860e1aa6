"""The mistakes that the lints are for, made on real models: each is found, and mended it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import timm
import torch
from torch import nn

import lrspec
from tests.compiler.checks.linted import SILENT

ADAMW = "{type: AdamW, lr: 1e-3, weight_decay: 0.05}"
REST = "{name: rest, fallback: true, lr_mult: 1}"
ALL = "{name: all, match: '^.+$', lr_mult: 1}"


class Staged(nn.Module):
    """Layers from 1 to 12, by name as in a ResNet."""

    def __init__(self) -> None:
        super().__init__()
        for number in range(1, 13):
            self.add_module(f"layer{number}", nn.Linear(4, 4))


class Segmenter(nn.Module):
    """A classifier with two heads more, for segmentation."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Linear(4, 4)
        self.head, self.decode_head, self.auxiliary_head = nn.Linear(4, 2), nn.Linear(4, 3), nn.Linear(4, 3)


def zoo(name: str, **arguments: Any) -> Callable[[], nn.Module]:
    """A model of timm on the meta device."""

    def build() -> nn.Module:
        with torch.device("meta"):
            model: nn.Module = timm.create_model(name, pretrained=False, **arguments)
        return model

    return build


@dataclass(frozen=True)
class Mistake:
    """A spec with a mistake, that spec mended, and the parameters that are concerned."""

    code: str
    model: Callable[[], nn.Module]
    wrong: tuple[str, ...]
    right: tuple[str, ...]
    concerned: Callable[[str], bool]
    optimizers: tuple[str, str] = (ADAMW, ADAMW)


MISTAKES = {
    "layer1-and-layer10": Mistake(
        "LRS301",
        Staged,
        ("{match: 'layer1', freeze: true}", REST),
        (r"{match: '^layer1\.', freeze: true}", REST),
        lambda name: name.startswith(("layer10", "layer11", "layer12")),
    ),
    "block-1-and-block-10": Mistake(
        "LRS301",
        zoo("vit_tiny_patch16_224"),
        (r"{match: '^blocks\.1', lr_mult: 0.1}", REST),
        (r"{match: '^blocks\.1\.', lr_mult: 0.1}", REST),
        lambda name: name.startswith(("blocks.10.", "blocks.11.")),
    ),
    "head-and-decode-head": Mistake(
        "LRS301",
        Segmenter,
        ("{match: 'head', lr_mult: 10}", REST),
        (r"{match: '^head\.', lr_mult: 10}", REST),
        lambda name: name.startswith(("decode_head", "auxiliary_head")),
    ),
    "head-and-head-dist": Mistake(
        "LRS301",
        zoo("deit_tiny_distilled_patch16_224"),
        ("{match: 'head', lr_mult: 10}", REST),
        (r"{match: '^head(_dist)?\.', lr_mult: 10}", REST),
        lambda name: name.startswith("head_dist"),
    ),
    "unescaped-dot-after-a-number": Mistake(
        "LRS302",
        zoo("vit_tiny_patch16_224"),
        ("{match: '^blocks.1.', lr_mult: 0.1}", REST),
        (r"{match: '^blocks\.1\.', lr_mult: 0.1}", REST),
        lambda name: name.startswith(("blocks.10.", "blocks.11.")),
    ),
    "unescaped-dot-after-norm": Mistake(
        "LRS302",
        zoo("vit_tiny_patch16_224", class_token=False, global_pool="avg"),
        ("{match: 'norm.', weight_decay: 0, check: {mixed-decay: ignore}}", ALL),
        (r"{match: '(^|[._])norm\d?\.', weight_decay: 0, check: {mixed-decay: ignore}}", ALL),
        lambda name: ".norm1." in name or ".norm2." in name,
    ),
    "rate-0-for-frozen": Mistake(
        "LRS303",
        zoo("resnet18"),
        (r"{match: '^(conv1|bn1|layer1)\.', lr: 0}", REST),
        (r"{match: '^(conv1|bn1|layer1)\.', freeze: true}", REST),
        lambda name: name.startswith(("conv1", "bn1", "layer1")),
    ),
    "rate-of-1e3": Mistake(
        "LRS304",
        zoo("resnet18"),
        (ALL,),
        (ALL,),
        lambda name: True,
        ("{type: AdamW, lr: 1e3}", "{type: AdamW, lr: 1e-3}"),
    ),
    "weight-decay-of-5": Mistake(
        "LRS304",
        zoo("resnet18"),
        (ALL, "{match: '^fc', weight_decay: 5}"),
        (ALL, "{match: '^fc', weight_decay: 0.5, check: {mixed-decay: ignore}}"),
        lambda name: name.startswith("fc"),
    ),
    "norms-that-are-not-called-so": Mistake(
        "LRS305",
        zoo("resnet18"),
        (ALL, r"{match: ['bn\d\.', '\.bias$'], weight_decay: 0, check: {redundant-setting: ignore}}"),
        (ALL, "{where: {ndim: [0, 1]}, weight_decay: 0}"),
        lambda name: name.endswith("downsample.1.weight"),
    ),
    "misspelt-alternative": Mistake(
        "LRS306",
        zoo("vit_tiny_patch16_224"),
        (ALL, "{match: '^(cls_tokn|pos_embed)$', weight_decay: 0}"),
        (ALL, "{match: '^(cls_token|pos_embed)$', weight_decay: 0}"),
        lambda name: False,
    ),
    "alternative-of-another-model": Mistake(
        "LRS306",
        zoo("resnet18"),
        (r"{match: '^(conv1|norm1)\.', lr_mult: 0.1}", REST),
        (r"{match: '^(conv1|bn1)\.', lr_mult: 0.1}", REST),
        lambda name: False,
    ),
}

each_mistake = pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)


def check(model: nn.Module, optimizer: str, rules: tuple[str, ...]) -> list[lrspec.Diagnostic]:
    lines = ["lrspec: 1", f"optimizer: {optimizer}", "rules:", *(f"  - {rule}" for rule in rules), SILENT]
    return lrspec.check(lrspec.loads("\n".join(lines)), model)


@each_mistake
def test_a_mistake_is_found_with_the_parameters_that_it_concerns(mistake: Mistake) -> None:
    model = mistake.model()
    (found,) = check(model, mistake.optimizers[0], mistake.wrong)
    assert (found.code, found.severity) == (mistake.code, lrspec.Severity.warning)
    assert found.parameters == tuple(name for name, _ in model.named_parameters() if mistake.concerned(name))


@each_mistake
def test_the_mended_spec_is_clean(mistake: Mistake) -> None:
    assert check(mistake.model(), mistake.optimizers[1], mistake.right) == []
