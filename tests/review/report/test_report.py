"""The page of a report: its data are the plan's, its texts are text, and nothing in it comes from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import lrspec
from lrspec.cli import run
from lrspec.compiler.compile import Outcome
from lrspec.formats.explanation import explain
from lrspec.review.diff.diff import Model, Side
from lrspec.review.report.difference import NothingToCompareError
from lrspec.review.report.page import ReportError
from lrspec.review.report.report import of_outcome
from lrspec.review.report.tree import runs, tree_of
from lrspec.review.snapshot import of_plan
from tests.review.report.specimens import HOSTILE, INVENTORY, SPEC, hostile, outcome


class Page(HTMLParser):
    """The elements of a page: their tags with attributes, and the texts of its scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in self.texts:
            self.texts[self.inside][-1] += data

    @property
    def data(self) -> Any:
        """The data of the page."""
        return json.loads(self.texts["script"][0])


def data(result: Outcome) -> Any:
    return Page(of_outcome(result).html).data


def names(page: Any) -> list[str]:
    """The names of the parameters of a page, from its tree."""
    tree, names = page["tree"], [""]
    for parent, step in list(zip(tree["parent"], tree["step"], strict=True))[1:]:
        names.append(f"{names[parent]}.{tree['steps'][step]}" if parent else tree["steps"][step])
    return [names[node] for node in page["parameters"]["node"]]


# ------------------------------------------------------------------------------------------------- data


def test_the_data_are_those_of_the_plan() -> None:
    result = outcome()
    assert result.plan is not None
    plan, page = result.plan.to_dict(), data(result)
    assert names(page) == [planned["name"] for planned in plan["parameters"]]
    for planned, kind, look in zip(
        plan["parameters"], page["parameters"]["kind"], page["parameters"]["look"], strict=True
    ):
        shown = page["kinds"][kind]
        assert page["looks"][look]["elements"] == planned["elements"]
        assert [shown[key] for key in ("status", "lr", "group", "set_by")] == [
            planned.get(key) for key in ("status", "lr", "group", "set_by")
        ]
        layer = planned["layer"]
        assert shown["layer"] == (layer and [layer["rule"], layer["index"], layer["of"]])
    assert page["model"]["elements"] == plan["model"]["elements"]
    assert page["groups"] == len(plan["groups"])


def test_a_parameter_is_explained_as_by_the_command() -> None:
    for result in (outcome(), hostile()):
        assert result.plan is not None
        assert result.resolution is not None
        page = data(result)
        columns = zip(page["parameters"]["look"], page["parameters"]["kind"], strict=True)
        for index, (look, kind) in enumerate(columns):
            about, reasons = page["looks"][look]["about"], page["kinds"][kind]["reasons"]
            explanation = explain(result.resolution, result.plan, index)
            assert explanation.endswith("\n".join([about, *reasons]))


def test_rules_have_their_lines_of_the_spec_and_what_they_select() -> None:
    page = data(outcome())
    depth, no_decay, experts, rest = page["rules"]
    assert depth["text"].startswith("name: depth   # from the input to the head\nlayers: [")
    assert no_decay["text"] == "{name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}"
    assert (experts["name"], experts["line"], rest["name"]) == ("experts", 9, "rest")
    selects = Counter(rule for kind in page["parameters"]["kind"] for rule in page["kinds"][kind]["rules"])
    assert selects == {0: 16, 1: 13, 2: 8, 3: 2}


def test_parameters_share_what_is_the_same_for_many() -> None:
    page = data(outcome())
    assert len(page["kinds"]) < len(INVENTORY.parameters)
    assert len(page["looks"]) < len(INVENTORY.parameters)


def test_numbers_with_more_digits_make_no_kind_of_their_own() -> None:
    names = [f"blocks.{number}.w" for number in range(101)]
    text = "lrspec: 1\nrules: [{match: '^blocks', lr: 1}]\n"
    assert len(data(outcome(text, lrspec.Inventory.from_names(names)))["kinds"]) == 1


def test_findings_have_the_parameters_that_they_are_about() -> None:
    result = outcome(SPEC.replace("^experts", r"^experts\.0"))
    page = data(result)
    (found,) = [each for each in page["diagnostics"] if each["code"] == "LRS201"]
    assert (found["severity"], found["place"]) == ("error", "a.lrspec.yaml:4:1")
    assert found["parameters"] == [16, 6]
    assert page["groups"] is None


def test_an_inventory_of_names_has_no_elements() -> None:
    text = "lrspec: 1\nrules: [{match: '^a', lr: 1}, {match: '^b', freeze: true}]\n"
    page = data(outcome(text, lrspec.Inventory.from_names(["a.b", "a", "b.c"])))
    assert names(page) == ["a.b", "a", "b.c"]
    assert page["model"]["elements"] is None
    assert page["looks"] == [{"about": "", "elements": None}]


def test_replaced_values_are_said() -> None:
    file = lrspec.loads(SPEC).override({"optimizer.lr": 0.5})
    page = Page(lrspec.compile(file, INVENTORY).report().html).data
    assert "replaced: optimizer.lr is 0.5" in page["totals"]
    assert max(kind["lr"] for kind in page["kinds"]) == 0.5


def test_a_tree_has_each_module_once() -> None:
    tree, nodes = tree_of(["a.w", "b.a", "a.b.w", "a.b"])
    assert tree == {"parent": [0, 0, 1, 0, 3, 1, 5], "step": [0, 1, 2, 3, 1, 3, 2], "steps": ["", "a", "w", "b"]}
    assert nodes == [2, 4, 6, 5]


def test_runs_are_first_places_and_lengths() -> None:
    assert runs([]) == []
    assert runs([3, 4, 5, 9]) == [3, 3, 9, 1]


def compared(old: str, new: str, inventory: lrspec.Inventory = INVENTORY) -> Any:
    """What a page says of what differs between two specs."""
    before = outcome(old, inventory, path="old.lrspec.yaml")
    assert before.plan is not None
    side = Side("old.lrspec.yaml", [Model(inventory.source, {}, of_plan(before.plan))])
    return Page(of_outcome(outcome(new), side).html).data["difference"]


def test_without_another_spec_nothing_differs() -> None:
    assert data(outcome())["difference"] is None


def test_rates_are_compared_with_those_before() -> None:
    new = SPEC.replace("layer_decay: 0.5", "layer_decay: 0.25").replace("lr_mult: 0.1", "freeze: true")
    page = compared(SPEC, new)
    states = dict(zip([each.name for each in INVENTORY.parameters], page["was"], strict=True))
    assert page["states"][states["stem.weight"]] == {"ratio": 0.0625, "was": "0.000625"}
    assert page["states"][states["blocks.2.attn.bias"]] == {"ratio": 0.5, "was": "0.005"}
    assert page["states"][states["experts.0.up.bias"]] == {"ratio": None, "was": "0.001"}
    assert page["states"][states["extra.deep.down.bias"]] == {"ratio": 1.0, "was": None}
    changed = Counter(row["rules"].split()[0] for row in page["changes"] for _ in range(sum(row["parameters"][1::2])))
    assert changed == {"depth": 14, "experts": 8}
    assert (page["changes"][-1]["layers"], page["changes"][-1]["parameters"]) == ("", [14, 8])
    assert page["title"] == "old.lrspec.yaml → a.lrspec.yaml"


def test_what_was_not_there_before_is_said() -> None:
    before = lrspec.Inventory(
        [each for each in INVENTORY.parameters if not each.name.startswith("experts.3")], "a model"
    )
    page = compared(SPEC, SPEC, before)
    added = [place for place, state in enumerate(page["was"]) if page["states"][state]["was"] == "not there"]
    assert added == [20, 21]
    assert any(fact.startswith("added: experts.3.up") for fact in page["facts"])


def test_a_side_without_such_a_model_is_refused() -> None:
    before = outcome()
    assert before.plan is not None
    models = [Model(name, {}, of_plan(before.plan)) for name in ("one", "two")]
    other = outcome(inventory=lrspec.Inventory(INVENTORY.parameters, "another"))
    with pytest.raises(NothingToCompareError, match="old: nothing to compare another with: it has one, two"):
        of_outcome(other, Side("old", models))


# ------------------------------------------------------------------------------------------------- the page


def test_every_text_is_text() -> None:
    html = of_outcome(hostile()).html
    page = Page(html)
    assert not [tag for tag, _ in page.tags if tag in ("img", "b")]
    assert "<img" not in html
    assert page.texts["title"] == [f"{HOSTILE}.yaml for {HOSTILE} (a={HOSTILE})"]
    assert HOSTILE in names(page.data)


def test_the_policy_lets_only_the_scripts_and_styles_of_the_page_run() -> None:
    page = Page(of_outcome(outcome()).html)
    (policy,) = [attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes]
    assert policy is not None
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (*page.texts["script"][1:], *page.texts["style"])
    ]
    assert re.findall(r"'sha256-.*?'", policy) == hashes
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = Page(of_outcome(outcome()).html)
    assert not [each for each in page.tags if {"src", "href", "srcset", "action", "style"} & each[1].keys()]
    assert ("html", {"lang": "en"}) in page.tags


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert of_outcome(outcome()).html == of_outcome(outcome()).html
    assert lrspec.compile(lrspec.loads(SPEC, path="a.lrspec.yaml"), INVENTORY).report() == of_outcome(outcome())


def test_a_notebook_shows_the_page_in_a_frame() -> None:
    report = lrspec.compile(lrspec.loads(SPEC), INVENTORY).report()
    frame = report._repr_html_()
    match = re.fullmatch(r'<iframe srcdoc="([^"]*)" sandbox="allow-scripts" [^<>]*></iframe>', frame)
    assert match is not None
    assert unescape(match[1]) == report.html


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    report = of_outcome(outcome())
    report.write(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == report.html
    assert repr(report).startswith("<Report: ")


def test_without_jinja2_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ReportError, match=r"pip install 'lrspec\[report\]'"):
        of_outcome(outcome())


def test_a_spec_that_is_wrong_in_itself_has_no_report() -> None:
    with pytest.raises(lrspec.SpecError, match="LRS104"):
        of_outcome(outcome(SPEC.replace("lr: 1e-2, ", "")))


# ------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "params.json").write_text(json.dumps(INVENTORY.to_dict()))
    return tmp_path


WORDS = ["report", "a.lrspec.yaml", "--params", "params.json"]


def test_the_command_writes_the_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*WORDS, "-o", "report.html"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (folder / "report.html").read_text(encoding="utf-8") == of_outcome(outcome()).html


@pytest.mark.usefixtures("folder")
def test_without_a_file_the_page_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(WORDS) == 0
    assert capsys.readouterr().out == of_outcome(outcome()).html


@pytest.mark.usefixtures("folder")
def test_a_terminal_is_asked_for_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run(WORDS) == 2
    assert capsys.readouterr().err == "lrspec: a report is an HTML page: name its file, as in -o report.html\n"


def test_errors_are_reported_and_shown_on_the_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC.replace("^experts", r"^experts\.0"))
    assert run([*WORDS, "-o", "report.html"]) == 1
    assert "LRS201" in capsys.readouterr().err
    assert "LRS201" in (folder / "report.html").read_text(encoding="utf-8")


def test_another_spec_before_it_is_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.lrspec.yaml").write_text(SPEC.replace("0.5}", "0.25}").replace("lr_mult: 0.1", "lr_mult: 0.2"))
    assert run(["report", "a.lrspec.yaml", "b.lrspec.yaml", "--params", "params.json"]) == 0
    page = Page(capsys.readouterr().out).data
    assert page["difference"]["title"] == "a.lrspec.yaml → b.lrspec.yaml"
    assert [row["rules"] for row in page["difference"]["changes"]] == ["experts"]


@pytest.mark.usefixtures("folder")
def test_rates_can_be_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*WORDS, "--lr", "0.125", "--weight-decay", "0.5"]) == 0
    replaced = capsys.readouterr().out
    assert run([*WORDS, "--set", "optimizer.lr=0.125", "--set", "optimizer.weight_decay=0.5"]) == 0
    assert capsys.readouterr().out == replaced
    assert "replaced: optimizer.lr is 0.125" in Page(replaced).data["totals"]


def test_three_specs_are_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "a", "b", "c"]) == 2
    assert "expected SPEC, or OLD and SPEC" in capsys.readouterr().err


def test_a_spec_that_is_wrong_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC.replace("rules:", "ruls:"))
    assert run([*WORDS, "-o", "report.html"]) == 1
    assert "LRS103" in capsys.readouterr().err
    assert not (folder / "report.html").exists()


@pytest.mark.usefixtures("folder")
def test_the_command_says_that_jinja2_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert run(WORDS) == 2
    assert capsys.readouterr().err.endswith("pip install 'lrspec[report]'\n")
