"""`lrspec audit`: what it prints, its exit statuses, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from lrspec.cli import run
from lrspec.formats.json_schema import schema

MINE = """
import torch
from torch import nn

def net():
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))

def right():
    model = net()
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3)

def forgotten():
    model = net()
    return model, torch.optim.AdamW(model[0].parameters(), lr=1e-3)

def frozen():
    model = net()
    model[0].requires_grad_(False)
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3)

def scheduled():
    model, optimizer = right()
    return model, optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer)

def several():
    model = net()
    return model, [torch.optim.SGD(part.parameters(), lr=0.1) for part in (model[0], model[2])]

def named():
    model, optimizers = several()
    return model, dict(zip(["body", "head"], optimizers))

def not_finite():
    model, optimizer = right()
    optimizer.param_groups[0]["lr"] = float("nan")
    return model, optimizer

def lazy():
    model = nn.Sequential(nn.LazyLinear(2))
    return model, torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)

def fails():
    raise RuntimeError("no data")

def prints():
    print("building")
    return right()

def waits():
    import signal
    signal.raise_signal(signal.SIGINT)
"""


class Ran(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "trained.py").write_text(MINE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delitem(sys.modules, "trained", raising=False)
    return tmp_path


def audit(capsys: pytest.CaptureFixture[str], function: str, *words: str) -> Ran:
    status = run(["audit", f"py:trained.py:{function}", *words])
    return Ran(status, *capsys.readouterr())


def test_what_is_right_has_a_table_and_the_command_that_writes_the_spec(capsys: pytest.CaptureFixture[str]) -> None:
    ran = audit(capsys, "right")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("AdamW on torch.nn.modules.container.Sequential\n")
    assert "1 group; 4 parameters trained\n\nnothing found\n\n" in ran.out
    assert ran.out.endswith("\nTo write this as a spec: lrspec init --from py:trained.py:right\n")


@pytest.mark.parametrize(
    ("function", "words", "status"),
    [
        ("forgotten", [], 1),
        ("forgotten", ["--ignore", "parameter-in-no-group"], 0),
        ("frozen", [], 0),
        ("frozen", ["--strict"], 1),
        ("frozen", ["--strict", "--ignore", "parameter-in-no-group", "--ignore", "frozen-in-group"], 0),
        ("scheduled", ["--strict"], 0),
        ("several", ["--strict"], 0),
        ("named", ["--strict"], 0),
    ],
)
def test_errors_are_status_1_and_strict_counts_warnings(
    capsys: pytest.CaptureFixture[str], function: str, words: list[str], status: int
) -> None:
    assert audit(capsys, function, *words).status == status
    assert audit(capsys, function, *words, "--format", "json").status == status


def test_a_finding_is_part_of_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    ran = audit(capsys, "forgotten")
    assert "\nerror LRS501 parameter-in-no-group: 2 parameters (10 elements) require grad" in ran.out
    assert ran.err == ""
    assert "\x1b[31m" in audit(capsys, "forgotten", "--color", "always").out


@pytest.mark.parametrize("function", ["forgotten", "frozen", "scheduled", "named", "not_finite"])
def test_json_follows_its_schema(capsys: pytest.CaptureFixture[str], function: str) -> None:
    written = json.loads(audit(capsys, function, "--format", "json").out)
    jsonschema.validate(written, schema("audit"))


def test_json_has_groups_and_findings(capsys: pytest.CaptureFixture[str]) -> None:
    written = json.loads(audit(capsys, "forgotten", "--format", "json").out)
    assert [group["params"] for group in written["groups"]] == [["0.weight", "0.bias"]]
    assert [each["parameters"] for each in written["diagnostics"]] == [["2.weight", "2.bias"]]


def test_a_result_goes_to_a_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert audit(capsys, "right", "-o", "audit.txt") == (0, "", "")
    assert (folder / "audit.txt").read_text(encoding="utf-8").startswith("AdamW on ")


def test_what_the_function_prints_is_not_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    ran = audit(capsys, "prints", "--format", "json")
    assert ran.err == "building\n"
    assert json.loads(ran.out)["lrspec_audit"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["py:trained.py:fails"], "lrspec: py:trained.py:fails cannot be run: RuntimeError: no data (trained.py:"),
        (["py:trained.py:rihgt"], "lrspec: py:trained.py:rihgt: AttributeError: "),
        (
            ["py:trained.py:net"],
            "lrspec: py:trained.py:net: expected (model, optimizer) or (model, optimizer, scheduler)",
        ),
        (
            ["py:trained.py:lazy"],
            "lrspec: py:trained.py:lazy: 0.weight has no shape yet: run a batch through the model",
        ),
        (["resnet18"], "lrspec: resnet18: expected py:package.module:function, or py:FILE.py:function"),
        ([], "lrspec audit: Missing argument"),
        (
            ["py:trained.py:right", "--ignore", "mixed-deacy"],
            "lrspec audit: Invalid value for --ignore: no finding of an audit is called 'mixed-deacy': did you mean",
        ),
        (
            ["py:trained.py:right", "--ignore", "LRS501"],
            "lrspec audit: Invalid value for --ignore: no finding of an audit is called 'LRS501': "
            "did you mean `parameter-in-no-group`?",
        ),
        (["py:trained.py"], "lrspec: py:trained.py: expected py:package.module:function, or py:FILE.py:function"),
    ],
)
def test_what_cannot_run_is_status_2_and_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    status = run(["audit", *words])
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(said)


OBEYING_INTERRUPTS = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "lrspec", *sys.argv[1:]])
"""
"""A command, also where the tests run in the background of a shell, which has interrupts ignored."""


def test_an_interrupt_ends_it() -> None:
    command = [sys.executable, "-c", OBEYING_INTERRUPTS, "audit", "py:trained.py:waits"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "lrspec: interrupted\n")


def test_a_reader_that_leaves_is_not_an_error() -> None:
    command = f"set -o pipefail; {sys.executable} -m lrspec audit py:trained.py:right | true"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
