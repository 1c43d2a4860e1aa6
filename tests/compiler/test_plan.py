"""What a plan, its parts and what carries it look like when somebody prints them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
import torch

import lrspec
from lrspec.cli import run
from lrspec.diagnostics.source import Text

LONG = "x" * 500
HOSTILE = "<b>&\x1b[31m"
SPEC = """
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, betas: [0.9, 0.95]}
rules:
  - {name: head, match: '^head\\.', lr_mult: 10, weight_decay: 0}
  - {name: biases, match: 'bias$', lr_scale: 2}
  - {name: rest, fallback: true, lr_mult: 1}
"""


def model() -> torch.nn.Module:
    return torch.nn.ModuleDict({"body": torch.nn.Linear(3, 4), "head": torch.nn.Linear(4, 2)})


def refused() -> lrspec.SpecError:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.compile(lrspec.loads(SPEC.replace("rest", "r").replace("^head", "^haed")), model())
    return caught.value


def long_plan() -> lrspec.Plan:
    names = [f"{LONG}.{HOSTILE}.{index}" for index in range(3000)]
    inventory = lrspec.Inventory.from_names(names, source=LONG)
    text = f"lrspec: 1\nrules:\n  - {{name: {'n' * 200}, match: x, lr: 2, weight_decay: 1e-5}}\n"
    return lrspec.compile(lrspec.loads(text, path=LONG), inventory)


def resumed() -> lrspec.Resumed:
    plan = lrspec.compile(lrspec.loads(SPEC), layers := model())
    optimizer = torch.optim.AdamW(plan.param_groups(layers))
    sum(parameter.sum() for parameter in layers.parameters()).backward()  # type: ignore[union-attr]
    optimizer.step()
    return lrspec.load_optimizer_state(optimizer, optimizer.state_dict(), plan)


PLAN = lrspec.compile(lrspec.loads(SPEC, path="a.lrspec.yaml"), lrspec.Inventory.from_model(model(), source="small"))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (PLAN, "<Plan: 4 groups for 4 parameters of small, from a.lrspec.yaml>"),
        (PLAN.inventory, "<Inventory: 4 parameters (26 elements) of small>"),
        (lrspec.Inventory.from_names(["a"]), "<Inventory: 1 parameter of an unnamed model>"),
        (PLAN.file, "<SpecFile: 3 rules of a.lrspec.yaml>"),
        (PLAN.groups[0].settings, "<Settings: lr 0.001, betas [0.9, 0.95]>"),  # type: ignore[index]
        (PLAN.groups[0], "<Group rest: 1 parameter, <Settings: lr 0.001, betas [0.9, 0.95]>>"),  # type: ignore[index]
        (PLAN.parameters[0], "<PlannedParameter body.weight: trained, <Settings: lr 0.001, betas [0.9, 0.95]>>"),
        (resumed(), "<Resumed: 4 kept, 0 new, 0 dropped>"),
        (refused().diagnostics[0], "<Diagnostic LRS203 unused-rule at <text>:5:25>"),
        (refused(), "<SpecError: 1 error in <text>>"),
        (lrspec.SpecError((), Text("")), "<SpecError: no findings>"),
        (lrspec.BindError("two\nlines"), r"BindError('two\nlines')"),
    ],
    ids=lambda shown: type(shown).__name__ if not isinstance(shown, str) else "",
)
def test_the_repr_says_what_it_is(shown: Any, expected: str) -> None:
    assert repr(shown) == expected


def test_every_repr_is_one_line_of_fewer_than_120_characters() -> None:
    plan = long_plan()
    assert plan.groups is not None
    errors = [kind(LONG) for kind in (lrspec.BindError, lrspec.BuildError, lrspec.InventoryError, lrspec.OverrideError)]
    shown = [plan, plan.inventory, plan.file, plan.groups[0], plan.parameters[0], plan.diagnostics[0], *errors]
    for each in [*shown, plan.groups[0].settings, refused(), lrspec.ResumeError(LONG)]:
        assert len(repr(each)) < 120
        assert repr(each).isprintable()


def test_the_text_of_a_plan_is_the_table_that_the_command_prints(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "names.txt").write_text("body.weight\nbody.bias\nhead.weight\nhead.bias\n")
    assert run(["compile", "a.lrspec.yaml", "--params", "names.txt"]) == 0
    plan = lrspec.compile("a.lrspec.yaml", lrspec.Inventory.load("names.txt"))
    assert f"{plan}\n" == capsys.readouterr().out


def test_the_text_of_a_plan_with_errors_says_that_it_has_no_groups() -> None:
    plan = refused().plan
    assert plan is not None
    assert str(plan).endswith("no groups; 4 parameters trained")


class Tables(HTMLParser):
    """Collects the cells of the rows of all tables, and the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def test_a_notebook_shows_the_same_table() -> None:
    tables = Tables()
    tables.feed(PLAN._repr_html_())
    cells = [[cell for cell in row if cell] for row in tables.rows]
    lines = [re.split(r"\s{2,}", line.strip()) for line in str(PLAN).splitlines()]
    for row in cells:
        assert row[:-1] in [line[: len(row) - 1] for line in lines]
    assert len(tables.rows) == len(set(map(tuple, tables.rows))) == 7


def test_html_escapes_every_text_and_has_the_findings() -> None:
    text = "lrspec: 1\nrules:\n  - {match: '<b>', lr: 2}\n"
    inventory = lrspec.Inventory.from_names(["<b>&"], source="<i>model</i>")
    html = lrspec.compile(lrspec.loads(text, path="<u>"), inventory)._repr_html_()
    tables = Tables()
    tables.feed(html)
    assert tables.tags <= {"div", "p", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "pre"}
    assert "&lt;b&gt;&amp;" in html
    assert "LRS304 large-value" in html
