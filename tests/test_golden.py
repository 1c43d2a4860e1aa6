"""What users read: specs, each with one mistake, and the report that each must give.

A folder of `tests/golden` is a case: a spec, an inventory (`params.json`, or names alone in `params.txt`;
none where the spec is wrong in itself), and what is expected: `report.txt` and `diagnostics.json`, or
`plan.json` for a spec that is clean. LRS4xx are about code that trains. In place of an inventory such a folder has
that code, `training.py`: its `train` takes the plan and a `Net`, and returns what `verify` is given, an optimizer or
several, and perhaps a scheduler. `pytest --update` writes what is expected anew.
"""

from __future__ import annotations

import json
import runpy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import lrspec
from lrspec.compiler.compile import attempt
from lrspec.diagnostics.codes import CODES
from lrspec.diagnostics.report import report, summary
from lrspec.diagnostics.source import Text
from lrspec.optim.verify.verify import require
from lrspec.spec.load import read
from lrspec.spec.syntax.document import format_of

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = sorted(folder for folder in GOLDEN.iterdir() if folder.is_dir())
CLEAN = [folder for folder in FOLDERS if folder.name.startswith("clean-")]
FAULTY = [folder for folder in FOLDERS if folder not in CLEAN]
TRAINING = [folder for folder in FOLDERS if (folder / "training.py").exists()]


class Net(nn.Module):
    """What the code of a folder trains."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 2)


@dataclass(frozen=True)
class Result:
    """What came of the spec of a folder."""

    text: Text
    diagnostics: tuple[lrspec.Diagnostic, ...]
    plan: lrspec.Plan | None

    @property
    def files(self) -> dict[str, str]:
        """The expected files of the folder, with what should be in them."""
        if not self.diagnostics and self.plan is not None:
            return {"plan.json": _json(self.plan.to_dict())}
        return {
            "report.txt": report(self.diagnostics, self.text) + "\n",
            "diagnostics.json": _json([found.to_dict() for found in self.diagnostics]),
        }


def spec_of(folder: Path) -> Path:
    (spec,) = folder.glob("spec.lrspec.*")
    return spec


def inventory_of(folder: Path) -> lrspec.Inventory:
    paths = list(folder.glob("params.*"))
    return lrspec.Inventory.load(paths[0]) if paths else lrspec.Inventory(())


def run(folder: Path, plan: lrspec.Plan, model: nn.Module) -> tuple[Any, Any]:
    """What the code of a folder trains with: an optimizer, or a mapping of several, and a scheduler or None."""
    made = runpy.run_path(str(folder / "training.py"))["train"](plan, model)
    return made if isinstance(made, tuple) else (made, None)


def result(folder: Path) -> Result:
    spec = spec_of(folder)
    if folder in TRAINING:
        model = Net()
        plan = lrspec.compile(read(spec.read_bytes(), spec.name, format_of(spec.name)).file(), model)
        optimizer, scheduler = run(folder, plan, model)
        return Result(plan.file.document.text, tuple(plan.verify(optimizer, model, scheduler)), plan)
    reading = read(spec.read_bytes(), spec.name, format_of(spec.name))
    if reading.spec is None:
        return Result(reading.document.text, reading.diagnostics, None)
    outcome = attempt(reading.file(), inventory_of(folder))
    return Result(reading.document.text, outcome.diagnostics, outcome.plan)


def expected_diagnostics(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "diagnostics.json").read_bytes())
    return found


def _codes(folder: Path) -> set[str]:
    return {found["code"] for found in expected_diagnostics(folder)}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _id(folder: Path) -> str:
    return folder.name


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_a_folder_has_the_files_that_come_out(folder: Path, update: bool) -> None:
    files = result(folder).files
    if update:
        for name in ("report.txt", "diagnostics.json", "plan.json"):
            (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content.encode())
    inputs = {path.name for path in (spec_of(folder), *folder.glob("params.*"), *folder.glob("training.py"))}
    assert {path.name for path in folder.iterdir()} == {*inputs, *files}
    for name, content in files.items():
        assert content == (folder / name).read_bytes().decode()


@pytest.mark.parametrize("folder", FAULTY, ids=_id)
def test_a_folder_is_named_after_a_code_that_it_shows(folder: Path) -> None:
    assert folder.name.partition("-")[0] in _codes(folder)


@pytest.mark.parametrize("folder", CLEAN, ids=_id)
def test_a_clean_folder_has_groups_and_no_diagnostics(folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_bytes())
    assert plan["groups"]
    assert plan["diagnostics"] == []


@pytest.mark.parametrize("code", [code for code in CODES if not code.startswith(("LRS5", "LRS6"))])
def test_every_code_is_shown_by_a_folder(code: str) -> None:
    """LRS5xx are in tests/audit, LRS6xx in tests/review."""
    shown = [folder for folder in FAULTY if folder.name.startswith(f"{code}-")]
    assert any(code in _codes(folder) for folder in shown)


@pytest.mark.parametrize("folder", FAULTY, ids=_id)
def test_every_place_is_inside_the_text(folder: Path) -> None:
    shown = result(folder)
    end = shown.text.position(len(shown.text.content))
    for found in shown.diagnostics:
        assert shown.text.position(0) <= found.span.start <= found.span.end <= end
        for line, column in ((found.line, found.column), (found.end_line, found.end_column)):
            assert 1 <= column <= len(shown.text.line(line)) + 1


@pytest.mark.parametrize("folder", FAULTY, ids=_id)
def test_a_report_has_each_diagnostic_under_its_place(folder: Path) -> None:
    shown = result(folder)
    lines = (folder / "report.txt").read_bytes().decode().splitlines()
    places = [line.split(": ")[0] for line in lines if line.startswith("spec.lrspec.")]
    assert places == [f"{found.path}:{found.line}:{found.column}" for found in shown.diagnostics]
    assert lines[-1] == summary(shown.diagnostics)


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder not in TRAINING], ids=_id)
def test_the_public_calls_say_the_same_in_another_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    spec, inventory = spec_of(Path()).name, inventory_of(Path())
    if folder in CLEAN:
        assert lrspec.check(spec, inventory) == []
        assert _json(lrspec.compile(spec, inventory).to_dict()) == Path("plan.json").read_bytes().decode()
    else:
        diagnostics = lrspec.check(spec, inventory)
        assert [found.to_dict() for found in diagnostics] == expected_diagnostics(folder)
        if any(found.severity is lrspec.Severity.error for found in diagnostics):
            with pytest.raises(lrspec.SpecError) as caught:
                lrspec.compile(spec, inventory)
            assert f"{caught.value}\n" == Path("report.txt").read_bytes().decode()
        else:
            lrspec.compile(spec, inventory)
            assert [str(warning.message) for warning in recwarn] == list(map(str, diagnostics))


@pytest.mark.parametrize("folder", TRAINING, ids=_id)
def test_training_code_is_told_the_report_though_its_spec_is_clean(folder: Path) -> None:
    model = Net()
    assert lrspec.check(spec_of(folder), model) == []
    plan = lrspec.compile(spec_of(folder), model)
    optimizer, scheduler = run(folder, plan, model)
    with pytest.raises(lrspec.VerifyError) as caught:
        require(plan, optimizer, model, scheduler)
    report = (folder / "report.txt").read_bytes().decode()
    assert f"{caught.value}\n".replace(str(spec_of(folder)), spec_of(folder).name) == report
