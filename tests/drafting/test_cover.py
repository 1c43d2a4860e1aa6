"""The regexes of a draft select just what they should, and read as a person writes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrspec.drafting.selecting.cover import cover

RESNET = [
    "conv1.weight",
    "bn1.weight",
    "bn1.bias",
    *(f"layer{n}.{b}.{leaf}" for n in (1, 2, 3) for b in (0, 1) for leaf in ("conv1.weight", "bn1.weight", "bn1.bias")),
    *(f"layer{n}.0.downsample.{leaf}" for n in (2, 3) for leaf in ("0.weight", "1.weight", "1.bias")),
    "fc.weight",
    "fc.bias",
]
VIT = [
    "cls_token",
    "pos_embed",
    "patch_embed.proj.weight",
    "patch_embed.proj.bias",
    *(
        f"blocks.{b}.{leaf}"
        for b in range(12)
        for leaf in ("norm1.weight", "norm1.bias", "attn.table", "attn.qkv.weight", "attn.qkv.bias", "norm2.weight")
    ),
    "norm.weight",
    "norm.bias",
    "head.weight",
    "head.bias",
]


@pytest.mark.parametrize(
    ("names", "wanted", "regexes"),
    [
        (RESNET, r"^fc\.", [r"^fc\."]),
        (RESNET, r"^(conv1|bn1)\.", [r"^(?:conv1|bn1)\."]),
        (RESNET, r"^layer\d", [r"^layer\d+\."]),
        (RESNET, r"^layer2", [r"^layer2\."]),
        (RESNET, r"downsample\.1", [r"^layer\d+\.\d+\.downsample\.1\."]),
        (RESNET, r"bias$", [r"\.bias$"]),
        (VIT, r"^(cls_token|pos_embed)$", [r"^(?:cls_token|pos_embed)$"]),
        (VIT, r"^blocks\.\d+\.attn", [r"^blocks\.\d+\.attn\."]),
        (VIT, r"^blocks\.1\.", [r"^blocks\.1\."]),
        (VIT, r"^blocks\.(10|11)\.", [r"^blocks\.(?:10|11)\."]),
        (VIT, r"^blocks\.3\.attn\.qkv\.weight", [r"^blocks\.3\.attn\.qkv\.weight$"]),
        (VIT, r"(^|\.)norm\d?\.", [r"^blocks\.\d+\.norm\d+\.", r"^norm\."]),
        (["a.lora_A.w", "a.lora_B.w", "a.b.c.d.lora_A.w", "a.b.c.d.lora_B.w"], "lora_B", [r"\.lora_B\."]),
        (["table", "a.table", "a.w"], "table$", [r"(?:^|\.)table$"]),
        (["s.0.b.0.w", "s.1.b.0.w", "s.1.b.1.w"], r"s\.1\.b\.1", [r"^s\.1\.b\.1\."]),
    ],
)
def test_regexes_are_those_that_a_person_writes(names: list[str], wanted: str, regexes: list[str]) -> None:
    assert list(cover(names, [i for i, name in enumerate(names) if re.search(wanted, name)])) == regexes


def test_what_does_not_matter_makes_regexes_shorter() -> None:
    names = ["a.w", "a.b", "c.w"]
    assert cover(names, [0]) == (r"^a\.w$",)
    assert cover(names, [0], free=[1]) == (r"^a\.",)


def test_nothing_needs_no_regex() -> None:
    assert cover(RESNET, []) == ()


WORDS = st.sampled_from(
    ["a", "b1", "b2", "0", "1", "10", "norm", "weight", "bias", "c_3x4", "", "x\n", "(", "\x1b", "é٣"]
)
NAMES = st.lists(st.lists(WORDS | st.text(max_size=3), min_size=1, max_size=4).map(".".join), max_size=12, unique=True)


@given(NAMES, st.data())
def test_regexes_select_all_that_is_wanted_and_nothing_else(names: list[str], data: st.DataObject) -> None:
    labels = data.draw(st.lists(st.sampled_from("wfr"), min_size=len(names), max_size=len(names)))
    wanted, free = ([i for i, label in enumerate(labels) if label == which] for which in "wf")
    regexes = cover(names, wanted, free)
    found = {i for i, name in enumerate(names) if any(re.search(regex, name) for regex in regexes)}
    assert {*wanted} <= found <= {*wanted, *free}
    for regex in regexes:
        others = [other for other in regexes if other is not regex]
        assert not {*wanted} <= {i for i, name in enumerate(names) if any(re.search(other, name) for other in others)}


@pytest.mark.parametrize(
    ("wanted", "refused", "expected"),
    [
        (["conv1.w", "conv2.w", "bn1.w"], ["conv3.conv1.w", "bn3.w"], (r"^(?:conv1|conv2|bn1)\.",)),
        (["conv3.a.w", "conv4.b.w"], ["conv1.w", "conv2.w"], (r"^(?:conv3|conv4)\.",)),
        (["layer0.conv1.w", "layer0.bn1.w"], ["layer1.0.conv1.w", "layer2.0.bn1.w"], (r"^layer0\.",)),
        (
            ["features.0.conv.w", "features.1.conv.w", "features.1.bn.w"],
            ["features.2.branch.conv.w", "features.3.branch.bn.w"],
            (r"^features\.(?:0|1)\.",),
        ),
        (["Conv2d_2a_3x3.w", "Conv2d_2b_3x3.w"], ["Conv2d_3b_1x1.w"], (r"^(?:Conv2d_2a_3x3|Conv2d_2b_3x3)\.",)),
        (
            [f"blocks.{n}.{name}.w" for n in (2, 3) for name in ("norm1", "norm2", "mlp")],
            [f"blocks.{n}.{name}.w" for n in range(5) for name in ("attn", "norm1", "mlp") if n not in (2, 3)]
            + ["blocks.2.attn.w", "blocks.3.attn.w"],
            (r"^blocks\.(?:2|3)\.(?:norm\d+|mlp)\.",),
        ),
    ],
)
def test_whole_modules_come_before_what_happens_to_tell_names_apart(
    wanted: list[str], refused: list[str], expected: tuple[str, ...]
) -> None:
    assert cover([*wanted, *refused], range(len(wanted))) == expected


def test_names_drawn_at_random_are_listed_by_their_beginnings() -> None:
    names = [f"layers.{n}.experts.{m}.{part}.w" for n in range(20) for m in range(40) for part in ("up", "down")]
    drawn = [place for place in range(len(names)) if (place // 2 * 7919) % 31 < 9]
    found = cover(names, drawn)
    assert [n for n, name in enumerate(names) if any(re.search(regex, name) for regex in found)] == drawn
    assert all(re.match(r"\^layers\\.\S+\\.experts\\.\S+\\.$", regex) for regex in found)
