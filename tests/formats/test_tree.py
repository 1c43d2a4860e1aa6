"""The tree of a model's modules, and that of a plan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lrspec
from lrspec.compiler.plan import Plan
from lrspec.formats.tree import model_tree, plan_tree
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter

SPEC = """
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - {name: ladder, layers: ['^embed', '^blocks\\.(\\d+)\\.', '^head\\.'], layer_decay: 0.5}
  - {name: no-decay, match: 'bias$|norm', weight_decay: 0}
"""


def blocks(*numbers: int, width: int = 4) -> list[Parameter]:
    return [
        Parameter(f"blocks.{number}.{name}", shape=shape)
        for number in numbers
        for name, shape in (("norm.weight", (4,)), ("fc.weight", (width, 4)), ("fc.bias", (width,)))
    ]


def inventory(*parameters: Parameter) -> Inventory:
    every = [Parameter("embed", shape=(9, 4)), *(parameters or blocks(0, 1, 2)), Parameter("head.weight", shape=(2, 4))]
    return Inventory(every, "a.Net")


def plan_of(model: Inventory, *more_rules: str) -> Plan:
    return lrspec.compile(lrspec.loads(SPEC + "\n".join(f"  - {rule}" for rule in more_rules)), model)


def rows(text: str) -> list[list[str]]:
    """The cells of the lines of the tree."""
    lines = text.split("─\n", 1)[1].split("\n\n")[0].splitlines()
    return [[cell.strip(" ├└│─") for cell in line.strip().split("  ") if cell.strip(" ├└│─")] for line in lines]


def test_modules_that_repeat_are_one_line_with_the_numbers_of_all() -> None:
    assert model_tree(inventory()).splitlines() == [
        "a.Net",
        "",
        " module                     shape                    parameters  elements",
        " ─────────────────────────────────────────────────────────────────────────",
        " embed                      [9, 4]                            1        36",
        " blocks.0 … blocks.2 (3 ×)                                    9        72",
        " ├── norm.weight            [4]                               3        12",
        " └── fc                     weight [4, 4], bias [4]           6        60",
        " head.weight                [2, 4]                            1         8",
        "",
        "11 parameters, 116 elements",
    ]


def test_only_what_has_the_same_shapes_is_folded() -> None:
    text = model_tree(inventory(*blocks(0, 1), *blocks(2, width=8), *blocks(3, 4)))
    assert [row[0] for row in rows(text)] == [
        "embed",
        "blocks",
        *("blocks.0 … blocks.1 (2 ×)", "norm.weight", "fc"),
        *("blocks.2", "norm.weight", "fc"),
        *("blocks.3 … blocks.4 (2 ×)", "norm.weight", "fc"),
        "head.weight",
    ]


def test_what_is_tied_frozen_or_without_a_shape_says_so() -> None:
    tied = Parameter("a.weight", ("z.weight",), (2,))
    model = inventory(tied, Parameter("b.weight"), Parameter("c.weight", shape=(1,), requires_grad=False))
    assert [[row[0], row[1], row[-1]] for row in rows(model_tree(model))][1:4] == [
        ["a.weight", "[2]", "tied to z.weight"],
        ["b.weight", "unknown", "?"],
        ["c.weight", "[1]", "frozen"],
    ]


def test_a_ladder_is_folded_with_the_range_of_its_rates() -> None:
    text = plan_tree(plan_of(inventory()))
    assert [[row[0], *row[-2:]] for row in rows(text)] == [
        ["embed", "6.25e-5", "0.05"],
        ["blocks.0 … blocks.2 (3 ×)", "0.000125 … 0.0005", "0 … 0.05"],
        ["norm.weight", "0.000125 … 0.0005", "0"],
        ["fc", "0.000125 … 0.0005", "0.05, bias 0"],
        ["head.weight", "0.001", "0.05"],
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "{name: other, match: '^blocks\\.1\\.', lr_scale: 2}",
        "{name: other, match: '^blocks\\.1\\.fc\\.weight', weight_decay_mult: 2}",
        "{name: other, match: '^blocks\\.1\\.', options: {eps: 1e-6}}",
        "{name: other, match: '^blocks\\.1\\.', freeze: true}",
    ],
)
def test_what_another_rule_sets_is_not_folded(rule: str) -> None:
    names = [row[0] for row in rows(plan_tree(plan_of(inventory(*blocks(0, 1, 2, 3)), rule)))]
    assert {"blocks.0", "blocks.1", "blocks.2 … blocks.3 (2 ×)"} <= {*names}


def test_rates_without_a_ladder_are_folded_only_if_they_are_equal() -> None:
    rules = "\n".join(f"  - {{match: '^blocks\\.{number}\\.', lr: 1e-{number + 3}}}" for number in range(3))
    spec = f"lrspec: 1\noptimizer: {{type: AdamW, lr: 1e-3}}\nrules:\n{rules}\n  - {{match: '^(embed|head)', lr: 1e-3}}"
    names = [row[0] for row in rows(plan_tree(lrspec.compile(lrspec.loads(spec), inventory())))]
    assert [name for name in names if name.startswith("blocks.")] == ["blocks.0", "blocks.1", "blocks.2"]


def test_frozen_parameters_and_options_that_differ_are_said() -> None:
    rules = ("{match: '^embed', freeze: true}", "{match: '^head', options: {eps: 1e-6}}")
    text = plan_tree(plan_of(inventory(), *rules))
    assert ["embed", "[9, 4]", "1", "36", "frozen"] in rows(text)
    assert "eps" in text
    assert rows(text)[-1][-1] == "1e-6"


def test_steps_add_columns() -> None:
    assert "at step 50" in plan_tree(plan_of(inventory()), steps=100)


@pytest.mark.parametrize("width", [80, 40])
def test_a_narrow_terminal_keeps_names_and_rates(width: int) -> None:
    model = inventory(*blocks(*range(12)), Parameter("x" * 300, shape=(1,)))
    spec = lrspec.loads(SPEC + "  - {match: '^x', lr: 1e-4}")
    text = plan_tree(lrspec.compile(spec, model), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "e-7" in text
    assert "learning rate" in text


@pytest.mark.parametrize("width", range(38, 58))
def test_a_narrow_terminal_keeps_the_number_of_modules(width: int) -> None:
    model = inventory(*blocks(*range(120)))
    for text in (model_tree(model, width), plan_tree(plan_of(model), width=width)):
        (line,) = [line for line in text.splitlines() if "(120 ×)" in line]
        assert re.match(r" b[^(]*… \(120 ×\)  ", line)
        assert len(line) <= width


def test_hostile_names_stay_text() -> None:
    names = ["\x1b[31mred\n.x", "[bold]b[/bold].y", ":smile:.a", "::error ::x", "a", "a.b", " ", "..", "0.1"]
    text = model_tree(Inventory.from_names(names, source="\x1b[2J"))
    assert "\x1b" not in text
    assert {r"\x1b[31mred\n.x", "[bold]b[/bold].y", ":smile:.a", r":\x3aerror :\x3ax"} <= {row[0] for row in rows(text)}


def test_a_model_of_very_many_parameters_is_counted_instead_of_listed() -> None:
    names = [f"a{number // 500}.b{number}.c" for number in range(100_000)]
    lines = model_tree(Inventory.from_names(names)).splitlines()
    assert len(lines) < 1_200
    assert any(line.split()[:3] == ["…", "100", "more"] for line in lines)
    assert lines[-1] == "100,000 parameters, ? elements"


def test_deep_names_are_no_error(tmp_path: Path) -> None:
    names = [".".join(["a"] * depth + ["b"]) for depth in range(500)]
    assert "500 parameters" in model_tree(Inventory.from_names(names))
