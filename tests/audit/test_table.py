"""The table of an audit: rows by part of the model, as deep as settings differ, in any width; and HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
import torch
from torch import nn

import lrspec
from lrspec.auditing.parts import rows
from lrspec.auditing.table import html, text
from lrspec.models.inventory import Inventory

SPEC = "To write this as a spec: lrspec.from_optimizer(optimizer, model)"


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2)
        self.fc = nn.Linear(2, 2)


class Model(nn.Module):
    def __init__(self, blocks: int = 4) -> None:
        super().__init__()
        self.embed = nn.Embedding(3, 2)
        self.blocks = nn.ModuleList(Block() for _ in range(blocks))
        self.head = nn.Linear(2, 3)


def sgd(*groups: Any, **defaults: Any) -> torch.optim.SGD:
    return torch.optim.SGD([{"params": list(parameters), **keys} for parameters, keys in groups], lr=1.0, **defaults)


def beside(part: nn.Module, model: nn.Module) -> list[nn.Parameter]:
    """The parameters of a model that are not those of a part of it."""
    known = set(map(id, part.parameters()))
    return [parameter for parameter in model.parameters() if id(parameter) not in known]


def lines(audit: lrspec.Audit) -> list[list[str]]:
    """The rows of the table, without blank lines and rules."""
    return [line.split() for line in text(audit).splitlines() if re.match(" [^─]", line)]


def audited(optimizer: Any, model: nn.Module, *others: Any) -> list[list[str]]:
    return lines(lrspec.audit(optimizer, model, *others))


def test_alike_groups_are_one_row_with_the_totals() -> None:
    model = Model()
    found = audited(
        sgd((model.embed.parameters(), {}), ([*model.blocks.parameters(), *model.head.parameters()], {})), model
    )
    assert found[2:] == [["(all)", "19", "55", "1", "0", "0,", "1"], ["total", "19", "55"]]


def test_kinds_of_parameters_are_rows_of_the_whole_and_not_of_every_module() -> None:
    model = Model()
    matrices = [each for each in model.parameters() if each.ndim > 1]
    others = [each for each in model.parameters() if each.ndim < 2]
    found = audited(sgd((matrices, {"weight_decay": 0.1}), (others, {})), model)
    assert ["(all)", "weights", "6", "28", "1", "0.1", "0"] in found
    assert ["(all)", "norms,", "biases", "13", "27", "1", "0", "1"] in found


def test_a_part_with_a_rate_of_its_own_divides_the_model() -> None:
    model = Model()
    found = audited(
        sgd(([*model.embed.parameters(), *model.blocks.parameters()], {}), (model.head.parameters(), {"lr": 2.0})),
        model,
    )
    assert ["embed", "…", "blocks", "17", "46", "1", "0", "0"] in found
    assert ["head", "2", "9", "2", "0", "1"] in found


def test_numbered_siblings_that_are_alike_are_divided_together() -> None:
    model = Model()
    norms = [each for block in model.blocks[:3] for each in block.norm.parameters()]  # type: ignore[union-attr]
    found = audited(sgd((norms, {"weight_decay": 0.1}), (beside(nn.ParameterList(norms), model), {})), model)
    names = [line[0] for line in found[2:8]]
    assert names == ["embed", "blocks.0…2.norm", "blocks.0…2.fc", "blocks.3", "head", "total"]


def test_what_does_not_train_and_what_is_in_no_group_is_said() -> None:
    model = Model()
    model.embed.requires_grad_(False)
    audit = lrspec.audit(sgd((model.head.parameters(), {})), model)
    assert ["embed", "1", "6", "frozen"] in lines(audit)
    assert ["blocks", "16", "40", "in", "no", "group"] in lines(audit)
    assert "1 group; 2 parameters trained; 1 frozen; 16 in no group" in text(audit)


def test_tensors_that_are_not_the_models_are_counted() -> None:
    model = Model()
    extra = nn.Parameter(torch.zeros(7))
    assert "19 parameters trained; 1 tensor not the model's" in text(
        lrspec.audit(sgd(([*model.parameters(), extra], {})), model)
    )


def test_options_are_those_that_differ_from_the_optimizers() -> None:
    model = Model()
    rest = beside(model.head, model)
    found = audited(sgd((rest, {"name": "rest"}), (model.head.parameters(), {"momentum": 0.5}), momentum=0.9), model)
    assert ["head", "2", "9", "1", "0", "momentum=0.5", "1"] in found
    assert ["embed", "…", "blocks", "17", "46", "1", "0", "0", "rest"] in found


def test_the_rate_that_a_schedule_starts_from_is_a_column_where_it_is_another() -> None:
    model = Model()
    optimizer = sgd((model.parameters(), {}))
    assert "base" not in audited(optimizer, model)[0]
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.25)
    found = audited(optimizer, model, scheduler)
    assert found[0] == ["base", "weight"]
    assert found[1] == ["names", "parameters", "elements", "rate", "rate", "decay", "group"]
    assert ["(all)", "19", "55", "0.25", "1", "0", "0"] in found


def test_the_groups_of_a_row_are_listed_or_counted() -> None:
    model = Model()
    three = audited(sgd(*(([each], {}) for each in model.head.parameters()), (beside(model.head, model), {})), model)
    assert ["(all)", "19", "55", "1", "0", "0,", "1,", "2"] in three
    many = audited(sgd(*(([each], {}) for each in model.parameters())), model)
    assert ["(all)", "19", "55", "1", "0", "19", "groups"] in many


def test_several_optimizers_are_a_column() -> None:
    model = Model()
    optimizers = {
        "one": sgd((model.embed.parameters(), {})),
        "two": sgd(([*model.blocks.parameters(), *model.head.parameters()], {})),
    }
    found = audited(optimizers, model)
    assert ["(all)", "embeddings", "one", "1", "6", "1", "0", "0"] in found
    assert ["(all)", "weights,", "norms,", "biases", "two", "18", "49", "1", "0", "0"] in found


def test_a_parameter_of_a_model_without_groups_has_no_settings() -> None:
    optimizer = sgd(([nn.Parameter(torch.zeros(1))], {}))
    assert "1 group; 0 parameters trained; 1 tensor not the model's" in text(lrspec.audit(optimizer, nn.Identity()))


def test_values_that_are_not_numbers_are_shown_as_they_are() -> None:
    model = Model()
    optimizer = sgd((model.parameters(), {}))
    optimizer.param_groups[0]["lr"] = "1e-3"
    assert "'1e-3'" in text(lrspec.audit(optimizer, model))


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    model = Model(20)
    groups = [(block.parameters(), {"lr": 1 / (3 + number)}) for number, block in enumerate(model.blocks)]
    found = text(lrspec.audit(sgd(*groups, (model.head.parameters(), {"momentum": 0.8})), model), width)
    table, _, findings = found.partition("error LRS501")
    assert max(map(len, table.splitlines())) <= width
    *others, last = findings.splitlines()
    assert last == SPEC  # to be copied, so it is not wrapped
    assert max(map(len, others)) <= width
    assert not re.search(r"[\d.e-]…", table.replace("0…", ""))


@pytest.mark.parametrize("width", [None, 20, 30, 60])
def test_colours_change_no_line(width: int | None) -> None:
    model = Model()
    found = lrspec.audit(sgd((model.head.parameters(), {})), model)
    coloured = text(found, width, lambda part, label: f"<{part}>{label}</>")
    assert "<error>error LRS501</>" in coloured
    assert re.sub("<.*?>", "", coloured) == text(found, width)


def test_less_important_columns_go_first() -> None:
    model = Model(20)
    optimizer = sgd(*((block.parameters(), {"lr": 1 / (3 + number)}) for number, block in enumerate(model.blocks)))
    found = text(lrspec.audit(optimizer, model), 40)
    assert "(no room here for elements, parameters:" in " ".join(found.split())
    assert "rate" in found


def test_every_parameter_is_in_one_row_however_many_settings_there_are() -> None:
    model = Model(50)
    inventory = Inventory.from_model(model)
    for states in (range(10_000), [0] * 10_000, [place % 7 for place in range(10_000)]):
        found = rows(inventory.columns, states)
        assert sorted(place for row in found for place in row.places) == list(range(len(inventory.columns.names)))
        assert len(found) <= 60


def test_a_hundred_thousand_settings_are_a_few_rows() -> None:
    inventory = Inventory.from_names(f"blocks.{number // 10}.w.{number % 10}" for number in range(100_000))
    assert [row.names for row in rows(inventory.columns, range(100_000))] == ["(all)"]


def test_findings_follow_and_then_the_call_that_writes_the_spec() -> None:
    model = Model()
    audit = lrspec.audit(sgd((model.head.parameters(), {})), model)
    totals, finding, summary, last = str(audit).split("\n\n")[-4:]
    assert totals == "1 group; 2 parameters trained; 17 in no group"
    assert finding.startswith("error LRS501 parameter-in-no-group: 17 parameters")
    assert summary == "1 error"
    assert last == SPEC


class Checker(HTMLParser):
    """Holds HTML to closing what it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def test_a_notebook_gets_a_table_whose_texts_are_escaped() -> None:
    model = nn.ModuleDict({"<script>alert(1)</script>": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    optimizer = sgd((model["head"].parameters(), {"name": "<b>", "note": "<i>"}))
    audit = lrspec.audit(optimizer, model)
    page, checker = html(audit), Checker()
    checker.feed(page)
    assert audit._repr_html_() == page
    assert not checker.open
    assert not {"script", "b", "i"} & checker.tags
    assert "<script>alert(1)</script>" in checker.words
    assert "0 <b>" in checker.words


def test_a_terminal_gets_no_control_characters() -> None:
    model = nn.ModuleDict({"\x1b[2J": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    optimizer = sgd((model["head"].parameters(), {"name": "\x1b[2J", "note\x1b": "\x1b"}))
    assert "\x1b" not in text(lrspec.audit(optimizer, model))
