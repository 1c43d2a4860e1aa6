r"""LRS316: a single `\d` on more than ten numbered siblings."""

from __future__ import annotations

import pytest

from tests.compiler.checks.linted import ALL, REST, linted, messages

VIT = "vit_tiny_patch16_224"  # 12 blocks
WRONG = [
    (VIT, "{name: blocks, match: PIECE, lr_mult: 0.1}", r"'^blocks\.\d\.'"),
    (VIT, "{name: blocks, match: ['^patch_embed', PIECE], freeze: true}", r"'^blocks\.[0-9]\.'"),
    (VIT, "{name: depth, layers: ['^patch_embed', PIECE, '^head'], layer_decay: 0.7}", r"'^blocks\.(\d)\.'"),
    (VIT, "{name: attention, match: PIECE, lr_mult: 0.1}", r"'^blocks\.\d\.attn\.'"),
    (VIT, "{name: matrices, match: PIECE, where: {ndim: 2}, lr_mult: 0.1}", r"'blocks\.\d\.'"),
    (VIT, r"{name: blocks, match: PIECE, lr_mult: 0.1}", r"'^blocks\.\d\b'"),
    ("resnet101", "{name: body, match: PIECE, lr_mult: 0.1}", r"'^layer\d\.\d\.'"),
    ("resnet101", "{name: third, match: PIECE, lr_mult: 0.1}", r"'^layer3\.\d\.'"),
    ("vgg11", "{name: features, match: PIECE, lr_mult: 0.1}", r"'^features\.\d\.'"),
    ("swin_small_patch4_window7_224", "{name: blocks, match: PIECE, lr_mult: 0.1}", r"'^layers\.2\.blocks\.\d\.'"),
]


@pytest.mark.parametrize(("model", "rule", "piece"), WRONG)
def test_a_single_digit_is_found_at_the_regex(model: str, rule: str, piece: str) -> None:
    assert linted(model, rule.replace("PIECE", piece), REST) == [("LRS316", piece)]


@pytest.mark.parametrize(
    ("model", "rules"),
    [
        (VIT, [r"{name: blocks, match: '^blocks\.\d+\.', lr_mult: 0.1}", REST]),
        (VIT, [r"{name: blocks, match: '^blocks\.\d{1,2}\.', lr_mult: 0.1}", REST]),
        (VIT, [r"{name: blocks, match: '^blocks\.1\d\.', lr_mult: 0.1}", REST]),
        (VIT, [r"{name: blocks, match: '^blocks\.[0-5]\.', lr_mult: 0.1}", REST]),
        (VIT, [r"{name: norms, match: 'norm\d\.', lr_mult: 0.1}", REST]),
        (
            VIT,
            [
                r"{name: a, match: '^blocks\.\d\.', lr_mult: 0.1}",
                r"{name: b, match: '^blocks\.1\d\.', lr_mult: 0.5}",
                REST,
            ],
        ),
        (VIT, [r"{name: a, match: ['^blocks\.\d\.', '^blocks\.\d\d\.'], lr_mult: 0.1}", REST]),
        (VIT, [r"{name: a, layers: ['^blocks\.(\d)\.', '^blocks\.(1\d)\.'], layer_decay: 0.7}", REST]),
        (
            VIT,
            [
                r"{name: a, match: '^blocks\.\d\.', lr_mult: 0.1}",
                r"{match: '^blocks\.', fallback: true, lr_mult: 2}",
                REST,
            ],
        ),
        (VIT, [r"{name: a, match: '^blocks', exclude: '^blocks\.\d\.', lr_mult: 0.1}", REST]),
        (VIT, [r"{name: a, match: '^(?=blocks\.\d\.)blocks', lr_mult: 0.1}", REST]),
        ("vit_tiny_patch16_224", [ALL, r"{name: scale, match: '^blocks\.\d\.', lr_scale: 2}"]),  # no fallback
        ("resnet18", [r"{name: body, match: '^layer\d\.\d\.', lr_mult: 0.1}", REST]),
        ("resnet101", [r"{name: body, match: '^layer[124]\.\d\.', lr_mult: 0.1}", REST]),
        ("resnet101", [r"{name: body, match: '^layer\d\.\d+\.', lr_mult: 0.1}", REST]),
    ],
)
def test_a_digit_that_is_enough_or_meant_is_right(model: str, rules: list[str]) -> None:
    assert linted(model, *rules) == []


def test_only_what_others_have_by_the_same_rest_counts() -> None:
    names = [f"blocks.{i}.a" for i in range(10)] + ["blocks.10.b", "blocks.11.b"]
    rule = r"{name: blocks, match: '^blocks\.\d\.', lr_mult: 0.1}"
    assert linted(names, rule, REST) == []
    assert linted([*names, "blocks.10.a"], rule, REST) == [("LRS316", r"'^blocks\.\d\.'")]


def test_siblings_are_of_the_same_parent() -> None:
    names = [f"x.{i}.a" for i in range(10)] + [f"y.{i}.a" for i in range(10, 12)]
    assert linted(names, r"{name: blocks, match: '\.\d\.', lr_mult: 0.1}", REST) == []


def test_one_of_the_others_that_another_rule_has_shows_that_the_digit_is_meant() -> None:
    rules = [
        r"{name: a, match: '^blocks\.\d\.', lr_mult: 0.1}",
        r"{name: b, match: '^blocks\.11\.', lr_mult: 0.5}",
        REST,
    ]
    assert linted(VIT, *rules) == []


def test_a_rule_that_sets_what_no_fallback_sets_is_not_judged() -> None:
    rule = r"{name: decay, match: '^blocks\.\d\.attn\.qkv\.weight', weight_decay: 0}"
    assert "LRS316" not in [code for code, _ in linted(VIT, rule, REST)]


def test_a_fallback_that_freezes_counts() -> None:
    rule = r"{name: blocks, match: '^blocks\.\d\.', lr_mult: 1}"
    assert linted(VIT, rule, "{name: rest, fallback: true, freeze: true}") == [("LRS316", r"'^blocks\.\d\.'")]


def test_the_message_names_the_digit_and_the_fallback() -> None:
    (message,) = messages(VIT, r"{name: blocks, match: '^blocks\.([0-9])\.', lr_mult: 0.1}", REST)
    first, listed, _ = message.splitlines()
    assert first == (
        r"`[0-9]` at column 11 of '^blocks\.([0-9])\.' matches only one digit: parameters with a number from 10 on "
        "are left to the fallback `rest`"
    )
    assert listed.startswith("blocks.10.norm1.weight")
    assert listed.endswith("and 19 more")  # of 24


def test_a_regex_that_refers_to_a_group_is_let_be() -> None:
    assert linted(VIT, r"{name: a, match: '^blocks\.(\d)\.(?:\w+\.)+(?!.*\1)', lr_mult: 0.1}", REST) == []


def test_a_regex_that_cuts_numbers_gets_no_second_finding() -> None:
    found = linted(VIT, r"{name: blocks, match: '^blocks\.\d', lr_mult: 0.1}", REST)
    assert [code for code, _ in found] == ["LRS301"]
