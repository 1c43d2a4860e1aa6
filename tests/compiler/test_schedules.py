"""Schedules in plans: who has which, what tells groups apart, and schedules that nothing has."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

import lrspec
from lrspec.cli import run
from lrspec.formats.json_schema import schema

NAMES = ("embed.weight", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias", "head.weight")


def inventory(*frozen: str) -> lrspec.Inventory:
    return lrspec.Inventory(
        tuple(
            lrspec.Parameter(name, (), (4,) if name.endswith("bias") else (4, 2), name not in frozen, ("Linear",))
            for name in NAMES
        )
    )


MAIN = [{"until": "5%", "from": 0}, {"to": 0.1, "shape": "cosine"}]
LATE = [{"until": 100, "from": 0, "to": 0}, {}]
ALL = {"name": "all", "fallback": True, "lr_mult": 1}


def spec(*rules: dict[str, Any], schedules: Any = None, **more: Any) -> dict[str, Any]:
    schedules = {"main": MAIN, "late": LATE} if schedules is None else schedules
    return {
        "lrspec": 1,
        "optimizer": {"type": "SGD", "lr": 0.1},
        "schedules": schedules,
        "rules": [*rules, ALL],
        **more,
    }


def codes(spec: dict[str, Any], *frozen: str) -> list[str]:
    return [found.code for found in lrspec.check(spec, inventory(*frozen))]


EMBED = {"name": "embed", "match": "^embed", "schedule": "late"}
BLOCKS = {"name": "blocks", "match": "^blocks", "schedule": "late"}


def test_the_first_is_for_all_that_no_rule_gives_another() -> None:
    plan = lrspec.compile(spec(EMBED), inventory())
    assert [planned.settings.schedule for planned in plan.parameters] == ["late"] + ["main"] * 5
    assert [planned.set_by.get("schedule") for planned in plan.parameters] == ["embed"] + [None] * 5


def test_groups_differ_by_the_name_of_their_schedule() -> None:
    assert len(lrspec.compile(spec(schedules={"main": MAIN}), inventory()).groups or ()) == 1
    assert [group.name for group in lrspec.compile(spec(EMBED), inventory()).groups or ()] == ["embed/all", "all"]
    same = lrspec.compile(spec(EMBED, schedules={"main": MAIN, "late": MAIN}), inventory())
    assert len(same.groups or ()) == 2, "by name, whatever the two say"


def test_without_schedules_nothing_has_one() -> None:
    text = {"lrspec": 1, "optimizer": {"type": "SGD", "lr": 0.1}, "rules": [ALL]}
    written = lrspec.compile(text, inventory()).to_dict()
    assert "schedules" not in written
    assert all("schedule" not in item for item in [*written["groups"], *written["parameters"]])


def test_a_schedule_decides_nothing() -> None:
    rules = spec(EMBED)
    del rules["rules"][1]
    assert codes(rules) == ["LRS201"]


def test_two_rules_that_set_it_overlap_as_those_of_weight_decay_do() -> None:
    other = {"name": "again", "match": "weight", "schedule": "main"}
    assert codes(spec(EMBED, other)) == ["LRS202"]
    assert codes(spec(EMBED, {**other, "schedule": "late"})) == ["LRS209"]


def test_a_fallback_sets_it_only_where_it_is_unset() -> None:
    plan = lrspec.compile(
        spec(EMBED, {"name": "rest", "match": ".", "fallback": True, "schedule": "main"}), inventory()
    )
    assert [planned.set_by["schedule"] for planned in plan.parameters] == ["embed"] + ["rest"] * 5


def test_a_rule_for_frozen_parameters_only_is_told() -> None:
    assert codes(spec(EMBED, BLOCKS), "embed.weight") == ["LRS206"]


def test_a_schedule_that_no_rule_names_is_unused() -> None:
    (found,) = lrspec.check(spec(), inventory())
    assert (found.code, found.severity, found.rule, found.parameters) == ("LRS215", "error", None, ())
    assert "no trained parameter has the schedule `late`, and no rule names it" in found.message


def test_the_first_is_unused_where_nothing_that_trains_is_left_for_it() -> None:
    everything = {"name": "everything", "match": ".", "schedule": "late"}
    assert codes(spec(everything)) == ["LRS215"]
    most = {**everything, "exclude": "^embed"}
    assert codes(spec(most)) == []
    assert codes(spec(most), "embed.weight") == ["LRS215"], "what the model has frozen does not count"
    assert codes(spec({"name": "no", "match": "^embed", "freeze": True}, most)) == ["LRS215"]
    assert codes(spec(most, {"name": "named", "match": "^embed", "schedule": "main"})) == []


def test_what_trains_because_a_finding_was_lowered_counts() -> None:
    everything = {"name": "blocks", "match": "^(blocks|head)", "schedule": "late", "lr_mult": 1}
    lowered = {**spec(check={"unmatched-parameter": "warning"}), "rules": [everything]}
    assert codes(lowered) == ["LRS201"]


def test_an_unused_schedule_may_be_kept() -> None:
    assert codes(spec(check={"unused-schedule": "ignore"})) == []
    (found,) = lrspec.check(spec(check={"unused-schedule": "warning"}), inventory())
    assert (found.code, found.severity) == ("LRS215", "warning")


def test_the_plan_has_the_schedules_as_written_with_what_was_left_out() -> None:
    late = [{"until": "10.0%", "to": 2}, {"until": 5, "shape": "inverse_sqrt"}, {"from": 3, "shape": {"power": 2}}]
    written = lrspec.compile(spec(EMBED, schedules={"main": MAIN, "late": late}), inventory()).to_dict()
    assert written["schedules"] == {
        "main": [
            {"until": "5%", "from": 0, "to": 1, "shape": "linear"},
            {"to": 0.1, "shape": "cosine"},
        ],
        "late": [
            {"until": "10.0%", "to": 2, "shape": "linear"},
            {"until": 5, "shape": "inverse_sqrt"},
            {"from": 3, "to": 1, "shape": {"power": 2}},
        ],
    }
    jsonschema.Draft202012Validator(schema("plan")).validate(written)


def test_frozen_parameters_have_theirs_as_resolved() -> None:
    frozen = ("blocks.0.weight", "head.weight")
    written = lrspec.compile(spec({**BLOCKS, "match": r"^blocks\.0"}), inventory(*frozen)).to_dict()
    schedules = {item["name"]: item["schedule"] for item in written["parameters"]}
    assert [schedules[name] for name in frozen] == ["late", "main"]


def test_with_steps_the_plan_has_rates_at_three_of_them() -> None:
    plan = lrspec.compile(spec(EMBED), inventory())
    written = plan.to_dict(1000)
    assert written["steps"] == 1000
    assert [group["lr_at"] for group in written["groups"]] == [
        {str(step): plan.rates_at(step, 1000)[group.name] for step in (0, 500, 999)} for group in plan.groups or ()
    ]
    assert written["groups"][0]["lr_at"] == {
        "0": 0.0,
        "500": pytest.approx(0.1 * 4 / 9),
        "999": pytest.approx(0.1, rel=0.01),
    }
    jsonschema.Draft202012Validator(schema("plan")).validate(written)
    assert "steps" not in plan.to_dict()
    assert list(plan.to_dict(1)["groups"][0]["lr_at"]) == ["0"]


def test_a_group_without_a_rate_has_none_at_any_step() -> None:
    rules = [{"name": "all", "match": ".", "freeze": False}]
    text = {"lrspec": 1, "schedules": {"main": MAIN}, "rules": rules, "check": {"unmatched-parameter": "ignore"}}
    plan = lrspec.compile(text, inventory())
    assert plan.rates_at(0, 10) == {"all": None}
    assert "lr_at" not in plan.to_dict(10)["groups"][0]


@pytest.fixture
def folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lrspec.json").write_text(json.dumps(spec(EMBED)))
    (tmp_path / "m.params.json").write_text(json.dumps(inventory("head.weight").to_dict()))
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run([*words, "--params", "m.params.json"]) == 0
    return capsys.readouterr().out


def test_the_table_has_schedules_and_rates_at_steps(folder: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "compile", "a.lrspec.json").splitlines()
    assert lines[-2:] == [
        "schedule main: [{until: 5%, from: 0}, {to: 0.1, shape: cosine}]",
        "schedule late: [{until: 100, from: 0, to: 0}, {}]",
    ]
    with_steps = shown(capsys, "compile", "a.lrspec.json", "--steps", "2000").splitlines()
    assert "schedule main: [{until: 100, from: 0}, {to: 0.1, shape: cosine}]" in with_steps
    assert re.search(r"schedule +at step 0 +at step 1,000 +at step 1,999$", with_steps[2])
    ours, frozen = (re.split(r"  +", line.strip()) for line in with_steps[4:6])
    assert ours[-4:] == ["main (×4), late (×1)", "0", "0.0473684 … 0.0587161", "0.0100001 … 0.0999474"]
    assert frozen[-1] == "frozen", "and nothing more"


def test_a_run_that_is_too_short_is_told_below_the_table(folder: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "compile", "a.lrspec.json", "--steps", "100").splitlines()
    assert lines[-1].endswith("segment 2 is empty: it begins at step 100 and would end at step 100")


def test_steps_are_at_least_one(folder: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compile", "a.lrspec.json", "--params", "m.params.json", "--steps", "0"]) == 2
    assert "--steps" in capsys.readouterr().err


def test_json_has_the_steps(folder: Any, capsys: pytest.CaptureFixture[str]) -> None:
    written = json.loads(shown(capsys, "compile", "a.lrspec.json", "--steps", "10", "--format", "json"))
    assert written["steps"] == 10
    assert list(written["groups"][0]["lr_at"]) == ["0", "5", "9"]


def test_explain_says_which_schedule_and_why(folder: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "explain", "a.lrspec.json", "embed.weight")
    assert "  × schedule      late (schedule of embed): [{until: 100, from: 0, to: 0}, {}]" in text
    assert "sets the schedule to 'late'" in text
    text = shown(capsys, "explain", "a.lrspec.json", "blocks.0.bias")
    assert "  × schedule      main (the default): [{until: 5%, from: 0}, {to: 0.1, shape: cosine}]\n" in text
