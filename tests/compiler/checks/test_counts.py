"""`expect`: how many parameters a rule selects, or settles if it is a fallback (LRS213)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lrspec
from lrspec.diagnostics.diagnostic import Diagnostic

DATA = Path(__file__).parents[2] / "data"
TIED = lrspec.Inventory.from_names(["a.weight", "b.weight", "b.bias"])


def found(rules: list[dict[str, Any]], model: Any, **keys: Any) -> list[Diagnostic]:
    return lrspec.check({"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1e-3}, "rules": rules, **keys}, model)


@pytest.mark.parametrize("expect", [2, [3, 2], [2, 2]])
def test_a_rule_that_selects_as_many_as_expected_is_fine(expect: Any) -> None:
    rules: list[dict[str, Any]] = [{"match": "^b", "lr_mult": 2, "expect": expect}, {"fallback": True, "lr_mult": 1}]
    assert found(rules, TIED) == []


@pytest.mark.parametrize(("expect", "said"), [(3, "not 3"), ([4, 1, 4], "not 4 or 1")])
def test_another_number_is_reported_at_expect_with_what_is_selected(expect: Any, said: str) -> None:
    rules: list[dict[str, Any]] = [
        {"name": "b", "match": "^b", "lr_mult": 2, "expect": expect},
        {"fallback": True, "lr_mult": 1},
    ]
    (finding,) = found(rules, TIED)
    assert (finding.code, finding.name, str(finding.severity)) == ("LRS213", "unexpected-count", "error")
    assert finding.message.startswith(f"rules[0].expect: the rule `b` selects 2 parameters, {said}, as `expect` says\n")
    assert finding.parameters == ("b.weight", "b.bias")
    assert "write `expect: 2`" in finding.message


def test_a_rule_that_selects_nothing_is_unused_and_not_miscounted() -> None:
    rules: list[dict[str, Any]] = [{"match": "^c", "lr_mult": 2, "expect": 1}, {"fallback": True, "lr_mult": 1}]
    assert [finding.code for finding in found(rules, TIED)] == ["LRS203"]
    assert found([{**rules[0], "optional": True}, rules[1]], TIED) == []


def test_a_fallback_counts_what_it_settles() -> None:
    rules: list[dict[str, Any]] = [{"match": "^a", "lr_mult": 2}, {"fallback": True, "lr_mult": 1, "expect": 2}]
    assert found(rules, TIED) == []
    assert [finding.code for finding in found([rules[0], {**rules[1], "expect": 3}], TIED)] == ["LRS213"]
    decay: list[dict[str, Any]] = [
        {"match": "^a", "lr_mult": 2},
        {"fallback": True, "lr_mult": 1, "weight_decay": 0, "expect": 3},
    ]
    assert found(decay, TIED, check={"nothing-to-spare": "ignore", "fallback-beyond-rest": "ignore"}) == []


def test_a_fallback_that_gets_nothing_is_both() -> None:
    rules: list[dict[str, Any]] = [
        {"match": ".", "lr_mult": 2},
        {"match": "^a", "fallback": True, "lr_mult": 1, "expect": 1},
    ]
    findings = found(rules, TIED)
    assert [finding.code for finding in findings] == ["LRS204", "LRS213"]
    assert "0 parameters, not 1" in findings[1].message
    assert findings[1].parameters == ()


def test_tied_parameters_count_once_and_frozen_ones_too() -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 2), "b": torch.nn.Linear(2, 2)})
    model["b"].weight = model["a"].weight
    model["b"].bias.requires_grad_(False)
    rules: list[dict[str, Any]] = [{"name": "all", "match": "^[ab]\\.", "lr_mult": 1, "expect": 3}]
    assert found(rules, model) == []


def test_a_part_of_the_model_is_not_counted_again() -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    rules: list[dict[str, Any]] = [{"match": ".", "lr_mult": 1, "expect": 4}]
    plan = lrspec.compile({"lrspec": 1, "optimizer": {"type": "SGD", "lr": 1e-3}, "rules": rules}, model)
    model[1] = torch.nn.Identity()
    assert [group["param_names"] for group in plan.param_groups(model)] == [["0.weight", "0.bias"]]


EXPERTS: list[dict[str, Any]] = [
    {"name": "experts", "match": r"\.experts\.", "lr_mult": 0.1},
    {"name": "router", "match": r"\.block_sparse_moe\.gate\.", "lr_mult": 0.5, "optional": True},
    {"name": "rest", "fallback": True, "lr_mult": 1},
]
"""Rules of somebody whose next version of transformers fuses the experts and renames the block."""


def test_an_upgrade_that_renames_is_only_seen_by_the_count() -> None:
    """transformers 5 calls Mixtral's `block_sparse_moe` `mlp`: the router falls to the fallback without a word."""
    before = lrspec.Inventory.load(DATA / "mixtral-4.57.params.json")
    after = lrspec.Inventory.load(DATA / "mixtral-5.24.params.json")
    assert found(EXPERTS, before) == found(EXPERTS, after) == []
    counted: list[dict[str, Any]] = [{**EXPERTS[0], "expect": [24, 4]}, EXPERTS[1], {**EXPERTS[2], "expect": 15}]
    assert found(counted, before) == []
    (finding,) = found(counted, after)
    assert finding.code == "LRS213"
    assert "`rest` sets something on 17 parameters, not 15" in finding.message
