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


BLOCKS = [f"b.{number}.{leaf}" for number in range(9) for leaf in ("w", "v")]


def test_an_every_puts_several_numbers_on_a_layer() -> None:
    found = layers(r"['^s', {match: '^b\.(\d+)', every: 4}, '^h']", ["s", *BLOCKS, "h"])
    assert [found[f"b.{number}.w"] for number in range(9)] == [1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert (found["s"], found["b.8.v"], found["h"]) == (0, 3, 4)


def test_an_every_divides_the_last_text_only_and_counts_one_that_took_no_part_as_zero() -> None:
    names = ["s1.b0", "s1.b3", "s1.d", "s0.b2", "s0.b04"]
    found = layers(r"[{match: '^s(\d+)\.(?:d|b(\d+))', every: 2}]", names)
    assert found == {"s0.b2": 0, "s0.b04": 1, "s1.b0": 2, "s1.d": 2, "s1.b3": 3}


def test_an_every_divides_numbers_of_any_length() -> None:
    digits = "1" * 6000
    assert layers(r"[{match: '^b\.(\d+)', every: 11}]", [f"b.{digits}", "b.3", f"b.{digits[:-1]}2"]) == {
        "b.3": 0,
        f"b.{digits}": 1,
        f"b.{digits[:-1]}2": 1,
    }


@pytest.mark.parametrize("to", ["first", "last"])
def test_a_join_with_as_many_captures_as_an_every_is_divided_too(to: str) -> None:
    entries = rf"[{{match: '^b\.(\d+)', every: 3}}, {{gap: 2}}, {{join: '^n\.(\w+)', to: {to}}}]"
    found = layers(entries, [*BLOCKS, "n.8", "n.0", "n.5", "n.9", "n.x"])
    assert (found["n.0"], found["n.5"], found["n.8"]) == (0, 1, 2)
    assert found.keys().isdisjoint({"n.9", "n.x"})


def test_a_join_with_fewer_captures_than_an_every_is_not_divided() -> None:
    names = ["s.4.b.0", "s.4.b.5", "s.5.b.0", "n.4", "n.5", "m.4"]
    found = layers(r"[{match: '^s\.(\d+)\.b\.(\d+)', every: 4}, {join: '^n\.(\d+)'}]", names)
    assert found == {"s.4.b.0": 0, "s.4.b.5": 1, "s.5.b.0": 2, "n.4": 1, "n.5": 2}
    found = layers(r"[{match: '^s\.(\d+)\.b\.(\d+)', every: 4}, {join: '^m\.(\d+)', to: first}]", names)
    assert found["m.4"] == 0


def test_gaps_count_as_soon_as_there_is_a_layer() -> None:
    assert layers("['^a', {gap: 2}, '^x', {gap: 1}, '^b']", ["a", "b"]) == {"a": 0, "b": 4}
    spec = lrspec.loads(
        "lrspec: 1\noptimizer: {lr: 1}\nrules:\n  - {layers: ['^a', {gap: 2}], layer_decay: 0.5, optional: true}\n"
        "  - {fallback: true, lr_mult: 1}\n"
    )
    assert [each.layer for each in lrspec.compile(spec, lrspec.Inventory.from_names(["b"])).parameters] == [None]
    plan = lrspec.compile(spec, lrspec.Inventory.from_names(["a"]))
    assert plan.to_dict()["parameters"][0]["layer"] == {"rule": "rule-1", "index": 0, "of": 3, "mult": 0.25}


def test_a_gap_may_follow_an_entry_without_layers() -> None:
    assert layers("['^x', {gap: 2}, {join: '^b'}, '^a']", ["a", "b"]) == {"a": 2}


def test_padding_of_group_names_counts_gaps() -> None:
    spec = "lrspec: 1\noptimizer: {lr: 1}\nrules:\n  - {name: d, layers: ['^a', {gap: 9}], layer_decay: 0.5}\n"
    plan = lrspec.compile(lrspec.loads(spec), lrspec.Inventory.from_names(["a"]))
    assert [group["name"] for group in plan.to_dict()["groups"]] == ["d.0"]
    plan = lrspec.compile(lrspec.loads(spec.replace("9", "10")), lrspec.Inventory.from_names(["a"]))
    assert [group["name"] for group in plan.to_dict()["groups"]] == ["d.00"]


@pytest.mark.parametrize(("names", "expected"), [("abc", [0.01, 0.1, 1.0]), ("a", [1.0]), ("ab", [0.01, 1.0])])
def test_first_is_what_the_first_layer_has_and_the_last_has_the_full_rate(names: str, expected: list[float]) -> None:
    spec = lrspec.loads("lrspec: 1\noptimizer: {lr: 1}\nrules:\n  - {layers: '^(.)$', layer_decay: {first: 0.01}}\n")
    plan = lrspec.compile(spec, lrspec.Inventory.from_names(list(names)))
    assert [each.settings.lr for each in plan.parameters] == expected


def test_first_counts_gaps() -> None:
    text = "lrspec: 1\noptimizer: {lr: 1}\nrules:\n  - {layers: ['^a', {gap: 2}], layer_decay: {first: 0.125}}\n"
    plan = lrspec.compile(lrspec.loads(text), lrspec.Inventory.from_names(["a"]))
    assert [each.settings.lr for each in plan.parameters] == [0.125]
    spec = lrspec.loads(text.replace("{gap: 2}]", "{gap: 2}, '^b', {gap: 3}]"))
    plan = lrspec.compile(spec, lrspec.Inventory.from_names(["b", "a"]))
    assert [each.settings.lr for each in plan.parameters] == [0.125 ** (3 / 6), 0.125]


def tied(entries: str, *names: tuple[str, ...], check: str = "") -> list[str]:
    """The codes of a ladder over parameters of which each has these names."""
    inventory = lrspec.Inventory(tuple(lrspec.Parameter(first, tuple(others)) for first, *others in names))
    spec = f"lrspec: 1\noptimizer: {{lr: 1}}\nrules:\n  - layers: {entries}\n    layer_decay: 0.5\n{check}"
    return [found.code for found in lrspec.check(lrspec.loads(spec), inventory)]


def test_a_tied_parameter_whose_captures_divide_to_one_layer_is_on_it() -> None:
    entries = r"[{match: '^b\.(\d+)', every: 2}]"
    assert tied(entries, ("b.0", "b.1"), ("b.2",)) == []
    assert tied(entries, ("b.1", "b.2")) == ["LRS202"]


def test_a_tied_parameter_may_be_in_the_layer_that_a_join_shares() -> None:
    entries = r"['^b\.(\d+)\.(\d+)', {join: '^j\.(\d+)'}, '^h']"
    names = [("a.weight", "b.0.0"), ("b.0.1",), ("b.1.0",), ("b.1.1",), ("j.0",), ("j.1",), ("h",)]
    assert tied(entries, *names) == []


def test_what_captures_no_number_is_on_no_layer() -> None:
    entries, names = r"[{match: '^b\.(\w+)', every: 2}]", (("b.0",), ("b.x",), ("b.٣",))
    assert tied(entries, *names) == ["LRS201", "LRS214"]
    assert tied(entries, *names, check="  - {fallback: true, lr_mult: 1}\n") == ["LRS214"]
    assert layers(entries + "\n    check: {no-such-number: ignore}", ["b.0", "b.x", "b.4"]) == {"b.0": 0, "b.4": 1}


def test_only_what_the_ladder_counts_must_capture_a_number() -> None:
    spec = (
        "lrspec: 1\noptimizer: {lr: 1}\nrules:\n  - {layers: ['^b.x'], layer_decay: 0.5}\n"
        r"  - {layers: [{match: '^b\.(\w+)', every: 2}], layer_decay: 0.5, fallback: true}"
    )
    assert lrspec.check(lrspec.loads(spec), lrspec.Inventory.from_names(["b.x", "b.0"])) == []


def test_no_such_number_stands_at_the_regex_and_names_its_parameters() -> None:
    spec = (
        "lrspec: 1\noptimizer: {lr: 1}\nrules:\n"
        r"  - {layers: [{match: ['^b\.(\d+)\.', '^c\.(\w+)\.'], every: 2}], layer_decay: 0.5}"
        "\n  - {fallback: true, lr_mult: 1}\n"
    )
    names = ["b.0.w", "c.x.w", "c.x.v", "c.7.w", "c.y.w"]
    (found,) = lrspec.check(lrspec.loads(spec), lrspec.Inventory.from_names(names))
    assert (found.code, found.line, found.column, found.end_column) == ("LRS214", 4, 39, 52)
    assert found.parameters == ("c.x.w", "c.x.v", "c.y.w")
    assert found.message.split("\n")[0].endswith("such as 'x'")
