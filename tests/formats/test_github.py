"""GitHub's annotations: escaped as its toolkit reads them, and never a command that a spec has written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lrspec.cli import run

_COMMAND = re.compile(r"::(?P<name>\w+) (?P<properties>[^\n]*?)::(?P<data>[^\n]*)\n")
_UNESCAPED = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


def unescaped(text: str) -> str:
    for escape, character in _UNESCAPED:
        text = text.replace(escape, character)
    return text


def parsed(out: str) -> list[dict[str, Any]]:
    """The annotations as the runner reads them; every line must be one."""
    found = list(_COMMAND.finditer(out))
    assert "".join(each.group() for each in found) == out
    return [
        {
            "severity": each["name"],
            "message": unescaped(each["data"]),
            **{key: unescaped(value) for key, value in (word.split("=", 1) for word in each["properties"].split(","))},
        }
        for each in found
    ]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parameters = [{"name": "a%0A::error::x", "shape": [2]}, {"name": "b\n::error::y\x1b[31m", "shape": [2]}]
    Path("p.json").write_text(json.dumps({"lrspec_params": 1, "source": "s", "parameters": parameters}))


def annotated(capsys: pytest.CaptureFixture[str], path: str, spec: str) -> list[dict[str, Any]]:
    Path(path).write_text(spec, encoding="utf-8")
    run(["check", path, "--format", "github", "-p", "p.json"])
    return parsed(capsys.readouterr().out)


def test_an_annotation_has_the_place_the_code_and_the_whole_message(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = annotated(capsys, "s.lrspec.yaml", "lrspec: 1\nrules:\n  - {match: 'a', lr: '1e-3'}\n")
    assert found == {
        "severity": "error",
        "title": "LRS104 invalid-value",
        "file": "s.lrspec.yaml",
        "line": "3",
        "endLine": "3",
        "col": "22",
        "endColumn": "28",
        "message": "`lr`: expected a number, found the string '1e-3'\nWrite the number without quotes: 1e-3",
    }


def test_an_annotation_over_several_lines_has_no_columns(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = annotated(capsys, "s.lrspec.yaml", "lrspec: 1\nrules:\n  - match: 'a'\n    exclude: b\n")
    assert (found["line"], found["endLine"]) == ("3", "4")
    assert not {"col", "endColumn"} & set(found)


def test_names_cannot_break_out_of_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = annotated(capsys, "s.lrspec.yaml", "lrspec: 1\nrules:\n  - {match: '^c?', freeze: false}\n")
    assert "a%0A::error::x [2] (2), b\\n::error::y\\x1b[31m [2] (2)" in found["message"]


def test_paths_and_keys_cannot_break_out_of_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    path = "a,line=9::b%0A.lrspec.yaml"
    found = annotated(capsys, path, 'lrspec: 1\nrules:\n  - {match: a, "x\\n::error::y": 1, lr: 1, "::warning::": 1}\n')
    assert [each["file"] for each in found] == [path, path]
    assert [each["message"].split("\n")[0] for each in found] == [
        "unknown key `x\\n::error::y` in a rule",
        "unknown key `:\\x3awarning::` in a rule",
    ]


def test_what_cannot_be_checked_is_annotated_as_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "missing.lrspec.yaml", "--format", "github"])
    (found,) = parsed(capsys.readouterr().out)
    assert (found["severity"], found["file"], found["message"]) == (
        "error",
        "missing.lrspec.yaml",
        "no such file or directory",
    )
    assert "line" not in found
