"""Entries with `every` and `gap`, and `first`, on real models: the layers that authors have, and what is found."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import nn

import lrspec
from lrspec.compiler.compile import attempt
from lrspec.formats.explanation import explain
from lrspec.formats.table import table
from tests.compiler.checks.linted import ALL, REST, ladder, linted, zoo

TOP = "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3}\nrules:\n  - "
CONVNEXT = [
    r"'^stem\.'",
    r"'^stages\.0\.'",
    r"'^stages\.1\.'",
    r"{match: '^stages\.2\.blocks\.(\d+)\.', every: 3}",
    r"{join: '^stages\.2\.downsample\.', to: first}",
    "{gap: 6}",
    r"'^stages\.3\.'",
    r"'^head\.'",
]


def compiled(model: str, *entries: str) -> lrspec.Plan:
    return lrspec.compile(lrspec.loads(TOP + ladder(*entries)), zoo(model))


def layers(plan: lrspec.Plan) -> dict[str, tuple[int, int]]:
    """The layer of each parameter, and of how many."""
    return {each.name: (each.layer.index, each.layer.of) for each in plan.parameters if each.layer}


def authors_layer(name: str) -> int:
    """ConvNeXt's own `get_num_layer_for_convnext`, with the names of timm (`optim_factory.py` of the repository)."""
    if name.startswith("stem"):
        return 0
    if not name.startswith("stages"):
        return 13
    _, stage, kind, block, *_ = name.split(".")
    if kind == "downsample":
        return {"0": 0, "1": 2, "2": 3, "3": 12}[stage]
    if stage in ("0", "1"):
        return int(stage) + 1
    return 3 + int(block) // 3 if stage == "2" else 12


@pytest.mark.parametrize("model", ["convnext_tiny", "convnext_base"])
def test_convnext_has_the_layers_of_its_authors(model: str) -> None:
    entries = [each for each in CONVNEXT if model == "convnext_tiny" or "gap" not in each]
    plan = compiled(model, *entries)
    assert plan.diagnostics == ()
    assert layers(plan) == {each.name: (authors_layer(each.name), 14) for each in plan.parameters}


def test_a_table_and_an_explanation_number_layers_with_gaps() -> None:
    plan = compiled("convnext_tiny", *CONVNEXT)
    rows = [line.split()[1] for line in table(plan, (), None).splitlines() if line.split()[:1] == ["depth"]]
    assert rows == ["0", "1", "2", "3", "4", "5", "12", "13"]
    outcome = attempt(lrspec.loads(TOP + ladder(*CONVNEXT)), zoo("convnext_tiny"))
    assert outcome.plan
    assert outcome.resolution
    index = next(i for i, each in enumerate(outcome.plan.parameters) if each.name == "stages.2.blocks.8.gamma")
    assert "layer 5, of 0 to 13" in explain(outcome.resolution, outcome.plan, index)


def test_an_explanation_says_that_no_number_was_captured() -> None:
    spec = lrspec.loads(f"{TOP}{ladder(NOT_A_NUMBER)}\n  - {REST}\n")
    outcome = attempt(spec, zoo("resnet18"))
    assert outcome.plan
    assert outcome.resolution
    index = next(i for i, each in enumerate(outcome.plan.parameters) if each.name == "layer1.0.bn1.weight")
    assert "puts it on no layer, as it captures no number" in explain(outcome.resolution, outcome.plan, index)


class Encoder(nn.Module):
    """A text encoder of twelve layers with a head, as ELECTRA has them."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(9, 4)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(nn.Linear(4, 4) for _ in range(12))
        self.head = nn.Linear(4, 2)


def test_a_head_two_steps_above_the_last_block_as_in_electra() -> None:
    """`_get_layer_lrs` of ELECTRA's `run_finetuning`: embeddings 0, block i at i + 1, the task's head at n + 2."""
    spec = TOP + ladder("'^embeddings'", r"'^encoder\.layer\.(\d+)\.'", "{gap: 1}", r"'^head\.'")
    plan = lrspec.compile(lrspec.loads(spec), Encoder())
    found = layers(plan)
    assert (found["embeddings.weight"], found["head.bias"]) == ((0, 15), (14, 15))
    assert [found[f"encoder.layer.{number}.weight"] for number in range(12)] == [(n + 1, 15) for n in range(12)]
    rates = {each.name: each.settings.lr for each in plan.parameters}
    assert rates["embeddings.weight"] == 1e-3 * 0.8**14
    assert rates["head.bias"] == 1e-3
    assert rates["encoder.layer.11.weight"] == 1e-3 * 0.8**2


def test_a_ladder_may_end_below_the_full_rate_as_in_sam_2() -> None:
    """SAM 2's `layer_decay_param_modifier` gives block i of n, counted from 1, `decay ** (n + 1 - i)`."""
    spec = TOP + ladder("'^embeddings'", r"'^encoder\.layer\.(\d+)\.'", "{gap: 1}")
    plan = lrspec.compile(lrspec.loads(f"{spec}\n  - {REST}\n"), Encoder())
    rates = {each.name: each.settings.lr for each in plan.parameters}
    assert rates["encoder.layer.11.weight"] == 1e-3 * 0.8
    assert rates["embeddings.weight"] == 1e-3 * 0.8**13
    assert layers(plan)["encoder.layer.11.weight"] == (12, 14)


def test_first_is_fastais_slice_of_two_rates() -> None:
    rule = r"{layers: ['^(?:conv1|bn1|layer[12])\.', '^layer[34]\.', '^fc\.'], layer_decay: {first: 0.01}}"
    plan = lrspec.compile(lrspec.loads(TOP + rule), zoo("resnet18"))
    assert list(dict.fromkeys(each.settings.lr for each in plan.parameters)) == [1e-5, 1e-3 * 0.1, 1e-3]


NOT_A_NUMBER = r"{match: '^layer\d\.\d\.(\w+)\.', every: 2}"


@pytest.mark.parametrize("rest", [(), (REST,)])
def test_what_an_every_cannot_divide_is_found_at_its_regex(rest: tuple[str, ...]) -> None:
    found = linted("resnet18", ladder("'^conv1'", NOT_A_NUMBER), *rest)
    assert ("LRS214", r"'^layer\d\.\d\.(\w+)\.'") in found
    assert {code for code, _ in found} == ({"LRS214"} if rest else {"LRS201", "LRS214"})


NAMES = ["stem.w", *(f"b.{n}.w" for n in range(12)), *(f"bx.{n}.w" for n in range(2)), "norm.w", "head.w"]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((r"{match: ['^b\.(\d+)\.', '^c\.(\d+)\.'], every: 3}",), ("LRS205", r"'^c\.(\d+)\.'")),
        (("'^stem'", r"{match: '^b\.(\d+)\.', every: 3}", r"{join: '^bx\.(\d)', to: first}"), None),
        (("'^stem'", r"{match: '^b\.(\d+)\.', every: 6}", r"{join: '^bx\.(x?)', to: first}"), None),
        (("'^stem'", r"{match: '^b\.(\d+)\.', every: 6}", r"{join: '^(n)orm'}"), ("LRS207", "'^(n)orm'")),
        ((r"{match: '^b\.\w*(\d+)\.', every: 3}",), ("LRS301", r"'^b\.\w*(\d+)\.'")),
        ((r"{match: '^b\.(\d)', every: 3}",), ("LRS301", r"'^b\.(\d)'")),
        ((r"{match: '^b.\.?(\d+)\.', every: 3}",), ("LRS302", r"'^b.\.?(\d+)\.'")),
        ((r"{match: '^(?:b|c)\.(\d+)\.', every: 3}",), ("LRS306", r"'^(?:b|c)\.(\d+)\.'")),
        ((r"{match: '^b(?!y(.))\.(\d+)\.', every: 3}",), ("LRS313", r"'^b(?!y(.))\.(\d+)\.'")),
    ],
)
def test_regexes_of_new_entries_are_judged_like_others(
    entries: tuple[str, ...], expected: tuple[str, str] | None
) -> None:
    assert linted(NAMES, ladder(*entries), REST) == ([expected] if expected else [])


def test_rates_and_values_of_new_ladders_are_judged_like_others() -> None:
    rule = r"{name: depth, lr: 5, layers: [{match: '^b\.(\d+)\.', every: 3}, {gap: 1}], layer_decay: {first: 0.5}}"
    assert ("LRS304", "5") in linted(NAMES, rule, REST)
    rule = rule.replace("lr: 5", "lr: 0")
    assert ("LRS303", "0") in linted(NAMES, rule, REST)


def test_a_ladder_with_every_and_gap_that_is_upside_down_is_found() -> None:
    entries = [
        r"'^head\.'",
        "{gap: 2}",
        r"'^stages\.3\.'",
        r"{match: '^stages\.2\.blocks\.(\d+)\.', every: 3}",
        "'^stem'",
    ]
    assert [code for code, _ in linted("convnext_tiny", ladder(*entries), REST)] == ["LRS308"]


def test_a_head_that_an_every_has_before_other_layers_is_found() -> None:
    head = r"{match: '^head\.(?:norm|fc)()', every: 2}"
    assert [code for code, _ in linted("convnext_tiny", ladder("'^stem'", head, "'^stages'"), REST)] == ["LRS308"]


def test_a_gap_behind_the_head_is_none_of_a_head_before_the_last_layer() -> None:
    assert linted("convnext_tiny", ladder("'^stem'", r"'^stages\.(\d)'", r"'^head\.'", "{gap: 1}")) == []


def test_a_join_of_the_last_of_several_layers_of_an_every_is_judged() -> None:
    blocks = r"{match: '^stages\.(\d)\.blocks\.(\d+)\.', every: 2}"
    for to, expected in (("last", ["LRS309"]), ("first", [])):
        join = rf"{{join: '^stages\.(\d)\.downsample\.', to: {to}}}"
        assert [code for code, _ in linted("convnext_tiny", ladder("'^stem'", blocks, join, "'^head'"))] == expected


def test_a_join_of_one_layer_of_an_every_is_not_judged() -> None:
    names = [name for n in range(6) for name in (f"down.{n}.w", f"b.{n}.w")]
    assert linted(names, ladder(r"{match: '^b\.(\d+)\.', every: 3}", r"{join: '^down\.(\d+)\.'}")) == []


def test_a_dead_ladder_behind_a_rule_that_sets_all_is_still_shadowed() -> None:
    lone = "{name: depth, layers: [{match: '^b.(.+).w', every: 2}], layer_decay: 0.5}"
    assert "LRS204" not in {code for code, _ in linted(["b.x.w"], lone, ALL)}


def test_a_plan_of_a_real_model_has_gaps_in_its_json() -> None:
    with torch.device("meta"):
        model = timm.create_model("convnext_tiny")
    plan = lrspec.compile(lrspec.loads(TOP + ladder(*CONVNEXT)), model)
    parameters = {each["name"]: each["layer"] for each in plan.to_dict()["parameters"]}
    assert parameters["stages.3.blocks.0.gamma"] == {"rule": "depth", "index": 12, "of": 14, "mult": 0.8}
    names = [group["name"] for group in plan.to_dict()["groups"]]
    assert names == [f"depth.{number:02}" for number in (0, 1, 2, 3, 4, 5, 12, 13)]
