"""Compiling as a whole: the calls of the package, overrides, warnings, and what must hold for any spec and model."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

import lrspec
from lrspec.compiler.compile import attempt
from tests.compiler.test_against_bruteforce import compiled
from tests.drawing import drawn
from tests.strategies import inventories, specs

NAMES = lrspec.Inventory.from_names(["a.weight", "b.weight"])


def load(rules: str, optimizer: str = "{type: AdamW, lr: 1e-2, weight_decay: 0.1}", more: str = "") -> lrspec.SpecFile:
    return lrspec.loads(f"lrspec: 1\noptimizer: {optimizer}\nrules:\n{rules}\n{more}")


def settings_of(plan: lrspec.Plan) -> dict[str, tuple[float | None, float | None]]:
    return {planned.name: (planned.settings.lr, planned.settings.weight_decay) for planned in plan.parameters}


def test_a_path_works_as_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "x.lrspec.yaml"
    path.write_text("lrspec: 1\nrules: [{match: '^[ab]', lr: 1}]")
    assert lrspec.compile(path, NAMES) == lrspec.compile(str(path), NAMES)
    assert lrspec.compile(path, NAMES) == lrspec.compile(lrspec.load(path), NAMES)
    assert lrspec.check(path, NAMES) == []
    with pytest.raises(FileNotFoundError):
        lrspec.compile(tmp_path / "none.yaml", NAMES)


def test_a_spec_that_is_wrong_raises_its_report() -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.loads("lrspec: 1\nrules: [{match: a, lr: '1'}]", path="mine.yaml")
    assert caught.value.plan is None
    assert [found.code for found in caught.value.diagnostics] == ["LRS104"]
    assert str(caught.value).startswith("mine.yaml:2:24: error LRS104 invalid-value: ")


def test_a_spec_that_does_not_fit_raises_with_the_plan_so_far(recwarn: pytest.WarningsRecorder) -> None:
    file = load("  - {name: a, match: '^a', lr: 1e-3}")
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.compile(file, NAMES)
    assert [found.name for found in caught.value.diagnostics] == ["unmatched-parameter"]
    assert caught.value.diagnostics[0].parameters == ("b.weight",)
    assert caught.value.plan is not None
    assert caught.value.plan.groups is None
    assert [planned.status.value for planned in caught.value.plan.parameters] == ["trained", "unmatched"]
    assert lrspec.check(file, NAMES) == list(caught.value.diagnostics)
    assert not recwarn


def test_check_returns_what_is_wrong_with_the_document(tmp_path: Path) -> None:
    path = tmp_path / "x.lrspec.json"
    path.write_text("{")
    assert [found.code for found in lrspec.check(path, NAMES)] == ["LRS101"]


def test_warnings_reach_the_caller_by_the_plan_and_one_by_one(recwarn: pytest.WarningsRecorder) -> None:
    plan = lrspec.compile(load("  - {name: a, match: '^a', lr: 3}\n  - {name: b, match: '^b', lr: 0}"), NAMES)
    assert [found.code for found in plan.diagnostics] == ["LRS304", "LRS303"]
    assert [str(warning.message) for warning in recwarn] == list(map(str, plan.diagnostics))
    assert {(warning.category, warning.filename) for warning in recwarn} == {(lrspec.SpecWarning, __file__)}
    assert str(recwarn[0].message).startswith("<text>:4:32: warning LRS304 large-value: the learning rate of 1 para")


def test_lr_and_weight_decay_replace_the_optimizers_and_leave_absolute_values() -> None:
    rules = "  - {match: '^a', lr_mult: 0.5, weight_decay_mult: 2}\n  - {match: '^b', lr: 0.25, weight_decay: 0.5}"
    plan = lrspec.compile(load(rules), NAMES, lr=1, weight_decay=0.25)
    assert settings_of(plan) == {"a.weight": (0.5, 0.5), "b.weight": (0.25, 0.5)}
    assert settings_of(lrspec.compile(load(rules), NAMES))["a.weight"] == (0.005, 0.2)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 10**400, True])
def test_overrides_must_be_finite_and_not_negative(value: Any) -> None:
    with pytest.raises(ValueError, match="lr: expected a finite number of at least 0"):
        lrspec.compile(load("  - {match: '^[ab]', lr_mult: 1}"), NAMES, lr=value)


@pytest.mark.parametrize("value", ["1", [1]])
def test_overrides_must_be_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match="lr: expected a finite number"):
        lrspec.compile(load("  - {match: '^[ab]', lr_mult: 1}"), NAMES, lr=value)


def test_there_is_no_third_format() -> None:
    with pytest.raises(ValueError, match="format: expected 'yaml' or 'json', found 'toml'"):
        lrspec.loads("", "toml")  # type: ignore[arg-type]


def test_rates_are_multiplied_in_the_order_that_the_language_gives() -> None:
    spec = lrspec.loads(
        "lrspec: 1\noptimizer: {lr: 0.003}\nrules:\n  - {name: l, layers: ['^a', '^b'], layer_decay: 0.7}\n"
        "  - {match: '^[ab]', lr_mult: 0.3}\n  - {match: '^[ab]', lr_scale: 3}"
    )
    in_order = 0.003 * 0.3 * 0.7 * 3
    assert in_order not in (0.003 * 0.3 * (0.7 * 3), 0.003 * 0.3 * 3 * 0.7, 0.003 * (0.3 * 0.7) * 3)
    assert settings_of(lrspec.compile(spec, NAMES))["a.weight"][0] == in_order


def test_a_timer_of_the_program_goes_on_after_a_compile() -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1000, 7)
    try:
        lrspec.compile(load("  - {match: '^[ab]', lr_mult: 1}"), NAMES)
        left, interval = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 900 < left <= 1000
    assert interval == 7


def test_a_rule_called_unmatched_has_a_group_of_its_own() -> None:
    file = load("  - {name: unmatched, match: '^a', lr: 1}", more="check: {unmatched-parameter: ignore}")
    plan = lrspec.compile(file, NAMES)
    assert plan.groups is not None
    assert [group.name for group in plan.groups] == ["unmatched", "unmatched-2"]


def test_what_nothing_sets_is_left_to_the_optimizer() -> None:
    plan = lrspec.compile(load("  - {match: '^a', lr: 1}\n  - {match: '^b', lr_mult: 1}", "{lr: 0.5}"), NAMES)
    assert settings_of(plan) == {"a.weight": (1.0, None), "b.weight": (0.5, None)}
    assert plan.groups is not None
    assert plan.groups[0].settings.group_keys() == {"lr": 1.0}


def test_a_setting_of_zero_is_not_taken_for_none() -> None:
    plan = lrspec.compile(load("  - {match: '^[ab]', lr: 0, weight_decay: 0}"), NAMES)
    assert settings_of(plan)["a.weight"] == (0.0, 0.0)


@pytest.mark.parametrize("check", ["check: {unmatched-parameter: warning}", "check: {unmatched-parameter: ignore}"])
def test_lowered_unmatched_parameters_train_at_what_the_optimizer_says(check: str) -> None:
    plan = lrspec.compile(load("  - {name: a, match: '^a', lr: 1e-3}", more=check), NAMES)
    assert plan.groups is not None
    assert [(group.name, group.settings.lr) for group in plan.groups] == [("a", 1e-3), ("unmatched", 1e-2)]
    assert plan.parameters[1].status is lrspec.Status.unmatched


def test_a_rules_check_beats_the_specs() -> None:
    file = load(
        "  - {name: a, match: '^[ab]', lr: 0.03}\n"
        "  - {name: b, match: '^a', lr: 0.05, check: {overlapping-rules: ignore}}\n"
        "  - {name: c, match: '^b', lr: 0.05, check: {shadowed-rule: warning}}",
        more="check: {overlapping-rules: warning, shadowed-rule: ignore}",
    )
    plan = lrspec.compile(file, NAMES)
    found = [(each.code, each.rule, each.severity.value) for each in plan.diagnostics]
    assert found == [("LRS204", "c", "warning"), ("LRS202", "c", "warning")]
    assert settings_of(plan)["a.weight"][0] == 0.03  # of overlapping settings the first holds


def test_findings_come_in_the_order_of_their_places_then_of_their_codes() -> None:
    rules = "  - {name: a, match: '^a', lr: 1e-3}\n  - {name: c, match: ['^a', '^x'], lr: 2}\n  - {match: '^y', lr: 1}"
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.compile(load(rules), NAMES)
    places = [(each.line, each.column, each.code) for each in caught.value.diagnostics]
    assert places == sorted(places)
    assert [code for *_, code in places] == ["LRS201", "LRS204", "LRS205", "LRS202", "LRS203"]


def test_group_names_are_padded_to_the_highest_layer() -> None:
    names = lrspec.Inventory.from_names([f"b.{number}" for number in range(11)])
    plan = lrspec.compile(load(r"  - {name: l, layers: '^b\.(\d+)$', layer_decay: 0.5}"), names)
    assert plan.groups is not None
    assert [group.name for group in plan.groups][::5] == ["l.00", "l.05", "l.10"]


def test_equal_settings_share_a_group_whoever_set_them() -> None:
    rules = "  - {name: x, match: '^a', lr_mult: 0.5}\n  - {name: y, match: '^b', lr: 0.005}"
    plan = lrspec.compile(load(rules), NAMES)
    assert plan.groups is not None
    assert [(group.name, group.params) for group in plan.groups] == [("x", ("a.weight", "b.weight"))]


def test_the_plan_names_spec_and_model() -> None:
    content = lrspec.compile(load("  - {match: '^[ab]', lr: 1}"), NAMES).to_dict()
    assert list(content) == ["lrspec_plan", "spec", "model", "groups", "parameters", "diagnostics"]
    assert len(content["spec"]["sha256"]) == 64
    assert content["model"]["fingerprint"] == NAMES.fingerprint


# ------------------------------------------------------------------------------------------ whatever the spec


@drawn(specs(fitting=True), inventories(), few=50, many=300)
def test_every_trainable_parameter_is_in_one_group_or_in_a_finding(spec: dict[str, Any], inventory: Any) -> None:
    plan = compiled(spec, inventory)
    grouped = [name for group in plan.groups or () for name in group.params]
    assert len(grouped) == len(set(grouped))
    trainable = {p.name for p in plan.parameters if p.status.trains}
    named = {name for found in plan.diagnostics if found.code == "LRS201" for name in found.parameters}
    unmatched = {p.name for p in plan.parameters if p.status is lrspec.Status.unmatched}
    if plan.groups is None:
        assert any(found.severity is lrspec.Severity.error for found in plan.diagnostics)
    else:
        assert set(grouped) == trainable
    assert named in (unmatched, set())  # empty where the spec ignores them
    assert len({group.settings for group in plan.groups or ()}) == len(plan.groups or ())
    assert len({group.name for group in plan.groups or ()}) == len(plan.groups or ())


@drawn(specs(fitting=True), inventories(), few=25, many=100)
def test_compiling_twice_gives_the_same_bytes(spec: dict[str, Any], inventory: Any) -> None:
    first, again = (json.dumps(compiled(spec, inventory).to_dict(), allow_nan=False) for _ in range(2))
    assert first == again


@drawn(specs(), inventories(), few=50, many=100)
def test_places_of_findings_lie_in_the_spec(spec: dict[str, Any], inventory: Any) -> None:
    text = json.dumps(spec, indent=1)
    file = lrspec.loads(text, "json")
    lines = text.split("\n")
    parameters = tuple(lrspec.Parameter(each["name"], (), tuple(each["shape"])) for each in inventory["parameters"])
    for found in attempt(file, lrspec.Inventory(parameters)).diagnostics:
        assert 1 <= found.column <= len(lines[found.line - 1])
        assert (found.line, found.column) < (found.end_line, found.end_column)
        assert found.end_column <= len(lines[found.end_line - 1]) + 1
