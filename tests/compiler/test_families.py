"""Parameters by kind: nothing may depend on which parameters are resolved together."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest

import lrspec
from lrspec.compiler import families
from lrspec.compiler.compile import Outcome, attempt
from lrspec.diagnostics.report import report
from lrspec.diagnostics.source import Text
from lrspec.formats.explanation import explain
from lrspec.models.parameters import Columns
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import Search
from lrspec.spec.load import loads
from tests.compiler.test_against_bruteforce import attempted
from tests.drawing import drawn
from tests.strategies import inventories, specs


def each_apart(columns: Columns, by_shape: bool) -> dict[int, list[int]]:
    return {index: [index] for index in range(len(columns.names))}


def everything(outcome: Outcome) -> list[str]:
    if outcome.plan is None or outcome.resolution is None:
        return [report(outcome.diagnostics, Text(""))]
    words = [explain(outcome.resolution, outcome.plan, index) for index in range(len(outcome.plan.parameters))]
    return [json.dumps(outcome.plan.to_dict()), report(outcome.diagnostics, Text("")), *words]


@drawn(specs(), inventories(), few=100, many=800)
def test_resolving_parameters_together_or_apart_makes_no_difference(
    spec: dict[str, Any], inventory: dict[str, Any]
) -> None:
    together = attempted(spec, inventory)
    with patch.object(families, "_alike", each_apart):
        apart = attempted(spec, inventory)
    assert everything(together) == everything(apart)


def of(names: list[str], *regexes: str, joins: tuple[str, ...] = ()) -> list[list[str]]:
    columns = lrspec.Inventory.from_names(names).columns
    found = families.families(
        columns, [Pattern(each, ()) for each in regexes], [Pattern(each, ()) for each in joins], Search()
    )
    return [[names[member] for member in members] for members in found.members.values()]


NAMES = ["blocks.0.a", "blocks.0.b", "blocks.1.a", "blocks.1.b", "blocks.10.a"]


def test_names_that_differ_in_digits_are_of_one_kind() -> None:
    assert of(NAMES, r"^blocks\.(\d+)\.") == [
        ["blocks.0.a", "blocks.1.a"],
        ["blocks.0.b", "blocks.1.b"],
        ["blocks.10.a"],
    ]


def test_a_regex_that_tells_digits_apart_makes_two_kinds_of_one() -> None:
    assert of(NAMES, r"^blocks\.1\.a") == [
        ["blocks.0.a"],
        ["blocks.0.b", "blocks.1.b"],
        ["blocks.1.a"],
        ["blocks.10.a"],
    ]


def test_names_that_a_regex_matches_at_different_places_are_of_two_kinds() -> None:
    assert of(["1.0.a", "0.1.a", "1.2.a"], "1") == [["1.0.a", "1.2.a"], ["0.1.a"]]


def test_names_from_which_a_join_captures_different_texts_are_of_two_kinds() -> None:
    assert of(NAMES, joins=(r"^blocks\.(\d+)\.b",)) == [
        ["blocks.0.a", "blocks.1.a"],
        ["blocks.0.b"],
        ["blocks.1.b"],
        ["blocks.10.a"],
    ]


def test_braces_that_are_no_quantifier_are_text() -> None:
    assert of(["w{1٣}", "w{2٣}"], "w{1٣}") == [["w{1٣}"], ["w{2٣}"]]


def test_kinds_of_long_names_are_found_without_slow_regexes_having_to_search_them() -> None:
    names = [f"{digit * 3000}.{end}" for digit in "12" for end in ("a", "b")]
    assert len(of(names, "(?:1+2)*x", "1+2+3+4+5+x")) == 2


@pytest.mark.parametrize("name", ["layer.1\nx", "layer\u20281.x", "layer.²", "läyer.1"])
def test_a_name_of_unusual_characters_is_a_kind_of_its_own(name: str) -> None:
    assert of([name, "layer.1"]) == [[name], ["layer.1"]]


def test_a_model_of_many_layers_has_few_kinds() -> None:
    names = [f"layers.{layer}.experts.{expert}.up.weight" for layer in range(100) for expert in range(100)]
    spec = loads("{lrspec: 1, optimizer: {lr: 1}, rules: [{layers: '^layers\\.(\\d+)\\.', layer_decay: 0.9}]}")
    outcome = attempt(spec, lrspec.Inventory.from_names(names))
    assert outcome.plan is not None
    assert outcome.plan.groups is not None
    assert outcome.resolution is not None
    assert len(outcome.resolution.families.members) == 4
    assert [len(group.params) for group in outcome.plan.groups] == [100] * 100


def found(code: str, rules: str, *names: str, owner: str = "Linear", shape: tuple[int, ...] = (2,)) -> list[list[str]]:
    """The parameters of each finding of a code, of rules that otherwise leave nothing undecided."""
    spec = loads(
        f"{{lrspec: 1, optimizer: {{lr: 1, weight_decay: 1}}, rules: [{rules}, {{name: rest, fallback: true, lr: 1}}]}}"
    )
    inventory = lrspec.Inventory([lrspec.Parameter(name, (), shape, True, (owner,)) for name in names])
    return [list(each.parameters) for each in attempt(spec, inventory).diagnostics if each.code == code]


def test_a_branch_that_only_a_later_parameter_of_a_kind_needs_is_alive() -> None:
    assert found("LRS306", "{match: 'l(?:3|4)\\.', lr: 1}", "l3.w", "l4.w") == []
    assert found("LRS306", "{match: 'l(?:3|4)\\.', lr: 1}", "l3.w") == [[]]


def test_a_branch_without_which_a_later_parameter_would_be_on_another_layer_is_alive() -> None:
    ladder = "{layers: '^(?:x|a\\.\\d\\.)?(?:a\\.)?(\\d)', layer_decay: 0.5}"
    assert len(found("LRS306", ladder, "a.3.3", "x3")) == 1
    assert len(found("LRS306", ladder, "a.3.4", "x3")) == 0
    assert len(found("LRS306", ladder, "a.3.3", "a.3.4", "x3")) == 0


def test_a_dot_may_matter_for_some_of_a_kind() -> None:
    assert found("LRS302", "{match: '^a(?:3.|4_)w', lr: 1}", "a3_w", "a4_w") == [["a3_w"]]


def test_a_whole_component_and_a_part_have_to_read_the_same() -> None:
    rule = "{match: 'a\\d', lr: 1}"
    assert found("LRS301", rule, "a1.w", "a2b.w") == []
    assert found("LRS301", rule, "a1.w", "a3.w", "a2b.w", "a3b.w") == [["a3b.w"]]


def test_a_number_may_be_the_last_part_of_a_name() -> None:
    rule = "{match: '^b2', weight_decay: 0}"
    assert found("LRS305", rule, "b0.0", "b1.1", "b2.1", owner="ParameterList") == [["b1.1"]]
    assert found("LRS305", rule, "b0.0", "b1.0", "b2.1", owner="ParameterList") == []
