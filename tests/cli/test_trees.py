"""`lrspec params` and `lrspec compile --tree`: which of tree and JSON comes out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lrspec.cli import run

SPEC = "lrspec: 1\nmodels: params:m.json\noptimizer: {type: AdamW, lr: 1e-3}\nrules: [{match: '^w', lr: 0.003}]\n"
PARAMS = ["params", "--model", "params:m.json"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    parameters = [{"name": f"w.{number}", "shape": [2]} for number in range(3)]
    (tmp_path / "m.json").write_text(json.dumps({"lrspec_params": 1, "parameters": parameters}), encoding="utf-8")
    (tmp_path / "s.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(words) == 0
    return capsys.readouterr().out


def test_params_are_json_in_a_pipe_and_a_tree_on_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = printed([*PARAMS, "--format", "tree"], capsys)
    assert "w.0 … w.2 (3 ×)" in tree
    saved = printed(PARAMS, capsys)
    assert len(json.loads(saved)["parameters"]) == 3
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert printed(PARAMS, capsys) == tree
    assert printed([*PARAMS, "--format", "json"], capsys) == saved
    assert printed([*PARAMS, "-o", "saved.json"], capsys) == ""
    assert (folder / "saved.json").read_text(encoding="utf-8") == saved


def test_params_shows_a_saved_inventory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    saved = ["params", "--params", "m.json"]
    assert json.loads(printed(saved, capsys)) == json.loads(printed(PARAMS, capsys))
    (folder / "names.txt").write_text("w.0\nw.1\n", encoding="utf-8")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "w.0 … w.2 (3 ×)" in printed(saved, capsys)
    assert "w.0 … w.1 (2 ×)" in printed(["params", "--params", "names.txt"], capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--model is missing, or --params"),
        (["--model", "params:m.json", "--params", "m.json"], "--model and --params exclude each other"),
        (["--params", "m.json", "--model-arg", "a=1"], "--model-arg and --params exclude each other"),
        (["--params", "none.json"], "none.json: no such file"),
    ],
)
def test_params_is_of_one_model(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["params", *words]) == 2
    assert message in capsys.readouterr().err


def test_compile_shows_a_tree_or_json_but_not_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert "w.0 … w.2 (3 ×)  [2]             3         6          0.003" in printed(["compile", "--tree"], capsys)
    assert run(["compile", "--tree", "--format", "json"]) == 2
    assert "--tree and --format json exclude each other" in capsys.readouterr().err


def test_another_encoding_has_lines_of_its_own() -> None:
    assert "│   ├── a … b (2 ×)\n└── c".encode("ascii", "lrspec").decode() == "|   +-- a ~ b (2 x)\n+-- c"
