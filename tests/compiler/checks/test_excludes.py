"""LRS314: an `exclude` that takes nothing out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lrspec
from lrspec.cli import run
from tests.compiler.checks.linted import ALL, REST, linted, messages

VIT = "vit_tiny_patch16_224"


@pytest.mark.parametrize(
    ("model", "rule", "piece"),
    [
        (VIT, "{name: body, match: '^blocks', exclude: PIECE, lr_mult: 0.1}", "'nrom'"),
        (VIT, "{name: body, match: '^blocks', exclude: PIECE, lr_mult: 0.1}", "'^norm'"),
        (VIT, "{name: body, layers: '^blocks', exclude: PIECE, layer_decay: 0.5}", "'^head'"),
        (VIT, "{name: matrices, where: {ndim: 2}, exclude: PIECE, lr_mult: 0.1}", r"'\.bias$'"),
        (VIT, "{name: body, fallback: true, exclude: PIECE, lr_mult: 0.1}", r"'^backbone\.'"),
        ("resnet18", "{name: body, match: '^layer', exclude: PIECE, lr_mult: 0.1}", "['^conv1', '^bn1']"),
        ("resnet18", "{name: convs, where: {module: Conv2d}, exclude: PIECE, lr_mult: 0.1}", "'bn1'"),
    ],
)
def test_an_exclude_that_drops_nothing_is_found_at_its_value(model: str, rule: str, piece: str) -> None:
    assert linted(model, rule.replace("PIECE", piece), REST) == [("LRS314", piece)]


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (VIT, "{name: body, match: '^blocks', exclude: 'qkv', lr_mult: 0.1}"),
        (VIT, "{name: body, match: '^blocks', exclude: ['kqv', 'qkv'], lr_mult: 0.1}"),  # one of them does
        (VIT, "{name: matrices, where: {ndim: 2}, exclude: '^head', lr_mult: 0.1}"),
        (VIT, "{name: vectors, where: {ndim: 1}, exclude: '^norm', lr_mult: 0.1}"),
        (VIT, "{name: body, match: '^blocks', exclude: 'nrom', lr_mult: 0.1, optional: true}"),
        (VIT, "{name: body, match: '^blocks', exclude: 'nrom', lr_mult: 0.1, check: {dead-exclude: ignore}}"),
        ("resnet18", "{name: body, fallback: true, exclude: '^fc', lr_mult: 0.1}"),
        ("resnet18", "{name: biases, match: 'bias$', exclude: 'conv', lr_mult: 0.1}"),  # if they had biases
    ],
)
def test_an_exclude_that_drops_something_is_right(model: str, rule: str) -> None:
    assert linted(model, rule, REST) == []


def test_a_rule_that_selects_nothing_has_no_second_finding() -> None:
    rule = "{name: body, match: '^block$', exclude: 'nrom', lr_mult: 0.1}"
    assert [code for code, _ in linted(VIT, rule, REST)] == ["LRS203"]


def test_a_tied_parameter_is_dropped_by_any_of_its_names() -> None:
    tied = lrspec.Parameter("tokens.weight", ("head.weight",), (4, 2), True, ("Embedding",), (("Linear",),))
    other = lrspec.Parameter("fc.weight", (), (4, 2), True, ("Linear",), ())
    text = "\n".join(
        [
            "lrspec: 1",
            "optimizer: {lr: 1e-3}",
            "rules:",
            f"  - {ALL}",
            "  - {match: '^', exclude: '^head', lr_scale: 2}",
        ]
    )
    assert lrspec.check(lrspec.loads(text), lrspec.Inventory((tied, other))) == []


def test_where_is_judged_by_the_owner_of_the_name() -> None:
    tied = lrspec.Parameter("tokens.weight", ("head.weight",), (4, 2), True, ("Embedding",), (("Linear",),))
    other = lrspec.Parameter("fc.weight", (), (4, 2), True, ("Linear",), ())
    rule = "  - {where: {module: Norm|Linear}, exclude: '^tokens', lr_scale: 2}"
    text = "\n".join(["lrspec: 1", "optimizer: {lr: 1e-3}", "rules:", f"  - {ALL}", rule])
    assert lrspec.check(lrspec.loads(text), lrspec.Inventory((tied, other))) == []


def test_names_alone_do_not_say_what_where_selects() -> None:
    rule = "{name: matrices, where: {ndim: 2}, exclude: 'nrom', lr_mult: 0.1}"
    assert [code for code, _ in linted(["a.weight"], rule, REST)] == ["LRS208"]


def test_the_message_suggests_a_name_that_is_near() -> None:
    (message,) = messages(VIT, "{name: body, match: '^blocks', exclude: 'nrom', lr_mult: 0.1}", REST)
    assert message.splitlines() == [
        "the `exclude` of the rule `body` drops nothing on this model: without it the rule selects the same "
        "parameters. No name has 'nrom': did you mean 'norm'?",
        "Fix or remove it; if it is only for some models, add `optional: true` to the rule.",
    ]


SEVERAL = """\
lrspec: 1
models: ['params:a.txt', 'params:b.txt']
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: body, match: '^x', exclude: EXCLUDE, lr_mult: 0.1}
  - {name: rest, fallback: true, lr_mult: 1}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("x.weight\nhead.weight\n")
    Path("b.txt").write_text("x.weight\nx.norm.weight\nhead.weight\n")
    return tmp_path


def checked(folder: Path, exclude: str, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    (folder / "spec.lrspec.yaml").write_text(SEVERAL.replace("EXCLUDE", exclude))
    run(["check", "spec.lrspec.yaml", "--format", "json", *options])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["diagnostics"]
    return found


def test_of_several_models_one_is_enough(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(folder, "'norm'", capsys) == []


def test_with_several_models_it_is_found_once_and_for_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = checked(folder, "'^head'", capsys)
    assert (found["code"], found["line"], found["column"], found["models"]) == ("LRS314", 5, 40, [])
    assert "drops nothing in any of the 2 models" in str(found["message"])


def test_a_model_that_is_not_there_might_have_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.txt").unlink()
    assert checked(folder, "'^head'", capsys) == []


def test_with_one_of_several_models_it_is_not_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(folder, "'norm'", capsys, "--params", "a.txt") == []
    assert lrspec.check("spec.lrspec.yaml", lrspec.Inventory.load("a.txt")) == []


def test_a_spec_without_models_is_judged_with_those_that_are_given(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = SEVERAL.replace("models: ['params:a.txt', 'params:b.txt']\n", "").replace("EXCLUDE", "'norm'")
    (folder / "spec.lrspec.yaml").write_text(spec)
    both = ["--params", "a.txt", "--params", "b.txt", "--format", "json"]
    assert run(["check", "spec.lrspec.yaml", *both]) == 0
    assert json.loads(capsys.readouterr().out)["diagnostics"] == []
    run(["check", "spec.lrspec.yaml", "--params", "a.txt", "--format", "json"])
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["code"] == "LRS314"


def test_many_last_components_are_no_guard() -> None:
    names = [f"x.w{'abcdefghijklmnopqrstuvwxyz'[i]}" for i in range(26)]
    rule = r"{name: a, match: '^x\.', exclude: '^y', lr_mult: 2}"
    assert linted([*names, "y.wa"], rule, REST) == [("LRS314", "'^y'")]


def test_a_model_that_is_named_twice_is_one_model() -> None:
    rule = "{name: a, match: '^layer', exclude: 'nrom', lr_mult: 0.1}"
    assert [code for code, _ in linted("resnet18", rule, REST, top="models: [resnet18, resnet18]")] == ["LRS314"]
