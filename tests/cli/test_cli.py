"""The command: what it prints and where, what it exits with, and that it never shows a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from lrspec.address import of_code
from lrspec.cli import cli, run
from lrspec.diagnostics.codes import CODES

SPEC = r"""lrspec: 1
optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.05}
rules:
  - {name: block, layers: '^(\w+)\.', layer_decay: 0.9}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
BROKEN = SPEC + "  - {name: stem, match: '^stem', lr: 1e-3}\n"
WARNED = "lrspec: 1\nrules: [{name: all, match: '^.', lr: 2}]\n"
INVENTORY = {
    "lrspec_params": 1,
    "source": "mine",
    "parameters": [
        {"name": "conv.weight", "shape": [2, 3, 1, 1], "module": ["Conv2d"]},
        {"name": "norm.weight", "shape": [2], "module": ["BatchNorm2d"]},
        {"name": "fc.weight", "shape": [4, 2], "module": ["Linear"], "requires_grad": False},
    ],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "params.json").write_text(json.dumps(INVENTORY))
    (tmp_path / "names.txt").write_text("conv.weight\nnorm.weight\n")
    return tmp_path


class Ran:
    """What came of a run."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


def lrspec(capsys: pytest.CaptureFixture[str], *words: str) -> Ran:
    status = run(list(words))
    return Ran(status, *capsys.readouterr())


def process(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lrspec", *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, **options)


# ------------------------------------------------------------------------------------------------- compile


def test_compile_prints_the_table_with_the_models_total(capsys: pytest.CaptureFixture[str]) -> None:
    ran = lrspec(capsys, "compile", "a.lrspec.yaml", "--params", "params.json")
    assert (ran.status, ran.err) == (0, "")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0] == "a.lrspec.yaml for mine"
    assert "block 0 conv.weight 1 6 0.0081 0.05" in lines
    assert "block 1 norm.weight 1 2 0.009 0" in lines
    assert "(frozen by the model) fc.weight 1 8 frozen" in lines
    assert "total 3 16" in lines
    assert "no-decay weight_decay 0 1 2" in lines
    assert lines[-1] == "2 groups; 2 parameters trained; 1 frozen by model"


def test_compile_finds_the_only_spec_and_takes_its_own_model(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC.replace("lrspec: 1", "lrspec: 1\nmodels: params:params.json"))
    assert lrspec(capsys, "compile").status == 0
    (folder / "sub").mkdir()
    os.chdir(folder / "sub")
    assert lrspec(capsys, "compile", "../a.lrspec.yaml").status == 0  # paths are relative to the spec


def test_compile_prefers_the_hidden_spec_and_asks_where_there_are_several(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "b.lrspec.json").write_text("{}")
    ran = lrspec(capsys, "compile", "--params", "params.json")
    assert (ran.status, ran.err) == (2, "lrspec: several specs here: name one of a.lrspec.yaml, b.lrspec.json\n")
    (folder / ".lrspec.yml").write_text(SPEC)
    assert lrspec(capsys, "compile", "--params", "params.json").out.startswith(".lrspec.yml for mine")


def test_compile_reads_standard_input(folder: Path) -> None:
    ran = process("compile", "-", "--params", "params.json", input=BROKEN)
    assert ran.returncode == 1
    assert ran.stderr.startswith("<stdin>:6:25: error LRS203 unused-rule")
    named = process("compile", "-", "--stdin-filename", "x.json", "--params", "params.json", input=SPEC)
    assert named.stderr.startswith("x.json:1:1: error LRS101 syntax: not JSON")


def test_a_spec_with_errors_prints_diagnostics_and_no_groups(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(BROKEN)
    ran = lrspec(capsys, "compile", "--params", "params.json")
    assert (ran.status, ran.out) == (1, "")
    assert "6 |   - {name: stem, match: '^stem', lr: 1e-3}\n   |                         ^^^^^^^\n" in ran.err
    assert ran.err.endswith("1 error\n")
    ran = lrspec(capsys, "compile", "--params", "params.json", "--format", "json")
    plan = json.loads(ran.out)
    assert ran.status == 1
    assert plan["groups"] is None
    assert [each["group"] for each in plan["parameters"]] == [None, None, None]
    assert [(each["code"], each["line"], each["column"]) for each in plan["diagnostics"]] == [("LRS203", 6, 25)]


def test_a_spec_wrong_in_itself_is_not_resolved(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text("lrspec: 1\nrules: [{match: a, lr: '1'}]")
    ran = lrspec(capsys, "compile", "--model", "no such model", "--format", "json")
    plan = json.loads(ran.out)
    assert (ran.status, plan["model"], plan["groups"], plan["parameters"]) == (1, None, None, [])
    assert plan["diagnostics"][0]["code"] == "LRS104"


def test_nothing_to_multiply_is_judged_after_lr(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text("lrspec: 1\nrules: [{match: '^.', lr_mult: 0.5}]")
    ran = lrspec(capsys, "compile", "--params", "names.txt")
    assert ran.status == 1
    assert ran.err.startswith("a.lrspec.yaml:2:32: error LRS104 invalid-value: `lr_mult` has nothing to multiply")
    assert lrspec(capsys, "compile", "--params", "names.txt", "--lr", "1e-3").status == 0


def test_warnings_count_when_strict(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(WARNED)
    ran = lrspec(capsys, "compile", "--params", "params.json")
    assert ran.status == 0
    assert "warning LRS304 large-value" in ran.err
    assert "2 parameters trained" in ran.out
    strict = lrspec(capsys, "compile", "--params", "params.json", "--strict")
    assert (strict.status, strict.out) == (1, ran.out)


def test_set_replaces_a_value_and_the_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("compile", "--params", "params.json", "--set", "rules.no-decay.weight_decay=0.5", "--set")
    ran = lrspec(capsys, *words, "optimizer.betas=[0.8, 0.9]")
    assert ran.out.endswith("rules.no-decay.weight_decay is 0.5 (was 0)\noptimizer.betas is [0.8, 0.9] (was not set)\n")
    plan = json.loads(lrspec(capsys, *words, "optimizer.lr=3e-4", "--format", "json").out)
    assert plan["spec"]["overrides"] == {"rules.no-decay.weight_decay": 0.5, "optimizer.lr": 3e-4}
    ran = lrspec(capsys, "explain", "a.lrspec.yaml", "conv.weight", *words[1:], "optimizer.lr=3e-4")
    assert "0.0003 (optimizer.lr)" in ran.out


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "rules.no-deca.weight_decay=1",
            "--set `rules.no-deca.weight_decay`: no rule is called `no-deca`: did you mean",
        ),
        ("optimizer.lr=-1", "--set `optimizer.lr`: `lr`: expected a number of at least 0, found -1"),
        ("optimizer.lr=1e-3x", "--set `optimizer.lr`: `lr`: expected a number, found the string '1e-3x'"),
        ("optimizer.lr", "Invalid value for '--set': expected PATH=VALUE with a YAML value"),
        ("optimizer.lr=[", "Invalid value for '--set': expected PATH=VALUE with a YAML value"),
    ],
)
def test_what_cannot_be_set_is_said_in_one_line(capsys: pytest.CaptureFixture[str], word: str, said: str) -> None:
    ran = lrspec(capsys, "compile", "--params", "params.json", "--set", word)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_a_value_that_is_set_twice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    ran = lrspec(capsys, "compile", "--params", "params.json", "--set", "optimizer.lr=1", "--set", "optimizer.lr=2")
    assert (ran.status, "optimizer.lr is given twice" in ran.err) == (2, True)


def test_lr_and_weight_decay_replace_the_optimizers_and_the_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("compile", "--params", "params.json", "--lr", "1e-1", "--weight-decay", "0")
    ran = lrspec(capsys, *words)
    assert "optimizer.lr is 0.1 (was 0.01)\n" in ran.out
    assert "optimizer.weight_decay is 0 (was 0.05); absolute values unchanged: no-decay\n" in ran.out
    plan = json.loads(lrspec(capsys, *words, "--format", "json").out)
    assert plan["parameters"][2]["lr"] == 0.1


def test_json_numbers_read_back_and_unset_ones_are_absent(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text("lrspec: 1\nrules: [{match: '^.', lr: 0.1e-17}]")
    plan = json.loads(lrspec(capsys, "compile", "--params", "names.txt", "--format", "json").out)
    assert plan["groups"] == [
        {"name": "rule-1", "lr": 1e-18, "options": {}, "params": ["conv.weight", "norm.weight"], "elements": None}
    ]


def test_output_goes_to_a_file_whole_or_not_at_all(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    words = ("compile", "--params", "params.json", "--format", "json")
    printed = lrspec(capsys, *words).out
    assert lrspec(capsys, *words, "-o", "plan.json").out == ""
    assert (folder / "plan.json").read_text() == printed
    (folder / "taken").mkdir()
    ran = lrspec(capsys, *words, "-o", "taken")
    assert (ran.status, ran.err) == (2, "lrspec: taken: is a directory\n")
    ran = lrspec(capsys, *words, "-o", "nowhere/plan.json")
    assert (ran.status, ran.err) == (2, "lrspec: nowhere/plan.json: no such file or directory\n")
    assert sorted(p.name for p in folder.iterdir()) == [
        "a.lrspec.yaml",
        "names.txt",
        "params.json",
        "plan.json",
        "taken",
    ]


def test_an_output_file_keeps_its_mode_and_a_link_stays_a_link(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "real").write_text("old")
    (folder / "real").chmod(0o640)
    (folder / "link").symlink_to("real")
    assert lrspec(capsys, "schema", "-o", "link").status == 0
    assert (folder / "link").is_symlink()
    assert (folder / "real").read_text().startswith("{")
    assert (folder / "real").stat().st_mode & 0o777 == 0o640


def test_names_that_move_cursors_come_out_harmless(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    evil = "a\x1b[2J[bold]\n::error::.weight"
    inventory = {"lrspec_params": 1, "parameters": [{"name": evil, "shape": [1]}, {"name": "b", "shape": [1]}]}
    (folder / "params.json").write_text(json.dumps(inventory))
    (folder / "a.lrspec.yaml").write_text("lrspec: 1\nrules: [{name: r, match: '^a', lr: 2}, {match: '^b', lr: 1}]")
    for words in (("compile",), ("explain", "a.lrspec.yaml", "a.*")):
        ran = lrspec(capsys, *words, "--params", "params.json")
        assert "\x1b" not in ran.out + ran.err
        assert r"a\x1b[2J[bold]\n::error::.weight" in ran.out


@pytest.mark.parametrize("narrowed", ["where: {ndim: 3}", "exclude: weight", "optional: false"])
@pytest.mark.parametrize("slow", [r"'^(\w+\.?)*\d$'", r"'^([A-Z]+\.?)*\d$'"])
def test_a_report_about_a_slow_regex_comes_to_an_end(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch, slow: str, narrowed: str
) -> None:
    monkeypatch.setattr("lrspec.regex.time_limit.REGEX_SECONDS", 0.1)
    (folder / "a.lrspec.yaml").write_text(f"lrspec: 1\nrules: [{{name: slow, lr: 1, match: {slow}, {narrowed}}}]")
    inventory = {"lrspec_params": 1, "parameters": [{"name": "a" * 40 + ".weight", "shape": [1]}]}
    (folder / "params.json").write_text(json.dumps(inventory))
    ran = lrspec(capsys, "compile", "--params", "params.json")
    assert ran.status == 1
    assert "LRS105" in ran.err or "LRS203" in ran.err


@pytest.mark.parametrize("key", ["match", "exclude", "module"])
def test_a_regex_that_backtracks_for_ever_ends_as_a_diagnostic(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr("lrspec.regex.time_limit.REGEX_SECONDS", 0.1)
    slow = r"'^(\w+\.?)*\d$'"
    keys = {
        "match": f"match: {slow}",
        "exclude": f"match: '^a', exclude: {slow}",
        "module": f"where: {{module: {slow}}}",
    }
    (folder / "a.lrspec.yaml").write_text(f"lrspec: 1\nrules: [{{name: slow, lr: 1, {keys[key]}}}]")
    word = "a" * 40 + ".weight"
    inventory = {"lrspec_params": 1, "parameters": [{"name": word, "shape": [1], "module": [word]}]}
    (folder / "params.json").write_text(json.dumps(inventory))
    ran = lrspec(capsys, "compile", "--params", "params.json")
    column = 1 + (folder / "a.lrspec.yaml").read_text().splitlines()[1].index(slow)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(
        f"a.lrspec.yaml:2:{column}: error LRS105 invalid-regex: the regex takes longer than 0.1 s on 'aaaa"
    )
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


# ------------------------------------------------------------------------------------- what keeps it from running


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["compile", "no.yaml"], "lrspec: no.yaml: no such file or directory"),
        (["compile", "a"], "lrspec: a: no such file or directory: did you mean `a.lrspec.yaml`?"),
        (["explain", "a", "fc"], "lrspec: a: no such file or directory: did you mean `a.lrspec.yaml`?"),
        (["compile", "./a.yaml"], "lrspec: ./a.yaml: no such file or directory: did you mean `./a.lrspec.yaml`?"),
        (["compile", "none/a"], "lrspec: none/a: no such file or directory\n"),
        (["compile", "."], "lrspec: .: is a directory: name a spec in it: ./a.lrspec.yaml\n"),
        (["compile", "empty"], "lrspec: empty: is a directory, without a spec in it\n"),
        (["compile"], "lrspec: no model: the spec names none; give --model or --params"),
        (["compile", "--params", "no.json"], "lrspec: no.json: no such file or directory\n"),
        (["compile", "-p", "param.json"], "lrspec: param.json: no such file or directory: did you mean `params.json`?"),
        (["check", "-p", "./params"], "lrspec: params: no such file or directory: did you mean `params.json`?"),
        (["compile", "-p", "empty"], "lrspec: empty: is a directory, without an inventory in it"),
        (["compile", "-p", "."], "lrspec: .: is a directory: name a file in it: names.txt, params.json"),
        (
            ["compile", "--params", "a.lrspec.yaml"],
            "lrspec: a.lrspec.yaml: expected JSON, or one name per line, found 'lrspec: 1'",
        ),
        (["compile", "--model", "resnet81"], "lrspec: unknown timm model 'resnet81': did you mean `resnet18`"),
        (["compile", "--model", "torchvision:resnet"], "lrspec: unknown torchvision model 'resnet': did you mean"),
        (["compile", "--model", "hf-hub:a/b"], "lrspec: hf-hub:a/b would load from outside"),
        (["params", "--model", ""], "lrspec: expected the name of a model, found ''"),
        (["check", ".", "--model", "timm:"], "lrspec: expected the name of a model, found 'timm:'"),
        (["compile", "--model", "timm:hf-hub:a/b"], "lrspec: timm:hf-hub:a/b would load from outside"),
        (["compile", "--model", "hf:x"], "lrspec: hf:x: no such file or folder: expected a config.json or its folder"),
        (["compile", "--model", "py:nothing"], "lrspec: py:nothing: expected py:package.module:factory"),
        (["compile", "--model", "py:no_such:x"], "lrspec: py:no_such:x: ModuleNotFoundError: No module named"),
        (["compile", "--model", "py:os:getcwd"], "lrspec: py:os:getcwd: expected a model (torch.nn.Module), found str"),
        (["compile", "--model", "py:os:sep"], "lrspec: py:os:sep: expected a class or a function"),
        (["compile", "--model", "resnet18", "--model-arg", "x=1"], "lrspec: resnet18 takes no argument 'x'"),
        (
            ["compile", "--model", "resnet18", "--model-arg", "pretrained=true"],
            "lrspec: pretrained=True: weights are never loaded",
        ),
        (["compile", "--model", "a", "--params", "b"], "lrspec compile: --model and --params exclude each other"),
        (["compile", "--model-arg", "x"], "lrspec compile: Invalid value for '--model-arg': expected KEY=VALUE"),
        (["compile", ""], "lrspec compile: SPEC is empty"),
        (
            ["compile", "--params", "params.json", "--model-arg", "a=1"],
            "lrspec compile: --model-arg and --params exclude",
        ),
        (["compile", "--model-arg", "a=\udcff"], "lrspec compile: Invalid value for '--model-arg': expected KEY=VALUE"),
        (
            ["compile", "--model-arg", "a=1", "--model-arg", "a=2"],
            "lrspec compile: Invalid value for '--model-arg': a is given twice",
        ),
        (["compile", "--lr", "nan"], "lrspec compile: Invalid value for '--lr': expected a finite number"),
        (["compile", "--lr", "-1"], "lrspec compile: Invalid value for '--lr': expected a finite number"),
        (["compile", "--format", "xml"], "lrspec compile: Invalid value for '--format'"),
        (["compiel"], "lrspec: No such command 'compiel': did you mean `compile`? (see lrspec --help)"),
        (["cach"], "lrspec: No such command 'cach': did you mean `cache`?"),
        (["help"], "lrspec: No such command 'help': did you mean `--help`?"),
        (
            ["explain", "LRS999"],
            "lrspec: no diagnostic is called LRS999 (to explain a parameter: lrspec explain SPEC NAME)",
        ),
        (
            ["explain", "a.lrspec.yaml", "conv.wait", "--params", "params.json"],
            "lrspec: no parameter is called conv.wait",
        ),
        (
            ["explain", "a.lrspec.yaml", "(", "--params", "params.json"],
            "lrspec: no parameter is called (, and it is not a valid regex: missing ), unterminated subpattern at",
        ),
        (["explain", "a", "b", "c"], "lrspec explain: expected SPEC and NAME, or CODE"),
        (["params"], "lrspec params: --model is missing"),
        (["schema", "x"], "lrspec schema: Invalid value for "),
    ],
)
def test_what_keeps_the_command_from_running_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], folder: Path, words: list[str], line: str
) -> None:
    (folder / "empty").mkdir()
    ran = lrspec(capsys, *words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(line)
    assert ran.err.count("\n") == 1


def test_arguments_of_models_are_yaml_and_may_be_lists(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--model-arg", "features_only=true", "--model-arg", "out_indices=[0, 1]")
    made = json.loads(lrspec(capsys, "params", "--model", "resnet18", *words).out)
    assert made["args"] == {"features_only": True, "out_indices": [0, 1]}
    assert {each["name"].partition(".")[0] for each in made["parameters"]} == {"conv1", "bn1", "layer1"}


def test_several_models_are_to_choose_from(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "sub").mkdir()
    small, mine = "{source: resnet18, args: {num_classes: 2}}", "{source: 'hf:m', args: {class: 'A b', x: 'no', y: Z}}"
    models = f"lrspec: 1\nmodels: [resnet18, {small}, {{source: resnet18}}, {mine}, params:../params.json]"
    (folder / "sub" / "a.lrspec.yaml").write_text(SPEC.replace("lrspec: 1", models))
    for words in (("compile", "sub/a.lrspec.yaml"), ("explain", "sub/a.lrspec.yaml", "conv.weight")):
        ran = lrspec(capsys, *words)
        assert (ran.status, ran.err) == (
            2,
            "lrspec: several models: choose one with --model resnet18, --model resnet18 --model-arg num_classes=2, "
            "--model hf:sub/m --model-arg 'class=\"A b\"' --model-arg 'x=\"no\"' --model-arg y=Z, "
            "--params sub/../params.json\n",
        )
    assert lrspec(capsys, "compile", "sub/a.lrspec.yaml", "--params", "sub/../params.json").status == 0


def test_a_model_of_the_spec_that_cannot_be_built_is_said_with_its_place(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "sub").mkdir()
    spec = folder / "sub" / "a.lrspec.yaml"
    for model, why in (
        ("hf:missing", "hf:missing: no such file or folder (sub/missing): expected"),
        ("{source: resnet18, args: {x: 1}}", "resnet18 takes no argument 'x'"),
    ):
        spec.write_text(SPEC.replace("lrspec: 1", f"lrspec: 1\nmodels: [{model}]"))
        for words in (("compile", "sub/a.lrspec.yaml"), ("explain", "sub/a.lrspec.yaml", "conv.weight")):
            ran = lrspec(capsys, *words)
            assert (ran.status, ran.err.count("\n")) == (2, 1)
            assert ran.err.startswith(f"lrspec: sub/a.lrspec.yaml:2:10: {why}")


@pytest.mark.parametrize("text", ["no", "Yes", "OFF", "on # really", "{a: [off]}"])
def test_what_was_a_boolean_in_older_yaml_is_refused(capsys: pytest.CaptureFixture[str], text: str) -> None:
    ran = lrspec(capsys, "params", "--model", "resnet18", "--model-arg", f"x={text}")
    assert (ran.status, ran.out) == (2, "")
    assert f"'--model-arg': x={text}: " in ran.err
    assert "is a string in YAML 1.2, not a boolean: write true or false (or " in ran.err


@pytest.mark.parametrize("command", ["params", "compile", "explain", "check"])
@pytest.mark.parametrize(
    "argument",
    ["x\x1b[2J\n::error::y", "\x1b[2J=[\n::error::y", "a=##vso[task.complete] \x1b[2J\n::error::[", "a=yes\x1b[2J"],
)
def test_an_argument_for_a_model_is_echoed_harmless(
    capsys: pytest.CaptureFixture[str], command: str, argument: str
) -> None:
    words = ["a.lrspec.yaml", *(["."] if command == "explain" else [])] if command != "params" else []
    ran = lrspec(capsys, command, *words, "--model", "resnet18", "--model-arg", argument)
    assert ran.status == 2
    for text in (ran.out, ran.err):
        assert all(line.isprintable() and not line.lstrip().startswith("::") for line in text.split("\n"))
        assert "##vso[" not in text


@pytest.mark.parametrize("text", ["'no'", '"no"', "nO", "none", "true"])
def test_quoted_words_and_values_of_todays_yaml_are_taken(capsys: pytest.CaptureFixture[str], text: str) -> None:
    ran = lrspec(capsys, "params", "--model", "resnet18", "--model-arg", f"x={text}")
    assert ran.err.startswith("lrspec: resnet18 takes no argument 'x'")


@pytest.mark.parametrize("words", ["--help", "--version", "compile --help", "explain LRS201"])
def test_standard_output_that_is_full_is_one_line(words: str) -> None:
    command = f"{sys.executable} -m lrspec {words} >/dev/full"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "lrspec: standard output: no space left on device\n")


@pytest.mark.parametrize(
    ("words", "status"), [("compile --params names.txt", 1), ("compile --params none", 2), ("bogus", 2), ("", 2)]
)
def test_standard_error_that_is_full_changes_no_status(words: str, status: int, folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(BROKEN)
    command = f"{sys.executable} -m lrspec {words} 2>/dev/full"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == status


def test_timm_that_is_not_installed_is_said_with_how_to_install_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    ran = lrspec(capsys, "compile", "--model", "resnet18")
    assert ran.status == 2
    assert "pip install 'lrspec[timm]'" in ran.err
    assert ran.err.count("\n") == 1


def test_numbers_that_json_does_not_have_are_refused_wherever_they_come_from(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "a.lrspec.yaml").write_text("lrspec: 1\noptimizer: {lr: 1e300}\nrules: [{match: '^.', lr_mult: 1e300}]")
    ran = lrspec(capsys, "compile", "--params", "names.txt", "--format", "json")
    assert (ran.status, json.loads(ran.out)["parameters"]) == (1, [])
    assert json.loads(ran.out)["diagnostics"][0]["code"] == "LRS104"
    (folder / "a.lrspec.yaml").write_text(
        "lrspec: 1\noptimizer: {lr: 1e308}\nrules: [{match: '^[a-z]', lr_mult: 100, lr_scale: 0}]"
    )
    ran = lrspec(capsys, "compile", "--params", "names.txt")
    assert (ran.status, ran.out) == (1, "")
    assert "is not a finite number" in ran.err
    (folder / "a.lrspec.yaml").write_text(SPEC.replace("lrspec: 1", "lrspec: 1\nmodels: {source: a, args: {b: .nan}}"))
    assert "2:27: error LRS104" in lrspec(capsys, "compile").err
    assert lrspec(capsys, "params", "--model", "resnet18", "--model-arg", "x=.inf").status == 2
    (folder / "a.lrspec.yaml").write_text(SPEC)
    (folder / "params.json").write_text('{"lrspec_params": 1, "args": {"x": NaN}, "parameters": []}')
    assert lrspec(capsys, "compile", "--params", "params.json").status == 2


def test_paths_and_factories_that_are_no_good_are_status_2(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC.replace("lrspec: 1", 'lrspec: 1\nmodels: "params:a\\0b"'))
    ran = lrspec(capsys, "compile")
    assert (ran.status, ran.err) == (2, "lrspec: a.lrspec.yaml:2:9: a\\x00b: embedded null byte\n")
    (folder / "leaves.py").write_text("import sys\n\ndef make():\n    sys.exit(7)\n")
    ran = lrspec(capsys, "params", "--model", "py:leaves:make")
    assert (ran.status, ran.err) == (
        2,
        "lrspec: py:leaves:make cannot be built: SystemExit: 7 (leaves.py:4, in make)\n",
    )
    (folder / "lazy.py").write_text("import torch\n\ndef make():\n    return torch.nn.LazyLinear(1)\n")
    ran = lrspec(capsys, "params", "--model", "py:lazy:make")
    assert ran.status == 2
    assert "run a batch through the model first" in ran.err


# ------------------------------------------------------------------------------------------------ real models


def test_compile_builds_timm_models(capsys: pytest.CaptureFixture[str]) -> None:
    ran = lrspec(capsys, "compile", "-m", "resnet18", "--model-arg", "num_classes=2", "--format", "json")
    plan = json.loads(ran.out)
    assert plan["model"]["source"] == "timm:resnet18"
    assert plan["model"]["args"] == {"num_classes": 2}
    assert (plan["model"]["parameters"], plan["model"]["elements"]) == (62, 11177538)
    assert plan["parameters"][-2]["shape"] == [2, 512]


def test_params_gives_what_compile_takes(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert lrspec(capsys, "params", "--model", "timm:resnet18", "-o", "saved.json").status == 0
    first = json.loads((folder / "saved.json").read_text())["parameters"][0]
    assert first == {
        "name": "conv1.weight",
        "aliases": [],
        "shape": [64, 3, 7, 7],
        "requires_grad": True,
        "module": ["Conv2d", "_ConvNd"],
        "alias_modules": [],
        "declared": [],
    }
    live = lrspec(capsys, "compile", "--model", "resnet18", "--format", "json").out
    assert lrspec(capsys, "compile", "--params", "saved.json", "--format", "json").out == live


def test_models_of_torchvision_and_of_ones_own(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    listed = json.loads(lrspec(capsys, "params", "--model", "torchvision:resnet18").out)
    assert len(listed["parameters"]) == 62
    (folder / "mine.py").write_text(
        "import torch\nprint('importing')\n\ndef make(width=2):\n    print(torch.empty(0).device)\n"
        "    return torch.nn.Linear(width, 1)\n"
    )
    ran = lrspec(capsys, "params", "--model", "py:mine:make", "--model-arg", "width=5")
    assert json.loads(ran.out)["parameters"][0]["shape"] == [1, 5]
    assert "meta" in ran.err


def test_a_model_that_refuses_the_meta_device_is_built_really(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "stubborn.py").write_text(
        "import torch\n\ndef make():\n    width = int(torch.tensor(3))\n    return torch.nn.Linear(width, 1)\n"
    )
    ran = lrspec(capsys, "params", "--model", "py:stubborn:make")
    assert json.loads(ran.out)["parameters"][0]["shape"] == [1, 3]


# ------------------------------------------------------------------------------------------------- explain


def test_explain_tells_why_a_parameter_gets_what_it_gets(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    spec = SPEC + "  - {name: biases, match: 'norm', lr_scale: 2, options: {eps: 1e-6}}\n"
    (folder / "a.lrspec.yaml").write_text(spec)
    ran = lrspec(capsys, "explain", "a.lrspec.yaml", "norm.weight", "--params", "params.json")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "norm.weight [2], 2 elements, owned by BatchNorm2d\n"
        "  status          trained, in group 1 (block.1/no-decay/biases)\n"
        "  learning rate   0.018000000000000002 = 0.01 (optimizer.lr) × 0.9 (block: layer 1, of 0 to 2) "
        "× 2 (lr_scale of biases)\n"
        "  weight decay    0 (weight_decay of no-decay)\n"
        "  eps             1e-6\n"
        "  rules, in order\n"
        "    block     selects it by '^(\\w+)\\.': sets the layer\n"
        "    no-decay  selects it by where: sets the weight decay to 0\n"
        "    biases    selects it by 'norm': sets `lr_scale` to 2; sets the option `eps` to 1e-6\n"
    )


def test_explain_takes_a_regex_and_shows_what_comes_too_late(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC + "  - {name: late, match: '^conv', lr_scale: 2, weight_decay: 1}\n"
                                          "  - {name: later, match: '^conv', weight_decay: 0.5}\n")  # fmt: skip
    ran = lrspec(capsys, "explain", "a.lrspec.yaml", r"\.weight$", "--params", "params.json")
    assert ran.status == 1
    assert "LRS202" in ran.err
    assert "1 more in this spec" not in ran.err
    assert "later     selects it by '^conv': would set the weight decay to 0.5, but late comes first" in ran.out
    assert "fc.weight [4, 2], 8 elements, owned by Linear\n  status          frozen by the model\n" in ran.out


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_explain_knows_every_diagnostic_by_code_and_by_name(capsys: pytest.CaptureFixture[str], code: Any) -> None:
    ran = lrspec(capsys, "explain", code.code)
    assert ran.out.endswith(f"\n\n{of_code(code.code)}\n")
    assert ran.status == 0
    assert ran.out.startswith(f"## {code.code} {code.name}\n")
    first = next(each for each in CODES.values() if each.name == code.name)  # of a spec, before that of an audit
    assert lrspec(capsys, "explain", code.name.upper()).out.startswith(f"## {first.code} {code.name}\n")


# ------------------------------------------------------------------------------------------------- processes


def test_the_manual_lists_the_commands_that_keep_specs_in_their_folder() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "command.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"\. ([^.]*\.md[^.]*) let a spec name inventories only below", " ".join(manual.split()))
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    takes_it = {name for name, each in commands.items() if each and "allow_outside" in {p.name for p in each.params}}
    assert set(re.findall(r"`(\w+)`", named)) == takes_it


def test_the_module_is_the_command() -> None:
    ran = process("--version")
    assert (ran.returncode, ran.stdout) == (0, "lrspec 0.1.0\n")
    assert process().returncode == 2


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m lrspec schema; echo $? >status"
    subprocess.run(["bash", "-c", f"({command}) 2>err | head -c 1 >/dev/null"], check=True)
    assert (folder / "status").read_text() == "0\n"
    assert (folder / "err").read_text() == ""


@pytest.mark.parametrize(
    ("words", "status"),
    [("--help", 0), ("schema", 0), ("bogus 2>&1", 2), ("compile --params none 2>&1", 2), ("explain LRS201", 0)],
)
def test_readers_that_leave_and_streams_that_are_closed_change_no_status(folder: Path, words: str, status: int) -> None:
    command = f"{sys.executable} -m lrspec {words}"
    subprocess.run(["bash", "-c", f"({command}; echo $? >status) | true"], check=True)
    assert (folder / "status").read_text() == f"{status}\n"
    closed = subprocess.run(["bash", "-c", f"{command.removesuffix(' 2>&1')} >&- 2>&-"], check=False)
    assert closed.returncode == status


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_the_locale_does_not_matter(locale: str) -> None:
    words = ("compile", "--params", "params.json")
    environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0"}
    assert process(*words, env=environment).stdout == process(*words).stdout


ENCODED = r"""lrspec: 1
rules:
  - {name: one, match: '^café', lr: 1e-3}
  - {name: two, match: '^(fc|head)', lr: 1e-4}
  - {name: three, match: '^x', lr: 3}
"""


@pytest.mark.parametrize(
    ("encoding", "line", "names", "name"),
    [
        ("ascii", "-----", "fc.bias ~ head.bias", r"caf\xe9.bias"),
        ("ascii:replace", "?????", "fc.bias ? head.bias", "caf?.bias"),
        ("latin-1", "-----", "fc.bias ~ head.bias", "café.bias"),
        ("cp437", "─────", "fc.bias ~ head.bias", "café.bias"),
        ("utf-8", "─────", "fc.bias … head.bias", "café.bias"),
    ],
)
def test_the_encoding_that_python_is_told_is_used(
    folder: Path, encoding: str, line: str, names: str, name: str
) -> None:
    (folder / "a.lrspec.yaml").write_text(ENCODED, encoding="utf-8")
    (folder / "names.txt").write_text("café.bias\nfc.bias\nhead.bias\nx\n", encoding="utf-8")
    command = [sys.executable, "-m", "lrspec", "compile", "--params", "names.txt"]
    ran = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding}, check=True)
    printed = ran.stdout.decode(encoding.partition(":")[0])
    assert all(f" {text} " in printed for text in (names, name))
    assert line in printed


@pytest.mark.parametrize(
    "words", ["compile", "check . --format github", "check . --format sarif", "explain a.lrspec.yaml é"]
)
def test_an_encoding_without_a_character_is_no_traceback(folder: Path, words: str) -> None:
    (folder / "a.lrspec.yaml").write_text("lrspec: 1\nrules: [{name: …, match: '^é…', lr: 3}]\n", encoding="utf-8")
    (folder / "names.txt").write_text("é.weight\n", encoding="utf-8")
    ran = process(*words.split(), "--params", "names.txt", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert (ran.stdout + ran.stderr).isascii()


def test_json_is_the_same_in_every_encoding(folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(ENCODED, encoding="utf-8")
    (folder / "names.txt").write_text("café…\nfc\nx\n", encoding="utf-8")
    words = ("compile", "--params", "names.txt", "--format", "json")
    ran = process(*words, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ran.stdout == process(*words).stdout
    assert json.loads(ran.stdout)["parameters"][0]["name"] == "café…"


def test_modules_of_the_current_folder_are_not_imported(folder: Path) -> None:
    for name in ("click", "pydantic", "yaml", "rich"):
        (folder / f"{name}.py").write_text("print('imported')\nraise SystemExit(3)\n")
    ran = process("compile", "--params", "params.json")
    assert (ran.returncode, "imported" in ran.stdout) == (0, False)


def obeying_interrupts() -> None:
    """Tests may run where interrupts are ignored, as under nohup; a process would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_is_one_line(folder: Path) -> None:
    (folder / "slow.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    command = [sys.executable, "-m", "lrspec", "params", "--model", "py:slow:make"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, preexec_fn=obeying_interrupts) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.strip()) == (130, "", "lrspec: interrupted")


def test_a_plan_that_is_refused_says_what_was_set_on_the_command_line(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "a.lrspec.yaml").write_text("lrspec: 1\nrules: [{name: all, match: '^.', lr_mult: 1}]\n")
    words = ("compile", "--params", "params.json", "--format", "json", "--set", "optimizer.weight_decay=0.1")
    ran = lrspec(capsys, *words, "--weight-decay", "0.2")
    plan = json.loads(ran.out)
    assert (ran.status, plan["groups"], plan["diagnostics"][0]["code"]) == (1, None, "LRS104")
    assert plan["spec"]["overrides"] == {"optimizer.weight_decay": 0.2}


def test_absolute_values_that_stay_are_those_of_the_optimizer(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(
        "lrspec: 1\noptimizers: {a: {lr: 1}, b: {lr: 0.5}}\nrules:\n"
        "  - {name: one, match: '^conv', lr: 0.1}\n  - {name: other, match: '^norm', lr: 0.2, optimizer: b}\n"
    )
    words = ("compile", "--params", "params.json", "--set", "optimizers.a.lr=0.7", "--set", "optimizers.b.lr=0.8")
    assert lrspec(capsys, *words).out.splitlines()[-2:] == [
        "optimizers.a.lr is 0.7 (was 1); absolute values unchanged: one",
        "optimizers.b.lr is 0.8 (was 0.5); absolute values unchanged: one, other",
    ]
