"""What users do wrong: realistic specs, each with one mistake, and what `lrspec check` says of it.

A folder of `tests/mistakes` is a case: the spec, and `mistake.toml`, which was written by hand from the spec alone
and says in which `place` a person would put the cursor, and under which `piece` of the line the finding is drawn; its
`code`, the codes of what is found `beside` it, and the `status`. `report.txt` and `check.json` are what the command
prints. `pytest --update` writes these two anew.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lrspec.cli import run
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.spec.validation.key_errors import SYNONYMS

MISTAKES = Path(__file__).parent / "mistakes"
FOLDERS = sorted(
    (folder for folder in MISTAKES.iterdir() if folder.name[0].isdigit()),
    key=lambda folder: int(folder.name.partition("-")[0]),
)
FORMATS = {"report.txt": "text", "check.json": "json"}


@dataclass(frozen=True)
class Mistake:
    """What `mistake.toml` says: see above; `params` is a file of `tests/mistakes/models`."""

    story: str
    params: str
    status: int
    code: str
    place: str
    piece: str
    beside: list[str]

    @classmethod
    def of(cls, folder: Path) -> Mistake:
        return cls(**tomllib.loads((folder / "mistake.toml").read_text("utf-8")))


def spec_of(folder: Path) -> Path:
    (spec,) = folder.glob("spec.lrspec.*")
    return spec


def found_in(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "check.json").read_bytes())["diagnostics"]
    return found


def is_the_mistake(found: dict[str, Any], mistake: Mistake) -> bool:
    return (found["code"], f"{found['line']}:{found['column']}") == (mistake.code, mistake.place)


def _id(folder: Path) -> str:
    return folder.name


def test_the_mistakes_are_numbered() -> None:
    assert [folder.name.partition("-")[0] for folder in FOLDERS] == [f"{n + 1:02}" for n in range(len(FOLDERS))]


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_the_command_says_what_is_expected(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], update: bool
) -> None:
    mistake, spec = Mistake.of(folder), spec_of(folder).name
    shutil.copy(MISTAKES / "models" / mistake.params, tmp_path)
    shutil.copy(folder / spec, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, form in FORMATS.items():
        status = run(["check", spec, "--params", mistake.params, "--format", form])
        printed = capsys.readouterr()
        assert status == mistake.status
        if update:
            (folder / name).write_bytes(printed.out.encode())
        assert printed.out == (folder / name).read_bytes().decode()
    assert {path.name for path in folder.iterdir()} == {spec, "mistake.toml", *FORMATS}


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_the_mistake_is_found_where_a_person_would_look_for_it(folder: Path) -> None:
    mistake, found = Mistake.of(folder), found_in(folder)
    (the_mistake,) = [each for each in found if is_the_mistake(each, mistake)]
    line = spec_of(folder).read_text("utf-8").splitlines()[the_mistake["line"] - 1]
    end = the_mistake["end_column"] - 1 if the_mistake["end_line"] == the_mistake["line"] else None
    assert line[the_mistake["column"] - 1 : end] == mistake.piece
    assert [each["code"] for each in found if each is not the_mistake] == mistake.beside


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_the_message_says_what_to_do(folder: Path) -> None:
    (the_mistake,) = [each for each in found_in(folder) if is_the_mistake(each, Mistake.of(folder))]
    assert "\n" in the_mistake["message"]


def test_words_of_other_tools_are_understood_as_keys_of_a_spec_and_as_nothing_else() -> None:
    keys = ("lr", "weight_decay")
    assert did_you_mean("wd", keys, synonyms=SYNONYMS) == ": did you mean `weight_decay`?"
    assert did_you_mean("wd", keys) == ""
