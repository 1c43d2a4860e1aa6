"""`freeze: {until, every, but_last}`: who thaws when, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

import lrspec
from lrspec.compiler.compile import attempt
from lrspec.formats.explanation import explain
from lrspec.formats.table import table
from lrspec.spec.times import Time

NAMES = ("embed.weight", "blocks.0.weight", "blocks.1.weight", "blocks.2.weight", "head.weight")
LADDER = r"layers: ['^embed\.', '^blocks\.(\d+)\.', '^head\.']"


def loaded(*rules: str, lr: str = "1") -> lrspec.SpecFile:
    listed = "\n".join(f"  - {{{rule}}}" for rule in rules)
    return lrspec.loads(f"lrspec: 1\noptimizer: {{type: AdamW, lr: {lr}}}\nrules:\n{listed}")


def inventory(names: tuple[str, ...] = NAMES, frozen: tuple[str, ...] = ()) -> lrspec.Inventory:
    return lrspec.Inventory([lrspec.Parameter(name, (), (2,), name not in frozen, ("Linear",)) for name in names])


def planned(*rules: str, names: tuple[str, ...] = NAMES, frozen: tuple[str, ...] = ()) -> lrspec.Plan:
    return lrspec.compile(loaded(*rules), inventory(names, frozen))


def times(plan: lrspec.Plan) -> list[Any]:
    """When each parameter thaws; `good` if never, None if it trains from the start."""
    found = plan.to_dict()["parameters"]
    return ["good" if each["status"] == "frozen-by-spec" else each.get("frozen_until") for each in found]


def codes(*rules: str, names: tuple[str, ...] = NAMES, frozen: tuple[str, ...] = ()) -> list[tuple[str, int, int]]:
    try:
        found = lrspec.check(loaded(*rules), inventory(names, frozen))
    except lrspec.SpecError as error:
        found = list(error.diagnostics)
    return [(each.code, each.line, each.column) for each in found]


@pytest.mark.parametrize(
    ("freeze", "expected"),
    [
        ("{but_last: 1, until: 100, every: 10}", [130, 120, 110, 100, None]),
        ("{until: 100, every: 10}", [140, 130, 120, 110, 100]),
        ("{but_last: 2, until: 100}", [100, 100, 100, None, None]),
        ("{but_last: 2}", ["good", "good", "good", None, None]),
        ("{until: 7}", [7, 7, 7, 7, 7]),
        ("{until: 50%, every: 12.50%}", ["100%", "87.5%", "75%", "62.5%", "50%"]),
        ("{until: 100%, every: 010.0%, but_last: 3}", ["110%", "100%", None, None, None]),
    ],
)
def test_each_layer_thaws_by_its_distance_from_the_last(freeze: str, expected: list[Any]) -> None:
    assert times(planned(f"{LADDER}, layer_decay: 0.5, freeze: {freeze}")) == expected


def test_gaps_count() -> None:
    ladder = r"layers: ['^embed\.', '^blocks\.(\d+)\.', {gap: 2}, '^head\.']"
    assert times(planned(f"{ladder}, lr_mult: 1, freeze: {{but_last: 1, until: 10, every: 10}}"))[:4] == [
        60,
        50,
        40,
        30,
    ]


def test_until_alone_looks_at_no_layer() -> None:
    rules = (r"match: '^head\.', lr_mult: 1", f"{LADDER}, layer_decay: 0.5, freeze: {{until: 5}}")
    assert times(planned(rules[1])) == [5] * 5
    by_layer = (rules[0].replace("lr_mult: 1", "weight_decay: 0"), rules[1])
    assert times(planned(*by_layer)) == [5] * 5


def test_on_no_layer_of_the_ladder_there_is_no_freeze_from_it() -> None:
    first = r"name: a, layers: '^(head|embed)\.', layer_decay: 0.5"
    second = f"name: b, {LADDER}, layer_decay: 0.5, freeze: {{until: 10, every: 10}}, fallback: true"
    plan = planned(first, second)
    assert times(plan) == [None, 30, 20, 10, None]


def test_a_ladder_without_layer_decay_sets_no_multiplier_and_counts_all_that_is_selected() -> None:
    plan = planned(
        r"match: '^head\.', lr: 0.5", f"{LADDER}, fallback: true, lr_mult: 1, freeze: {{until: 1, every: 1}}"
    )
    assert times(plan) == [4, 3, 2, 1, None]
    plan = planned(
        r"match: '^head\.', lr: 0.5, weight_decay: 0",
        rf"{LADDER}, freeze: {{until: 1, every: 1}}",
        "fallback: true, lr_mult: 1",
    )
    assert times(plan) == [5, 4, 3, 2, 1]
    assert {each["layer"] for each in plan.to_dict()["parameters"] if each["layer"]} == set()
    assert [group.name for group in plan.groups or ()] == ["rule-2/rule-3", "rule-1/rule-2"]


def test_when_something_thaws_does_not_tell_groups_apart() -> None:
    plan = planned(f"name: all, {LADDER}, lr_mult: 1, freeze: {{until: 1, every: 1}}")
    assert [(group.name, len(group.params)) for group in plan.groups or ()] == [("all", 5)]


def test_it_decides_only_where_it_freezes_for_good() -> None:
    assert codes("match: '.', freeze: {until: 100}") == [("LRS201", 3, 1)]
    blocks = r"name: blocks, layers: '^blocks\.(\d+)\.', freeze: {but_last: 2}, lr_mult: 1"
    plan = planned(blocks, "name: rest, fallback: true, freeze: true")
    assert times(plan) == ["good", "good", None, None, "good"]
    assert [(group.name, group.params) for group in plan.groups or ()] == [("blocks", NAMES[2:4])]
    assert codes(blocks.replace(", lr_mult: 1", ""), "match: '^[eh]', lr_mult: 1") == [("LRS201", 3, 1)]


def test_what_the_model_has_frozen_thaws_and_what_no_rule_thaws_stays_frozen() -> None:
    plan = planned(
        "match: '^blocks', lr_mult: 1, freeze: {until: 5}", r"match: '^head\.', lr_mult: 1", frozen=NAMES[:3]
    )
    assert [each.status.value for each in plan.parameters] == ["frozen-by-model", *["trained"] * 4]
    plan = planned(f"{LADDER}, lr_mult: 1, freeze: {{but_last: 1, until: 5}}", frozen=NAMES)
    assert [each.status.value for each in plan.parameters] == ["trained"] * 5


def test_what_thaws_is_not_frozen_for_other_rules() -> None:
    assert (
        codes("match: '.', freeze: {until: 5}, lr_mult: 1", "match: '^head', options: {eps: 1e-4}", frozen=NAMES) == []
    )
    assert codes("match: '.', freeze: true", "match: '^head', options: {eps: 1e-4}") == [("LRS206", 5, 13)]


def test_the_value_is_the_time_of_each_parameter() -> None:
    ladder = f"name: a, {LADDER}, lr_mult: 1, freeze: {{but_last: 1, until: 100, every: 100}}"
    same = "match: '^embed', freeze: {until: 400}, options: {eps: 1e-4}"
    assert codes(ladder, same) == [("LRS209", 5, 31)]
    assert codes(ladder, same.replace("400", "300")) == [("LRS202", 5, 31)]
    assert codes(ladder, same.replace("400", "4%")) == [("LRS202", 5, 31)]
    assert codes(ladder, same.replace("{until: 400}", "false")) == [("LRS202", 5, 31)]
    assert codes(ladder, "match: '^head', freeze: false, options: {eps: 1e-4}") == [("LRS209", 5, 30)]


def test_two_places_in_a_ladder_that_only_freezes_are_reported_at_freeze() -> None:
    ladder = (
        r"layers: ['^embed\.', '^blocks\.', '^blocks\.1\.', '^head\.'], lr_mult: 1, freeze: {but_last: 1, until: 3}"
    )
    assert codes(ladder) == [("LRS202", 4, ladder.index("{but_last") + 6)]


def test_a_but_last_that_freezes_nothing_is_reported_unless_there_are_no_layers() -> None:
    ladder = f"{LADDER}, lr_mult: 1, freeze: {{but_last: %d}}"
    assert codes(ladder % 5) == [("LRS214", 4, len(ladder) + 3)]
    assert codes(ladder % 4) == []
    assert codes(f"{LADDER}, lr_mult: 1, freeze: {{until: 5, but_last: 9}}")[0][0] == "LRS214"
    gap = r"layers: ['^nothing\.', {gap: 3}, '^.*$'], lr_mult: 1, optional: true, freeze: {but_last: 2}"
    assert [code for code, *_ in codes(gap)] == ["LRS214"]  # two layers of a gap are below, and nothing is on them
    none = r"layers: '^nothing\.', lr_mult: 1, optional: true, freeze: {but_last: 2}"
    assert codes(none, "fallback: true, lr_mult: 1") == []


def test_a_lowered_lrs214_trains_from_the_start() -> None:
    plan = planned(
        f"{LADDER}, lr_mult: 1, freeze: {{but_last: 7}}, check: {{no-such-number: ignore}}", frozen=NAMES[:1]
    )
    assert [each.status.value for each in plan.parameters] == ["trained"] * 5


def test_a_rule_that_sets_nothing_only_because_nothing_is_on_its_layers_is_not_shadowed() -> None:
    first = "name: a, layers: '^([a-z])', layer_decay: 0.5"
    second = "name: b, layers: '^([a-z])', layer_decay: 0.5, freeze: {until: 1, every: 1}"
    assert [code for code, *_ in codes(first, second)] == ["LRS202"]
    frozen = "name: c, match: '.', freeze: {until: 1}"
    assert {code for code, *_ in codes(first, frozen, second)} == {"LRS202", "LRS204"}


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ("match: '.', freeze: {}", "{}"),
        ("match: '.', freeze: {every: 10}", "10}"),
        ("match: '.', freeze: {but_last: 1}", "1}"),
        ("match: '.', freeze: {until: 0}", "0}"),
        ("match: '.', freeze: {until: 0%}", "0%"),
        ("match: '.', freeze: {until: 0.0%}", "0.0%"),
        ("match: '.', freeze: {until: 101%}", "101%"),
        ("match: '.', freeze: {until: 1e1%}", "1e1%"),
        ("match: '.', freeze: {until: '+5%'}", "'+5%'"),
        ("match: '.', freeze: {until: '5 %'}", "'5 %'"),
        ("match: '.', freeze: {until: '5'}", "'5'"),
        ("match: '.', freeze: {until: 10.0}", "10.0"),
        ("match: '.', freeze: {until: true}", "true"),
        ("layers: '^(.+)$', layer_decay: 1, freeze: {until: 10, every: 5%}", "every"),
        ("layers: '^(.+)$', layer_decay: 1, freeze: {until: 5%, every: 10}", "every"),
        ("layers: '^(.+)$', layer_decay: 1, freeze: {every: 5%, until: 10}", "until"),
        ("layers: '^(.+)$', layer_decay: 1, freeze: {but_last: 0}", "0}"),
        ("layers: '^(.+)$', layer_decay: 1, freeze: {but_last: 1.0}", "1.0"),
        ("layers: '^(.+)$', layer_decay: 1, freeze: {but_last: 1, every: 10}", "10}"),
        ("layers: '^(.+)$', freeze: {until: 10}", "'^(.+)$'"),
        ("layers: '^(.+)$', freeze: true", None),
        ("match: '.', freeze: true, lr_mult: 1", "lr_mult"),
    ],
)
def test_what_is_refused(rule: str, at: str | None) -> None:
    found = codes(rule)
    assert {code for code, *_ in found} == {"LRS104"}
    if at is not None:
        assert found == [("LRS104", 4, rule.rindex(at) + 6)]


def test_times_are_exact() -> None:
    assert Time.of("0.1%").step(1000) == 1
    assert Time.of("12.5%").step(8) == 1
    assert Time.of("7%").step(100) == 7  # 100 * 0.07 is more than 7 in floating point
    assert Time.of("33.3%").step(1000) == 333
    assert Time.of("100%").step(7) == 7
    assert str(Time.of("005.500%").value) == "5.5%"


def test_the_table_says_when_each_row_thaws() -> None:
    plan = planned(f"name: all, {LADDER}, layer_decay: 0.5, freeze: {{but_last: 1, until: 50%, every: 10%}}")
    text = table(plan)
    assert "frozen until" in text
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("  all ")][:4] == [
        "80%",
        "70%",
        "60%",
        "50%",
    ]
    assert "freeze {until: 50%, every: 10%, but_last: 1}" in text
    in_steps = [line for line in table(plan, steps=1000).splitlines() if line.startswith("  all ")]
    assert all(f" {step} " in f"{line} " for step, line in zip((800, 700, 600, 500), in_steps, strict=False))
    assert "frozen until" not in table(planned("match: '.', lr_mult: 1"))
    one_row = table(planned(f"name: all, {LADDER}, lr_mult: 1, freeze: {{but_last: 1, until: 100, every: 100}}"))
    assert "100 … 400" in one_row


def test_explain_says_when_it_thaws() -> None:
    rule = f"name: all, {LADDER}, lr_mult: 1, freeze: {{but_last: 1, until: 100, every: 100}}"
    outcome = attempt(loaded(rule), inventory())
    assert outcome.plan
    assert outcome.resolution
    text = explain(outcome.resolution, outcome.plan, 0)
    assert "trained, frozen until 400, in group 0 (all)" in text
    assert "sets `freeze` to {until: 400}" in text
    assert "sets `freeze` to false" in explain(outcome.resolution, outcome.plan, 4)


def test_explain_says_so_on_no_layer() -> None:
    first = r"name: a, layers: '^(head|embed)\.', layer_decay: 0.5"
    second = f"name: b, {LADDER}, freeze: {{until: 10, every: 10}}, lr_mult: 1, fallback: true"
    outcome = attempt(loaded(first, second), inventory())
    assert outcome.plan
    assert outcome.resolution
    assert "leaves `freeze` as it is" in explain(outcome.resolution, outcome.plan, 0)


@pytest.mark.parametrize(("path", "value"), [("until", 7), ("until", "5%"), ("but_last", 2)])
def test_it_can_be_overridden(path: str, value: int | str) -> None:
    file = loaded(f"name: all, {LADDER}, lr_mult: 1, freeze: {{until: 3}}, layer_decay: 1")
    changed = file.override({f"rules.all.freeze.{path}": value})
    assert getattr(changed.spec.rules[0].freeze, path) == value
    with pytest.raises(lrspec.OverrideError):
        file.override({"rules.all.freeze.until": 0})
