"""LRS315: a `^` that holds for one branch only."""

from __future__ import annotations

import pytest

from tests.compiler.checks.linted import ALL, REST, linted, messages

WRONG = [
    ("resnet18", "{name: stem, match: PIECE, lr_mult: 0.1}", "'^conv1|bn1'"),
    ("resnet50", "{name: stem, match: ['^fc', PIECE], freeze: true}", r"'^conv1\.|bn1\.'"),
    ("resnet18", "{name: stem, match: PIECE, lr_mult: 0.1}", r"'(?:^conv1|bn1)\.weight'"),
    ("resnet18", "{name: stem, match: PIECE, lr_mult: 0.1}", "'^fc|^conv1|bn1'"),
    ("resnet18", "{name: stem, match: PIECE, lr_mult: 0.1}", "'bn1|^conv1'"),
    ("efficientnet_b0", "{name: stem, match: PIECE, lr_mult: 0.1}", "'^conv_stem|bn1'"),
    ("resnet18", "{name: depth, layers: [PIECE, '^fc'], layer_decay: 0.5}", "'^conv1|bn1'"),
    ("resnet18", "{name: body, match: '.', exclude: PIECE, lr_mult: 0.1}", "'^conv1|bn1'"),
    ("resnet18", r"{name: stem, match: PIECE, lr_mult: 0.1}", r"'\Aconv1|bn1'"),
    ("resnet18", r"{name: stem, match: PIECE, lr_mult: 0.1}", "'(?x) ^conv1 | bn1'"),
]


@pytest.mark.parametrize(("model", "rule", "piece"), WRONG)
def test_an_anchor_of_one_branch_is_found_at_the_regex(model: str, rule: str, piece: str) -> None:
    assert linted(model, rule.replace("PIECE", piece), REST) == [("LRS315", piece)]


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        ("resnet18", "{name: stem, match: '^(?:conv1|bn1)', lr_mult: 0.1}"),
        ("resnet18", "{name: stem, match: '^conv1|^bn1', lr_mult: 0.1}"),
        ("resnet18", "{name: stem, match: ['^conv1', 'bn1'], lr_mult: 0.1}"),
        ("resnet18", r"{name: norms, match: '^conv1|(?:^|\.)bn1', lr_mult: 0.1}"),
        ("resnet18", r"{name: norms, match: '^conv1|bn\d', freeze: true}"),  # the stem's are called bn1 only
        ("resnet18", r"{name: ends, match: '^conv1|\bbn1', lr_mult: 0.1}"),
        ("resnet18", r"{name: ends, match: '^conv1|fc', lr_mult: 0.1}"),  # at the beginning only
        ("resnet18", r"{name: ends, match: '^fc|downsample', lr_mult: 0.1}"),  # elsewhere only
        ("resnet18", r"{name: stem, match: '^conv1|bn1', exclude: '^layer', lr_mult: 0.1}"),
        (
            "resnet18",
            r"{name: body, match: '^layer[12]|^fc|^bn1', exclude: '^conv1|bn1\.run', lr_mult: 0.1, optional: true}",
        ),
        ("swin_tiny_patch4_window7_224", r"{name: head, match: '^head\.|norm\d?\.', lr_mult: 2}"),
        ("vit_tiny_patch16_224", r"{name: head, match: '^head\.|norm\d?\.', lr_mult: 2}"),
        ("resnet18", r"{name: body, match: '(?>^conv1|bn1)', lr_mult: 0.1}"),
        ("resnet18", r"{name: body, match: '(?:^conv1|bn1)++', lr_mult: 0.1}"),
    ],
)
def test_branches_that_all_say_where_they_begin_are_right(model: str, rule: str) -> None:
    assert linted(model, rule, REST) == []


def test_norms_are_exempt_from_decay_wherever_they_are() -> None:
    rule = r"{name: no-decay, match: '^patch_embed\.norm\.|norm\.', weight_decay: 0, check: {mixed-decay: ignore}}"
    swin = "swin_tiny_patch4_window7_224"
    assert [code for code, _ in linted(swin, ALL, rule)] == ["LRS306"]  # the second branch has it all
    assert linted(swin, rule.replace("weight_decay: 0", "lr_mult: 2"), REST) != []
    decay = r"{name: no-decay, match: '^head\.|norm\.', weight_decay: 0, check: {mixed-decay: ignore}}"
    assert linted(swin, ALL, decay) == []
    assert linted(swin, decay.replace("weight_decay: 0", "lr_mult: 2"), REST) == [("LRS315", r"'^head\.|norm\.'")]


@pytest.mark.parametrize(
    ("regex", "cure"),
    [
        ("^conv1|bn1", "^(?:conv1|bn1)"),
        ("bn1|^conv1", "^(?:bn1|conv1)"),
        (r"(?:^conv1|bn1)\.", r"^(?:conv1|bn1)\."),
        ("(?i)^conv1|bn1", "(?i)^(?:conv1|bn1)"),
        ("(^conv1|bn1).", "^(conv1|bn1)."),
        ("(?x)^conv1 | bn1", "(?x)^(?:conv1 | bn1)"),
    ],
)
def test_the_cure_has_one_anchor_and_is_right(regex: str, cure: str) -> None:
    rule = "{name: stem, match: 'REGEX', lr_mult: 0.1}"
    message = messages("resnet18", rule.replace("REGEX", regex), REST)[0]
    assert f"Write '{cure}'; " in message
    assert "LRS315" not in [code for code, _ in linted("resnet18", rule.replace("REGEX", cure), REST)]


def test_a_regex_with_a_comment_is_not_written_anew() -> None:
    message = messages("resnet18", "{name: stem, match: '(?x) ^conv1 | bn1 # stem', lr_mult: 0.1}", REST)[0]
    assert "Write `^` before 'bn1 # stem', too; if 'bn1 # stem' is meant" in message


def test_the_parameters_are_those_beyond_the_beginning() -> None:
    (message,) = messages("resnet18", "{name: stem, match: '^conv1|bn1', lr_mult: 0.1}", REST)
    assert message.splitlines()[0].endswith("applies only to its own branch: 'bn1' also matches in layer1.0.bn1.weight")
    assert message.splitlines()[1].endswith("and 11 more")  # of 16


def test_a_regex_that_cuts_names_gets_no_second_finding() -> None:
    rule = "{name: stem, match: '^patch_embed|norm', lr_mult: 0.1}"
    assert [code for code, _ in linted("vit_tiny_patch16_224", rule, REST)] == ["LRS301"]


def test_an_anchor_is_not_offered_where_it_would_disable_another_branch() -> None:
    rule = "{name: a, match: '^conv1|downsample|bn1', lr_mult: 0.1}"
    (message,) = messages("resnet18", rule, REST)
    assert "Write `^` before 'bn1', too" in message
    (message,) = messages("resnet18", rule.replace("downsample|", ""), REST)
    assert "Write '^(?:conv1|bn1)'" in message


def test_a_finding_that_is_ignored_leaves_room_for_the_next() -> None:
    names = ["layer1.a", "layer10.a", "x.layer1.b", "conv1.a"]
    rule = "{name: a, match: '^conv1|layer1', lr_mult: 0.1%s}"
    assert [code for code, _ in linted(names, rule % "", REST)] == ["LRS301"]
    ignored = rule % ", check: {regex-partial-component: ignore}"
    assert [code for code, _ in linted(names, ignored, REST)] == ["LRS315"]
