"""A diff as people read it: the line that sums up, rows by rule and layer, and Markdown in which names do nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from lrspec.compiler.compile import attempt
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter
from lrspec.review.diff.diff import Diff, Model, Side, diff
from lrspec.review.diff.markdown import MOST, markdown
from lrspec.review.diff.names import Names, ranges
from lrspec.review.diff.text import text
from lrspec.review.snapshot import Entry, Snapshot, of_plan
from lrspec.spec.load import read

BACKBONE = [Parameter(f"layer{stage}.{block}.weight", shape=(10,)) for stage in range(1, 5) for block in range(3)]
NET = [*BACKBONE, Parameter("fc.weight", shape=(10, 2)), Parameter("fc.bias", shape=(2,))]
BODY = {"name": "body", "fallback": True, "lr": 1e-4}
LAYER4 = {"name": "layer4", "match": r"^layer4\.", "lr_mult": 1}
HEAD = {"name": "head", "match": r"^fc\.", "lr_mult": 1}


def spec(*rules: dict[str, Any], **optimizer: Any) -> dict[str, Any]:
    return {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1e-3, **optimizer}, "rules": list(rules)}


def model(content: dict[str, Any], parameters: list[Parameter] = NET, source: str = "net") -> Model:
    file = read(json.dumps(content).encode(), "net.lrspec.json", "json").file()
    plan = attempt(file, Inventory(parameters, source, {})).plan
    assert plan is not None
    assert plan.groups is not None
    return Model(source, {}, of_plan(plan))


def compared(old: Model, new: Model) -> Diff:
    return diff(Side("a", [old]), Side("b", [new]))


def between(old: dict[str, Any], new: dict[str, Any]) -> Diff:
    return compared(model(old), model(new))


def table(found: Diff) -> list[list[str]]:
    """The cells of the rows, without their columns of numbers."""
    lines = [line for line in text(found).splitlines() if line.startswith("  ")][1:]
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines]
    return [[cell for cell in row if not re.fullmatch(r"[\d,]+", cell)] for row in rows]


def test_the_first_line_sums_up() -> None:
    found = between(spec(LAYER4, HEAD, BODY), spec(LAYER4, HEAD, BODY, lr=5e-4))
    first, second, *_ = text(found).splitlines()
    values = "0.001 → 0.0005, 5 parameters, 37 % of the elements"
    assert first == f"layer4 and head: {values}; nothing frozen or thawed; optimizer changed"
    assert second == "a → b, for net"


def test_rows_are_rules() -> None:
    found = between(spec(LAYER4, HEAD, BODY), spec(LAYER4, HEAD, BODY, lr=5e-4))
    assert table(found) == [["layer4", "layer4.*", "lr 0.001 → 0.0005"], ["head", "fc.*", "lr 0.001 → 0.0005"]]
    assert text(found).splitlines()[-1] == "optimizer: lr 0.001 → 0.0005"


def test_a_spec_does_not_differ_from_itself() -> None:
    found = between(spec(LAYER4, HEAD, BODY), spec(LAYER4, HEAD, BODY))
    assert not found
    assert text(found) == "no difference\na → b, for net\n"
    assert markdown(found) == "**no difference**\n\n`a` → `b`\n"


def test_what_is_frozen_and_thawed_is_said() -> None:
    frozen = {"name": "stem", "match": "^layer1", "freeze": True}
    found = between(spec(HEAD, BODY), spec(frozen, HEAD, BODY))
    assert found.summary == "frozen: stem, 3 parameters, 21 % of the elements"
    assert table(found) == [["stem (was no rule)", "layer1.*", "frozen (was lr 0.0001)"]]
    found = between(spec(frozen, HEAD, BODY), spec(HEAD, BODY))
    assert found.summary == "thawed: layer1.*, 3 parameters, 21 % of the elements"
    assert table(found) == [["no rule (was stem)", "layer1.*", "thawed (lr 0.0001)"]]


def test_the_rate_of_what_stays_frozen_is_no_change_that_is_shown() -> None:
    frozen = [Parameter(each.name, shape=each.shape, requires_grad=each.name.startswith("fc")) for each in NET]
    old, new = (model(spec({**HEAD, "lr_mult": lr}, BODY), frozen) for lr in (1, 2))
    assert [row.label for row in compared(old, new).models[0].rows] == ["head"]


def test_a_ladder_is_one_row_with_the_factors_of_its_layers() -> None:
    ladder = {"name": "ladder", "layers": [r"^layer(\d+)\.", r"^fc\."], "layer_decay": 0.5}
    found = between(spec(ladder), spec({**ladder, "layer_decay": 0.8}))
    rates = "0.0000625 to 0.0005 → 0.0004096 to 0.0008"
    assert found.summary.startswith(f"ladder: {rates.replace('0.0000625', '6.25e-5')}, 12 parameters")
    assert table(found) == [
        [
            "ladder",
            "0 … 3",
            "layer1.*, layer2.*, layer3.*, layer4.*",
            f"lr {rates.replace('0.0000625', '6.25e-5')} (a layer: × 0.5 → × 0.8)",
        ]
    ]


def test_layers_with_one_factor_are_one_row() -> None:
    ladder = {"name": "ladder", "layers": [r"^layer(\d+)\.", r"^fc\."], "layer_decay": 0.5}
    late = {"name": "late", "match": r"^(layer4|fc)\.", "lr_scale": 3}
    found = between(spec(ladder, late), spec(ladder, {**late, "lr_scale": 6}, lr=1e-3))
    (row,) = table(found)
    assert row[:2] == ["ladder, late", "3 … 4"]
    assert "lr × 2" in row[-1]
    found = between(spec(ladder, late), spec(ladder, {**late, "lr_scale": 6}, lr=5e-4))
    (row,) = table(found)
    assert row[:3] == ["ladder", "0 … 2", "layer1.*, layer2.*, layer3.*"]
    assert "lr × 0.5" in row[-1]


def test_each_setting_has_the_rules_that_decide_it() -> None:
    decay = {"name": "vectors", "where": {"ndim": 1}, "weight_decay": 0}
    found = between(spec(HEAD, BODY, weight_decay=0.1), spec(decay, {**HEAD, "lr_mult": 2}, BODY, weight_decay=0.1))
    rows = table(found)
    assert rows[0][0] == "vectors (was no rule)"
    assert rows[0][-1] == "weight_decay 0.1 → 0"
    assert rows[1] == ["head", "fc.*", "lr 0.001 → 0.002"]


def test_rules_without_names_are_summed_up_by_what_they_select() -> None:
    old, new = ({"match": r"^fc\.", "lr": lr} for lr in (0.1, 0.2))
    assert between(spec(old, BODY), spec(new, BODY)).summary.startswith("fc.*: 0.1 → 0.2, 2 parameters")


def test_a_rule_of_another_name_differs_though_all_settings_are_the_same() -> None:
    found = between(spec(HEAD, BODY), spec({**HEAD, "name": "classifier"}, BODY))
    assert found
    assert found.summary == "all settings stay the same; nothing frozen or thawed"
    assert text(found).splitlines()[2:] == ["set by other rules: head → classifier (fc.*: 2 parameters)"]


def test_optimizers_and_schedules_that_differ_are_listed() -> None:
    schedules = {"main": [{"until": "5%", "from": 0}, {"to": 0}]}
    old = {**spec(HEAD, BODY, betas=[0.9, 0.999]), "schedules": schedules}
    new = {**spec(HEAD, BODY, betas=[0.9, 0.95]), "schedules": {"main": [{"until": 100, "from": 0}, {"to": 0}]}}
    lines = text(between(old, new)).splitlines()
    assert "optimizer: betas [0.9, 0.999] → [0.9, 0.95]" in lines
    assert any(line.startswith("schedule: main: [{until: 5%, from: 0") for line in lines)
    assert lines[0].endswith("optimizer changed; schedule main changed")


def of_model(names: Mapping[str, tuple[int, ...]]) -> Model:
    every = {"name": "matrices", "match": r"\.(w1|w3|qkv)\b", "lr": 0.02, "optional": True}
    return model(
        spec(every, {"name": "rest", "fallback": True, "lr": 1e-3}), [Parameter(n, shape=s) for n, s in names.items()]
    )


def test_fused_parameters_are_one_line_with_what_they_are_given_now() -> None:
    old = {f"layers.{n}.mlp.{name}.weight": (4, 8) for n in range(6) for name in ("w1", "w3")}
    new = {f"layers.{n}.mlp.w13.weight": (8, 8) for n in range(6)}
    found = compared(of_model({**old, "out.weight": (8, 3)}), of_model({**new, "out.weight": (8, 3)}))
    assert found.summary == "nothing frozen or thawed; 12 fused into 6 with lr 0.02 → 0.001"
    (line,) = text(found).splitlines()[2:]
    assert line.startswith(
        "fused: layers.0 … 5.mlp.w1.weight + layers.0 … 5.mlp.w3.weight → layers.0 … 5.mlp.w13.weight (6 ×;"
    )
    assert "lr 0.02 → 0.001" in line
    assert "split: layers.0 … 5.mlp.w13.weight → " in text(
        diff(Side("b", [found.models[0].new]), Side("a", [found.models[0].old]))
    )


def test_renamed_added_gone_and_reshaped_parameters_are_lines() -> None:
    shared = {f"blocks.{n}.qkv.weight": (3, 4) for n in range(12)}
    old = {**{f"vision_tower.vision_model.{n}": s for n, s in shared.items()}, "head.weight": (10, 4), "mask": (7,)}
    new = {**{f"vision_tower.{n}": s for n, s in shared.items()}, "head.weight": (2, 4), "register": (1, 5)}
    lines = text(compared(of_model(old), of_model(new))).splitlines()
    assert lines[0].endswith("12 renamed; 1 added; 1 gone; 1 reshaped")
    assert lines[2:] == [
        "added: register (lr 0.001, set by rest)",
        "gone: mask (had lr 0.001, set by rest)",
        "renamed: vision_tower.vision_model → vision_tower (12 parameters)",
        "reshaped: head.weight: [10, 4] → [2, 4]",
    ]


def test_models_are_paired_by_their_sources() -> None:
    old = [model(spec(HEAD, BODY), source=source) for source in ("one", "two", "three")]
    new = [model(spec({**HEAD, "lr_mult": 2}, BODY), source=source) for source in ("three", "one", "four")]
    found = diff(Side("a", old), Side("b", new))
    assert [each.words for each in found.models] == ["three", "one"]
    assert ([each.source for each in found.gone], [each.source for each in found.added]) == (["two"], ["four"])
    assert found.summary.endswith("nothing frozen or thawed (in 2 of 2 models); model two gone; model four added")
    assert "\none: head: 0.001 → 0.002" in text(found)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.0.w", "a.1.w", "a.2.w"], ["a.0 … 2.w"]),
        (["a.0.w", "a.1.w", "a.3.w"], ["a.{0 … 1,3}.w"]),
        (["a.0.b.0", "a.0.b.1", "a.1.b.0"], ["a.0.b.0 … 1", "a.1.b.0"]),
        (["a1.w", "a2.w"], ["a1.w", "a2.w"]),
        (["w"], ["w"]),
    ],
)
def test_names_that_differ_in_numbers_are_ranges(names: list[str], expected: list[str]) -> None:
    assert ranges(names) == expected


def test_whole_modules_are_named_as_such() -> None:
    every = Names(["a.0.x", "a.0.y", "a.1.x", "a.1.y", "b.x", "c.x", "c.y"])
    assert every.patterns(["a.0.x", "a.0.y", "a.1.x", "a.1.y", "b.x"]) == ["a.*", "b.x"]
    assert every.patterns(["a.0.x", "a.0.y", "c.x"]) == ["a.0.*", "c.x"]
    assert every.patterns(["a.0.x", "a.0.y", "a.1.x", "a.1.y", "b.x", "c.x", "c.y"]) == ["*"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_text_fits_the_terminal(width: int) -> None:
    decay = {"name": "vectors", "where": {"ndim": 1}, "weight_decay": 0}
    found = between(
        spec(LAYER4, HEAD, BODY), spec(decay, LAYER4, {**HEAD, "options": {"betas": [0.5, 0.95]}}, BODY, lr=0.3)
    )
    assert max(map(len, text(found, width).splitlines())) <= width


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "a`b|c",
    "``` | x",
    "[x](https://evil.example)",
    "@everyone",
    "#1",
    "</details>",
    "a\\|b",
    "line\nbreak",
    "<!-- x",
    "![i](http://x.example/i.png)",
    "www.evil.example",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_does_nothing_in_markdown(name: str) -> None:
    def snapshot(lr: float, *more: str) -> Snapshot:
        entries = [
            Entry(Parameter(n, shape=(2,)), {"status": "trained", "lr": lr}, {"lr": name}) for n in (name, *more)
        ]
        return Snapshot(name, {}, tuple(entries), {}, {})

    old, new = Model(name, {}, snapshot(0.1, f"{name}.gone")), Model(name, {}, snapshot(0.2, f"{name}.new"))
    page = markdown(diff(Side(name, [old]), Side(name, [new])))
    code = re.compile(r"`[^`\n]*`")
    outside = code.sub("", page)
    tags = re.findall(r"<[^>]*>", outside)
    assert set(tags) <= {"<details>", "<summary>", "</summary>", "</details>", "<code>", "</code>", "<!-- -->"}
    assert page.count("</details>") == 1 + sum(span.count("</details>") for span in code.findall(page))
    text_outside = re.sub(r"<[^>]*>|&#\d+;", "", outside)
    assert not re.search(r"[`\[\]@#\\]|://|www\.", text_outside)
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert rows
    assert {line.count("|") for line in rows} == {7}


def test_names_in_the_list_of_facts_are_code() -> None:
    def side(rule: str) -> Side:
        entry = Entry(Parameter("a`b.weight"), {"status": "trained", "lr": 0.1}, {"lr": rule})
        return Side("net", [Model("net", {}, Snapshot("net", {}, (entry,), {}, {}))])

    page = markdown(diff(side("one"), side("two")))
    assert "- set by other rules: `one → two` (<code>a&#96;b.weight</code>)\n" in page


def test_markdown_is_cut_to_the_length_of_a_comment_and_says_so() -> None:
    def snapshot(factor: float) -> Snapshot:
        entries = [
            Entry(
                Parameter(f"module-{n}.{'x' * 60}", shape=(2,)),
                {"status": "trained", "lr": factor * n},
                {"lr": f"rule-for-{n}"},
            )
            for n in range(1, 2001)
        ]
        return Snapshot("net", {}, tuple(entries), {}, {})

    page = markdown(diff(Side("a", [Model("net", {}, snapshot(1.0))]), Side("b", [Model("net", {}, snapshot(2.0))])))
    assert MOST - 1_000 < len(page) <= MOST
    found = re.search(r"(\d,\d{3}) more lines cut here", page)
    assert found
    assert int(found[1].replace(",", "")) + page.count("`rule-for-") == 2000
    assert page.rstrip().endswith("</details>")
