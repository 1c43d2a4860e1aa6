"""SARIF: valid by its official schema, with what code scanning needs, and harmless whatever a spec says."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lrspec.address import of_code
from lrspec.cli import run
from lrspec.diagnostics.codes import CODES

GOLDEN = Path(__file__).parents[1] / "golden"
FAULTY = sorted(folder for folder in GOLDEN.glob("LRS*") if not folder.name.startswith("LRS4"))  # which no check finds
WITHOUT_ITS_INVENTORY = "lrspec: 1\nmodels: params:none.json\nrules: [{match: a, lr: 1}]\n"
WITH_ESCAPES = 'lrspec: 1\nrules: [{match: a, lr: 1, "\\e[31m<b>\\n::error::": 1}]\n'


@pytest.fixture(scope="session")
def validator(node_modules: Path) -> jsonschema.Draft4Validator:
    (path,) = (node_modules / "@microsoft" / "jest-sarif").rglob("sarif-2.1.0*.json")
    schema = json.loads(path.read_bytes())
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


def log_of(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    run(["check", "--format", "sarif", *words])
    return json.loads(capsys.readouterr().out)


def params_of(folder: Path) -> list[str]:
    return [word for path in folder.glob("params.*") for word in ("--params", str(path))]


@pytest.mark.parametrize("folder", FAULTY, ids=lambda folder: folder.name)
def test_every_report_has_the_findings_of_the_spec(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (spec,) = folder.glob("spec.lrspec.*")
    log = log_of(capsys, str(spec), *params_of(folder))
    expected = json.loads((folder / "diagnostics.json").read_bytes())
    results = log["runs"][0]["results"]
    for result, found in zip(results, expected, strict=bool(params_of(folder))):
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (result["ruleId"], result["level"]) == (found["code"], found["severity"])
        assert list(region.values()) == [found[key] for key in ("line", "column", "end_line", "end_column")]
        assert ("fixes" in result) == (found["suggestion"] is not None)
        assert result["properties"]["parameters"] == found["parameters"]
        assert list(CODES)[result["ruleIndex"]] == result["ruleId"]


@pytest.mark.slow
@pytest.mark.parametrize("folder", FAULTY, ids=lambda folder: folder.name)
def test_every_report_is_valid(
    folder: Path, validator: jsonschema.Draft4Validator, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec,) = folder.glob("spec.lrspec.*")
    validator.validate(log_of(capsys, str(spec), *params_of(folder)))


@pytest.mark.slow
@pytest.mark.parametrize("text", [WITHOUT_ITS_INVENTORY, WITH_ESCAPES])
def test_a_report_of_what_cannot_be_checked_and_of_escapes_is_valid(
    text: str, validator: jsonschema.Draft4Validator, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.lrspec.yaml").write_text(text)
    validator.validate(log_of(capsys, str(tmp_path / "a.lrspec.yaml"), str(tmp_path / "missing.lrspec.yaml")))


def test_the_rules_are_all_diagnostics_with_their_manual(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = log_of(capsys, str(tmp_path / "missing.lrspec.yaml"))
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CODES)
    assert all(rule["help"]["markdown"].startswith(f"## {rule['id']}") for rule in rules)
    assert [rule["helpUri"] for rule in rules] == [of_code(code) for code in CODES]
    assert all(rule["fullDescription"]["text"] for rule in rules)


def test_a_suggestion_is_a_fix_at_its_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("é a#.lrspec.yaml").write_text("lrspec: 1\nrules:\n  - {match: a, lr: '1e-3'}\n", encoding="utf-8")
    (result,) = log_of(capsys, "é a#.lrspec.yaml")["runs"][0]["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "%C3%A9%20a%23.lrspec.yaml"}
    (replacement,) = change["replacements"]
    assert replacement == {
        "deletedRegion": {"startLine": 3, "startColumn": 20, "endLine": 3, "endColumn": 26},
        "insertedContent": {"text": "1e-3"},
    }


def test_what_cannot_be_checked_is_a_notification(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.lrspec.yaml").write_text(WITHOUT_ITS_INVENTORY)
    log = log_of(capsys, "a.lrspec.yaml", "missing.lrspec.yaml")
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert first["message"]["text"] == "none.json: no such file or directory"
    assert first["locations"][0]["physicalLocation"]["region"]["startLine"] == 2
    assert second["message"]["text"] == "no such file or directory"


def test_a_path_from_the_root_is_a_file_uri(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.lrspec.yaml"
    path.write_text("lrspec: 1\nrules: []\n")
    (result,) = log_of(capsys, str(path))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == path.as_uri()


def test_a_name_that_is_no_utf8_has_its_own_bytes_in_the_uri(capsys: pytest.CaptureFixture[str]) -> None:
    (run_,) = log_of(capsys, os.fsdecode(b"\xff.lrspec.yaml"))["runs"]
    (notification,) = run_["invocations"][0]["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "%FF.lrspec.yaml"


def test_escapes_and_line_breaks_of_a_spec_are_spelt_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.lrspec.yaml"
    path.write_text(WITH_ESCAPES)
    log = log_of(capsys, str(path))
    (result,) = log["runs"][0]["results"]
    assert result["message"]["text"].startswith("unknown key `\\x1b[31m<b>\\n::error::` in a rule\n")


def test_a_spec_cannot_put_a_link_into_a_message(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.lrspec.yaml"
    path.write_text("lrspec: 1\nrules: [{match: '[here](https://example.com', lr: 1, '[x](y)': 1}]\n")
    texts = [result["message"]["text"] for result in log_of(capsys, str(path))["runs"][0]["results"]]
    assert [re.findall(r"(?<!\\)\[[^\]]*\]\(", text) for text in texts] == [[], []]
    assert "unknown key `\\[x](y)` in a rule" in texts[1]
