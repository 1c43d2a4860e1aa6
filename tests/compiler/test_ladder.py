"""Ladders: which layers there are, in which order, and who shares one."""

from __future__ import annotations

import pytest

import lrspec


def layers(entries: str, names: list[str], **more: str) -> dict[str, int]:
    """The layer of each name that is on one, by a ladder with these entries."""
    extra = "".join(f"\n    {key}: {value}" for key, value in more.items())
    spec = lrspec.loads(
        f"lrspec: 1\noptimizer: {{lr: 1}}\nrules:\n  - layers: {entries}\n    layer_decay: 0.5{extra}\n"
        "check: {unmatched-parameter: ignore, join-without-layer: ignore, unused-pattern: ignore}\n"
    )
    plan = lrspec.compile(spec, lrspec.Inventory.from_names(names))
    return {planned.name: planned.layer.index for planned in plan.parameters if planned.layer}


def test_an_entry_without_captures_is_one_layer_and_opens_none_where_it_selects_nothing() -> None:
    assert layers("['^a', '^x', '^b']", ["b.w", "a.w", "a.v"]) == {"b.w": 1, "a.w": 0, "a.v": 0}


def test_numbers_are_in_numeric_order_and_other_captures_in_the_models() -> None:
    assert layers(r"'^b\.(\d+)$'", ["b.10", "b.9", "b.0"]) == {"b.10": 2, "b.9": 1, "b.0": 0}
    assert layers(r"'^b\.(\w+)$'", ["b.10", "b.z", "b.9"]) == {"b.10": 0, "b.z": 1, "b.9": 2}


def test_a_group_that_took_no_part_or_captured_nothing_counts_as_zero() -> None:
    names = ["s.1.blocks.0", "s.1.downsample", "s.1.blocks.1", "s.0.blocks.0"]
    found = layers(r"'^s\.(\d+)\.(?:downsample|blocks\.(\d+))$'", names)
    assert found == {"s.1.blocks.0": 1, "s.1.downsample": 1, "s.1.blocks.1": 2, "s.0.blocks.0": 0}
    assert layers(r"'^b(\d*)$'", ["b2", "b", "b0"]) == {"b2": 1, "b": 0, "b0": 0}


def test_digits_of_other_scripts_are_no_numbers() -> None:
    assert layers(r"'^b\.(\w+)$'", ["b.٣", "b.1"]) == {"b.٣": 0, "b.1": 1}


def test_texts_tell_layers_apart_even_where_their_numbers_are_equal() -> None:
    assert layers(r"'^b\.(\d+)$'", ["b.01", "b.2", "b.1"]) == {"b.01": 0, "b.2": 2, "b.1": 1}


def test_the_first_regex_of_an_entry_that_matches_gives_the_captures() -> None:
    assert layers(r"[['^b\.(\d)', '^(\w+)']]", ["c.0", "b.7"]) == {"c.0": 0, "b.7": 1}


def test_a_join_shares_the_last_layer_whose_captures_begin_with_its_own() -> None:
    names = ["d1.l1", "d1.l4", "d10.l4", "d2.l1", "t1", "t10", "t2", "n"]
    entries = r"['^d(\d+)\.l(\d+)$', {join: '^t(\d+)$'}, {join: '^n$'}]"
    found = layers(entries, names)
    assert [found[name] for name in ("d1.l1", "d1.l4", "d2.l1", "d10.l4")] == [0, 1, 2, 3]
    assert (found["t1"], found["t2"], found["t10"], found["n"]) == (1, 2, 3, 3)


@pytest.mark.parametrize("join", [r"'^t(\d+)$'", "'^t'"])
def test_a_join_without_a_layer_is_on_none(join: str) -> None:
    assert layers(rf"['^x(\d*)', {{join: {join}}}, '^b']", ["t1", "b"]) == {"b": 0}


def test_a_join_looks_no_further_than_the_entry_before_it() -> None:
    assert layers("['^a', '^x', {join: '^t'}]", ["a", "t"]) == {"a": 0}


def test_the_ladder_is_counted_where_the_rule_wins_frozen_or_not() -> None:
    spec = lrspec.loads(
        "lrspec: 1\noptimizer: {lr: 1}\nrules:\n  - {name: stem, match: '^b0', freeze: true}\n"
        "  - {name: own, layers: '^b(2)$', layer_decay: 1}\n"
        r"  - {name: all, layers: '^b(\d+)$', layer_decay: 0.5, check: {overlapping-rules: ignore}}"
    )
    plan = lrspec.compile(spec, lrspec.Inventory.from_names(["b0", "b1", "b2", "b3"]))
    placed = [(p.layer.rule, p.layer.index, p.layer.of) for p in plan.parameters if p.layer]
    assert placed == [("all", 0, 3), ("all", 1, 3), ("own", 0, 1), ("all", 2, 3)]


def test_multipliers_fall_towards_the_input_and_stop_at_the_floor() -> None:
    spec = lrspec.loads(
        "lrspec: 1\noptimizer: {lr: 1}\nrules:\n"
        r"  - {layers: '^b(\d+)$', layer_decay: {factor: 0.5, min_mult: 0.2}}"
    )
    plan = lrspec.compile(spec, lrspec.Inventory.from_names(["b0", "b1", "b2", "b3"]))
    assert [p.layer.mult for p in plan.parameters if p.layer] == [0.2, 0.25, 0.5, 1.0]
    assert [p.settings.lr for p in plan.parameters] == [0.2, 0.25, 0.5, 1.0]
