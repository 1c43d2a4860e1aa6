"""The calls of the playground, in this Python: what the browser's is asked, without a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.browser import golden, run
from docs.site.playground import inventories, playground

SPEC = """\
lrspec: 1
optimizer: {type: AdamW, lr: 1.0e-3}
rules:
  - {name: head, match: '^head', lr_mult: 2}
  - {name: rest, fallback: true, lr_mult: 1}
"""
NAMES = "stem.weight\nhead.weight\nhead.bias\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    ask("inventory", "names.txt", NAMES)
    yield tmp_path
    ask("inventory", None, "")


def ask(call: str, *arguments: Any) -> Any:
    """The result of a call, or the text with which it is refused."""
    answer = json.loads(playground.answer(call, arguments))
    return answer.get("result", answer.get("error"))


@pytest.mark.parametrize("folder_of", golden()[::25], ids=lambda folder: folder.name)
def test_a_plan_is_what_the_command_prints(folder_of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (spec,), params = folder_of.glob("spec.lrspec.*"), [*folder_of.glob("params.*")]
    ask("inventory", *((params[0].name, params[0].read_bytes()) if params else (None, "")))
    monkeypatch.chdir(folder_of)
    given = [word for path in params for word in ("--params", path.name)]
    out, err = run("compile", spec.name, *given, "--format", "json")
    assert ask("json", memoryview(spec.read_bytes()), spec.name) == out
    compiled = ask("compile", spec.read_bytes(), spec.name)
    assert compiled["plan"] == json.loads(out)
    assert compiled["report"] == err


def test_the_table_has_the_cells_of_the_printed_one() -> None:
    Path("a.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    lines = run("compile", "a.lrspec.yaml", "--params", "names.txt")[0].splitlines()
    table = ask("compile", SPEC, "a.lrspec.yaml")["table"]
    assert table["title"] == lines[0]
    (grid,) = table["grids"]
    assert " ".join(column["header"] for column in grid["columns"]) in " ".join(lines[2].split())
    for row in (*grid["rows"], grid["footer"]):
        assert any(line.split() == " ".join(row).split() for line in lines)
    assert table["notes"] == lines[-len(table["notes"]) :]


def test_an_explanation_of_the_same_spec_does_not_compile_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ask("compile", SPEC, "a.lrspec.yaml")
    monkeypatch.setattr(playground, "attempt", None)
    assert ask("explain", SPEC, "a.lrspec.yaml", "head.bias").startswith("head.bias")


def test_another_inventory_is_compiled_for_at_once() -> None:
    assert ask("compile", SPEC, "a.lrspec.yaml")["plan"]["model"]["parameters"] == 3
    ask("inventory", "two.txt", "stem.weight\nhead.weight\n")
    assert ask("compile", SPEC, "a.lrspec.yaml")["plan"]["model"]["parameters"] == 2


def test_names_that_no_file_can_have_are_refused() -> None:
    for name in ("a/b.txt", "a\0b", ""):
        assert "not the name of a file" in ask("inventory", name, NAMES)
        assert "not the name of a file" in ask("diff", SPEC, SPEC, name) or name == ""


def test_a_spec_may_be_called_like_an_option() -> None:
    assert "lr 0.002 → 0.003" in ask("diff", SPEC, SPEC.replace("2}", "3}"), "-x.lrspec.yaml")["text"]


def test_the_old_spec_may_be_of_the_other_format() -> None:
    old = '{"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1e-3}, "rules": [{"match": ".", "lr_mult": 1}]}'
    assert "LRS101" in ask("diff", old, SPEC, "a.lrspec.json")
    assert "lr 0.001 → 0.002" in ask("diff", old, SPEC, "a.lrspec.yaml", "a.lrspec.json")["text"]


def test_a_refused_inventory_leaves_the_last_one_of_the_same_name() -> None:
    before = ask("diff", SPEC, SPEC.replace("2}", "3}"), "a.lrspec.yaml")
    drafted = ask("draft")
    assert "names.txt" in ask("inventory", "names.txt", "{")
    assert ask("compile", SPEC, "a.lrspec.yaml")["plan"]["model"]["parameters"] == 3
    assert ask("diff", SPEC, SPEC.replace("2}", "3}"), "a.lrspec.yaml") == before
    assert ask("draft") == drafted


def test_errors_of_either_spec_are_those_of_the_command() -> None:
    refused = ask("diff", SPEC, SPEC.replace("match", "macht"), "a.lrspec.yaml")
    assert "LRS103" in refused
    assert refused.endswith("a.lrspec.yaml: the spec has errors, so there is nothing to compare")
    assert "LRS103" in ask("explain", SPEC.replace("match", "macht"), "a.lrspec.yaml", "head.bias")


def test_thirty_inventories_are_saved_with_a_spec_each(folder: Path) -> None:
    inventories.unpack(folder)
    rows = json.loads((folder / "index.json").read_bytes())
    assert [(row["name"], row["title"], row["kind"]) for row in rows] == [
        (saved.name, saved.title, saved.kind) for saved in inventories.MODELS
    ]
    assert len(rows) == 30
    files = {f"{row['name']}.{ending}" for row in rows for ending in ("params.json", "lrspec.yaml")}
    assert {path.name for path in folder.iterdir()} == {*files, "index.json", "names.txt"}
    (last,) = (row for row in rows if row["name"] == "resnet18")
    assert (last["parameters"], last["elements"]) == (62, 11689512)
