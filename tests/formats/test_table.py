"""The table of a plan: rows that add up, widths of terminals, and names in short."""

from __future__ import annotations

import re

import pytest

import lrspec
from lrspec.formats.table import table
from lrspec.formats.table_rows import shortened

INVENTORY = lrspec.Inventory(
    tuple(
        lrspec.Parameter(f"{block}.{leaf}", (), shape, block != "stem", ("Linear",))
        for block in ("stem", "blocks.0", "blocks.1", "head", "extra")
        for leaf, shape in (("weight", (4, 2)), ("bias", (4,)))
    )
)
SPEC = r"""
lrspec: 1
optimizer: {type: SGD, lr: 1e-2, weight_decay: 0.1}
rules:
  - {name: depth, layers: ['^stem\.', '^blocks\.(\d+)\.'], layer_decay: 0.5}
  - {name: head, match: '^head\.', lr_mult: 1e-3}
  - {name: no-decay, where: {ndim: 1}, weight_decay: 0}
  - {name: biases, match: '\.bias$', lr_scale: 2, options: {momentum: 0.9}}
  - {name: fixed, match: '^extra\.', freeze: true}
"""


def rendered(width: int | None, text: str = SPEC) -> list[str]:
    file = lrspec.loads(text)
    return table(lrspec.compile(file, INVENTORY), (), width).splitlines()


def cells(line: str) -> list[str]:
    return line.split()


def test_every_parameter_is_in_one_row_and_the_total_is_the_models() -> None:
    lines = [cells(line) for line in rendered(None)]
    assert ["(frozen", "by", "the", "model)", "stem.*", "2", "12", "frozen"] in lines
    assert ["depth", "1", "blocks.0.*", "2", "12", "0.005", "…", "0.01", "0.1", "(×1),", "0", "(×1)"] in lines
    assert ["head", "head.*", "2", "12", "1e-5", "…", "2e-5", "0.1", "(×1),", "0", "(×1)"] in lines
    assert ["fixed", "extra.*", "2", "12", "frozen"] in lines
    assert ["total", "10", "60"] in lines
    assert ["no-decay", "weight_decay", "0", "5", "20"] in lines
    assert ["biases", "lr_scale", "2", "5", "20"] in lines
    assert ["biases", "momentum", "0.9", "5", "20"] in lines
    assert lines[-1] == cells("6 groups; 6 parameters trained; 2 frozen by spec; 2 frozen by model")


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, rendered(width))) <= width


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_a_number_is_never_cut_off(width: int) -> None:
    assert not [line for line in rendered(width) if re.search(r"[\d.e-]…", line)]


def test_what_there_is_no_room_for_is_said() -> None:
    assert "(no room here for elements, weight decay, parameters: widen" in " ".join(rendered(60))
    assert "(no room here for" not in " ".join(rendered(None))


def test_a_total_without_numbers_is_left_out() -> None:
    assert any(line.strip().startswith("total") for line in rendered(80))
    assert not any(line.strip().startswith("total") for line in rendered(60))


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (None, "rule layer names parameters elements learning rate weight decay"),
        (100, "rule layer names parameters learning rate weight decay"),
        (80, "rule layer names parameters learning rate"),
        (60, "rule layer names learning rate"),
        (50, "rule layer learning rate"),
    ],
)
def test_the_column_of_names_is_the_last_to_go(width: int | None, columns: str) -> None:
    assert " ".join(cells(next(line for line in rendered(width) if "rate" in line))) == columns


RANGE = "blocks.0.norm1.weight … blocks.0.mlp.fc2.bias"


@pytest.mark.parametrize(
    ("names", "width", "short"),
    [
        (RANGE, 45, RANGE),
        (RANGE, 44, "blocks.0.norm1.weight … mlp.fc2.bias"),
        (RANGE, 35, "blocks.0.norm1 … mlp.fc2"),
        (RANGE, 23, "blocks.0.norm1 … fc2"),
        (RANGE, 19, "blocks.0.norm1…fc2"),
        (RANGE, 12, "blocks.0…fc2"),
        (RANGE, 5, "bl…c2"),
        ("cls_token … patch_embed.proj.bias", 30, "cls_token … patch_embed.proj"),
        ("cls_token … patch_embed.proj.bias", 20, "cls_token … proj"),
        ("a … patch_embed", 10, "a…ch_embed"),
        ("a.weight … a.bias", 16, "a.weight … bias"),
        ("encoder.layer.0.attention.weight", 20, "encoder.la…on.weight"),
        ("blocks.11.*", 8, "bloc…1.*"),
    ],
)
def test_names_are_shortened_in_the_middle(names: str, width: int, short: str) -> None:
    assert shortened(names, width) == short
    assert len(short) <= width


def test_without_a_ladder_there_are_no_layers() -> None:
    text = "lrspec: 1\nrules: [{name: all, match: '^[a-z]', lr: 1}]"
    assert " ".join(cells(rendered(None, text)[2])) == "rule names parameters elements learning rate weight decay"


def test_unmatched_parameters_have_a_row_of_their_own() -> None:
    text = "lrspec: 1\nrules: [{name: head, match: '^head', lr: 1}]\ncheck: {unmatched-parameter: ignore}"
    lines = [" ".join(cells(line)) for line in rendered(None, text)]
    assert "(unmatched) blocks.0.weight … extra.bias 6 36 default default" in lines
    assert lines[-1].endswith("6 unmatched, with the settings of `optimizer`")
