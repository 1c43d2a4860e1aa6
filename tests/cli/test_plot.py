"""`lrspec plot`: what it writes, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lrspec.cli import run

SPEC = r"""lrspec: 1
models: params:params.json
optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.05}
schedules: {main: [{until: 500, from: 0}, {to: 0}]}
rules:
  - {name: block, layers: '^(\w+)\.', layer_decay: 0.9}
"""
SEVERAL = r"""lrspec: 1
optimizers: {a: {type: AdamW, lr: 1e-2}, b: {type: SGD, lr: 0.1}}
rules: [{match: '^fc\.', optimizer: b, lr_mult: 1}, {fallback: true, lr_mult: 1}]
"""
PARAMETERS = [{"name": name, "shape": [4, 2], "module": ["Linear"]} for name in ("stem.weight", "fc.weight")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "params.json").write_text(json.dumps({"lrspec_params": 1, "source": "mine", "parameters": PARAMETERS}))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit status and standard error; standard output is always empty."""
    status = run(["plot", *words])
    out, err = capsys.readouterr()
    assert out == ""
    return status, err


@pytest.mark.parametrize(("name", "magic"), [("a.svg", b"<?xml"), ("A.PNG", b"\x89PNG"), ("a.pdf", b"%PDF")])
def test_the_ending_decides_the_format(
    name: str, magic: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "-o", name) == (0, "")
    assert (folder / name).read_bytes().startswith(magic)


@pytest.mark.parametrize("words", [[], ["--theme", "dark"], ["--steps", "1000"], ["--width", "7"], ["--lr", "1"]])
def test_a_plot_is_the_same_bytes_on_every_run(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "-o", "plain.svg") == (0, "")
    for name in ("one.svg", "two.svg"):
        said(capsys, "a.lrspec.yaml", *words, "-o", name)
    assert (folder / "one.svg").read_bytes() == (folder / "two.svg").read_bytes()
    assert ((folder / "one.svg").read_bytes() == (folder / "plain.svg").read_bytes()) == (not words)


@pytest.mark.parametrize("name", ["a.gif", "svg", "a.svg.txt", ".svg", "a"])
def test_another_ending_is_refused(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, error = said(capsys, "-o", name)
    assert status == 2
    assert f"-o: expected a file that ends in .svg, .png or .pdf, found {name}" in error
    assert not (folder / name).exists()


@pytest.mark.parametrize("words", [[], ["-o", "-"]])
def test_a_file_must_be_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status, error = said(capsys, *words)
    assert (status, error.partition(" (see")[0]) == (2, "lrspec plot: -o is missing, the file to draw to: -o lr.svg")


def test_without_matplotlib_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, error = said(capsys, "-o", "a.svg")
    assert status == 2
    assert error.startswith("lrspec: plots need matplotlib, which cannot be imported (")
    assert error.endswith("): pip install 'lrspec[plot]'\n")
    assert not (folder / "a.svg").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("lrspec: 1", "lrspec: 2"), "LRS104"),
        ((r"^(\w+)\.", r"^(s\w+)\."), "LRS201"),
        (("optimizer: ", "optimiser: "), "LRS103"),
    ],
    ids=["in itself", "for the model", "unknown key"],
)
def test_errors_of_the_spec_are_reported_and_nothing_is_written(
    change: tuple[str, str], code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.svg").write_text("old")
    (folder / "a.lrspec.yaml").write_text(SPEC.replace(*change))
    status, error = said(capsys, "-o", "a.svg")
    assert status == 1
    assert code in error
    assert (folder / "a.svg").read_text() == "old"


def test_warnings_count_with_strict_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC.replace("1e-2", "2"))
    assert said(capsys, "-o", "a.svg")[0] == 0
    assert said(capsys, "--strict", "-o", "b.svg")[0] == 1
    assert (folder / "a.svg").read_bytes() == (folder / "b.svg").read_bytes()


@pytest.mark.parametrize("width", ["nan", "inf", "1", "41", "wide"])
def test_a_width_that_is_none_is_refused(width: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, err = said(capsys, "a.lrspec.yaml", "-o", "a.svg", "--width", width)
    assert status == 2
    assert "Invalid value for '--width'" in err
    assert not (folder / "a.svg").exists()


def test_a_rate_for_one_of_several_optimizers_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.lrspec.yaml").write_text(SEVERAL)
    status, error = said(capsys, "b.lrspec.yaml", "-p", "params.json", "--lr", "1", "-o", "b.svg")
    assert (status, "--set optimizers.a.lr=…" in error) == (2, True)
    assert said(capsys, "b.lrspec.yaml", "-p", "params.json", "--set", "optimizers.a.lr=1", "-o", "b.svg")[0] == 0


def test_segments_that_the_run_cuts_off_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, error = said(capsys, "--steps", "100", "-o", "a.svg")
    assert status == 0
    assert error.splitlines()[0].startswith("lrspec: schedule main, in a run of 100 steps: segment 1 is cut off")


def test_a_file_that_cannot_be_written_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.svg").mkdir()
    assert said(capsys, "-o", "a.svg") == (2, "lrspec: a.svg: is a directory\n")
    assert said(capsys, "-o", "nowhere/a.svg") == (2, "lrspec: nowhere/a.svg: no such file or directory\n")


def test_a_model_without_parameters_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "params.json").write_text('{"lrspec_params": 1, "parameters": []}')
    assert said(capsys, "-o", "a.svg") == (2, "lrspec: the model has no parameters: there is nothing to draw\n")


def test_standard_input_is_a_spec(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "a.lrspec.yaml").open() as spec:
        monkeypatch.setattr(sys, "stdin", spec)
        assert said(capsys, "-", "-o", "a.svg") == (0, "")
    assert said(capsys, "-o", "b.svg") == (0, "")
    assert (folder / "a.svg").read_bytes() == (folder / "b.svg").read_bytes()
