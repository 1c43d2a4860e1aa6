"""Warnings reach whoever calls: once, at the line of the call, with the place in the spec, and errors if so wanted."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import lrspec
from lrspec.cli import run

SPEC = "lrspec: 1\noptimizer: {type: SGD, lr: 1e-2}\nrules: [{name: all, match: '^[a-z]', lr_mult: 300}]\n"
FOUND = "a.lrspec.yaml:3:47: warning LRS304 large-value: the learning rate of "
SCRIPT = """import sys, warnings
import lrspec
if "filter" in sys.argv:
    warnings.simplefilter("error", lrspec.SpecWarning)
for _ in range(3):
    lrspec.compile("a.lrspec.yaml", lrspec.Inventory.from_names(["a"]))
print("done")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec that has one warning, and a script that compiles it three times at one line."""
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    return tmp_path


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_a_plain_script_shows_a_warning_once_with_both_places() -> None:
    ran = python("script.py")
    assert (ran.returncode, ran.stdout) == (0, "done\n")
    assert ran.stderr.count("SpecWarning") == 1
    assert f"script.py:6: SpecWarning: {FOUND}1 parameter is 3, above 1\n" in ran.stderr
    assert "    Check the exponent; if the value is intended, " in ran.stderr


@pytest.mark.parametrize("words", [["-W", "error::UserWarning", "script.py"], ["script.py", "filter"]])
def test_a_script_can_have_warnings_as_errors(words: list[str]) -> None:
    ran = python(*words)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"\nlrspec.diagnostics.errors.SpecWarning: {FOUND}" in ran.stderr


def test_python_cannot_resolve_the_class_by_a_flag() -> None:
    ran = python("-W", "error::lrspec.SpecWarning", "script.py")
    assert (ran.returncode, ran.stdout) == (0, "done\n")
    assert "Invalid -W option ignored" in ran.stderr


@pytest.mark.parametrize(("words", "code"), [([], 0), (["-W", "error::lrspec.SpecWarning"], 1)])
def test_pytest_shows_warnings_and_can_resolve_the_class(
    words: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = SCRIPT.partition("for")[0] + "def test_it():\n    lrspec.compile('a.lrspec.yaml', names())\n"
    Path("test_it.py").write_text(f"{test}def names():\n    return lrspec.Inventory.from_names(['a'])\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    ran = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *words, "test_it.py")
    assert ran.returncode == code
    assert f"SpecWarning: {FOUND}1 parameter is 3, above 1" in ran.stdout


CALLS: dict[str, Callable[[nn.Module], Any]] = {
    "compile": lambda model: lrspec.compile("a.lrspec.yaml", model),
    "param_groups": lambda model: lrspec.param_groups("a.lrspec.yaml", model),
    "build_optimizer": lambda model: lrspec.build_optimizer("a.lrspec.yaml", model),
    "build_optimizers": lambda model: lrspec.build_optimizers("a.lrspec.yaml", model),
    "a mapping": lambda model: lrspec.compile(lrspec.load("a.lrspec.yaml").document.value, model),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_each_call_warns_at_the_line_that_makes_it(
    call: Callable[[nn.Module], Any], recwarn: pytest.WarningsRecorder
) -> None:
    call(nn.Linear(1, 1))
    (warning,) = recwarn
    assert (warning.category, warning.filename) == (lrspec.SpecWarning, __file__)
    assert warning.lineno == call.__code__.co_firstlineno


def test_a_call_without_a_line_of_its_own_warns_too() -> None:
    code = "import lrspec, threading; names = lrspec.Inventory.from_names(['a'])\n"
    ran = python("-c", f"{code}threading.Thread(target=lrspec.compile, args=('a.lrspec.yaml', names)).start()")
    assert ran.stderr.count(f"SpecWarning: {FOUND}") == 1


def test_a_caller_without_a_name_is_served_though_python_does_not_warn_it() -> None:
    code = compile("plan = lrspec.compile('a.lrspec.yaml', lrspec.Inventory.from_names(['a']))", "theirs.py", "exec")
    variables: dict[str, Any] = {"__name__": None, "lrspec": lrspec}
    exec(code, variables)
    assert [found.code for found in variables["plan"].diagnostics] == ["LRS304"]


def test_what_asks_for_findings_does_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    model = nn.Linear(1, 1)
    assert [found.code for found in lrspec.check("a.lrspec.yaml", model)] == ["LRS304"]
    lrspec.load("a.lrspec.yaml")
    assert not recwarn
    plan = lrspec.compile("a.lrspec.yaml", model)
    recwarn.clear()
    plan.verify(lrspec.build_optimizer(plan, model), model)
    assert not recwarn


def test_a_warning_that_is_ignored_in_the_spec_is_not_issued(recwarn: pytest.WarningsRecorder) -> None:
    lrspec.compile(lrspec.loads(f"{SPEC}check: {{large-value: ignore}}"), nn.Linear(1, 1))
    assert not recwarn


def test_text_of_a_spec_cannot_move_the_cursor(recwarn: pytest.WarningsRecorder) -> None:
    lrspec.compile(lrspec.loads(SPEC, path="a\x1b[2J.yaml"), nn.Linear(1, 1))
    assert str(recwarn[0].message).startswith("a\\x1b[2J.yaml:3:47: warning LRS304")


def test_the_command_prints_reports_and_no_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.txt").write_text("a\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(["compile", "a.lrspec.yaml", "--params", "a.txt"]) == 0
        assert run(["check", "a.lrspec.yaml", "--params", "a.txt"]) == 0
    shown = capsys.readouterr()
    assert "SpecWarning" not in shown.out + shown.err
    assert FOUND in shown.out
    assert FOUND in shown.err
