"""A diff in JSON, applied to the old plan, gives the new one: of the plan everything that a diff can say."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
from hypothesis import HealthCheck

from lrspec.compiler.compile import attempt
from lrspec.compiler.plan import Plan
from lrspec.formats.json_schema import schema
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter
from lrspec.review.diff.as_json import as_dict
from lrspec.review.diff.diff import Model, Side, diff
from lrspec.review.diff.markdown import markdown
from lrspec.review.diff.plan_file import parse
from lrspec.review.diff.text import text
from lrspec.review.snapshot import of_plan
from lrspec.spec.load import read
from tests.compiler.test_against_bruteforce import attempted
from tests.drawing import drawn
from tests.strategies import inventories, specs

SLOWLY: dict[str, Any] = {"suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
SETTINGS = ("optimizer", "lr", "weight_decay", "options", "schedule", "tags")


def compiled(spec: dict[str, Any], inventory: dict[str, Any]) -> Plan | None:
    return attempted(spec, inventory).plan


def side(plan: Plan) -> Side:
    return Side(plan.path, [Model(plan.inventory.source, plan.inventory.args, of_plan(plan))])


def compared(old: Plan, new: Plan) -> dict[str, Any]:
    found = diff(side(old), side(new))
    assert text(found, 80).splitlines()[0]
    assert len(markdown(found)) < 65_536
    result: dict[str, Any] = json.loads(json.dumps(as_dict(found), allow_nan=False))
    validator().validate(result)
    return result


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema("diff"))


def said(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters of a plan, but for what follows from the rest: their elements, their groups and multiples."""
    rows = [
        {key: value for key, value in row.items() if key not in ("elements", "group")} for row in plan["parameters"]
    ]
    for row in rows:
        if row["layer"]:
            row["layer"] = {key: row["layer"][key] for key in ("rule", "index", "of")}
    return [{"tags": {}, **row} for row in rows]


def exact(value: Any) -> Any:
    """A value in which `true` is not 1, though 1 is 1.0."""
    if isinstance(value, list):
        return [exact(each) for each in value]
    if isinstance(value, dict):
        return {key: exact(each) for key, each in value.items()}
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else [value]


def flat(row: dict[str, Any]) -> dict[str, Any]:
    values = {key: value for key, value in row.items() if key not in ("name", "options", "tags", "set_by")}
    for part in ("options", "tags", "set_by"):
        values.update({f"{part}.{key}": value for key, value in row[part].items()})
    return values


def nested(name: str, values: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "aliases": [], "shape": None, "layer": None}
    row |= {"options": {}, "tags": {}, "set_by": {}}
    for key, value in values.items():
        part, dot, rest = key.partition(".")
        if dot:
            row[part][rest] = value
        elif value is not None or key in ("shape", "layer"):
            row[key] = value
    row["aliases"] = row["aliases"] or []
    return row


def applied(rows: list[dict[str, Any]], model: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters of the old plan, with everything done that a diff says."""
    values = {row["name"]: flat(row) for row in rows}
    away = [*model["gone"], *(name for each in model["fused"] for name in each["old"])]
    for name in (*away, *(each["old"] for each in model["split"])):
        del values[name]
    new_names = {one: other for each in model["renamed"] for one, other in each["parameters"]}
    values = {new_names.get(name, name): each for name, each in values.items()}
    for change in model["changes"]:
        for name in change["parameters"]:
            row = values[name]
            assert {key: row.get(key) or None for key in change["before"]} == {
                key: value or None for key, value in change["before"].items()
            }
            row.update(change["after"])
            values[name] = {key: value for key, value in row.items() if value is not None}
    result = list(values.items())
    new = [
        *model["added"],
        *(each["new"] for each in model["fused"]),
        *(new for e in model["split"] for new in e["new"]),
    ]
    for each in sorted(new, key=lambda each: each["index"]):
        result.insert(each["index"], (each["name"], each["values"]))
    if model["order"]:
        result.sort(key=lambda each: model["order"].index(each[0]))
    return [nested(*each) for each in result]


def groups(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The parameters that train with the same settings, in model order."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["status"] in ("trained", "unmatched"):
            key = json.dumps(exact({key: row.get(key) for key in SETTINGS}), sort_keys=True)
            found.setdefault(key, []).append(row["name"])
    return list(found.values())


def check(old: Plan, new: Plan) -> None:
    result = compared(old, new)
    (model,) = result["models"]
    was, now = json.loads(json.dumps(old.to_dict())), json.loads(json.dumps(new.to_dict()))
    rows = applied(said(was), model)
    assert exact(rows) == exact([nested(row["name"], flat(row)) for row in said(now)])
    if now["groups"] is not None:
        assert groups(rows) == [group["params"] for group in now["groups"]]
    schedules = was.get("schedules", {}) | {each["name"]: each["after"] for each in model["schedules"]}
    assert {name: each for name, each in schedules.items() if each is not None} == now.get("schedules", {})
    assert result["differs"] == (said(was) != said(now) or bool(model["optimizers"] or model["schedules"]))


@drawn(specs(), specs(), inventories(), few=60, many=300, **SLOWLY)
def test_what_a_diff_of_two_specs_says_gives_the_new_plan(
    one: dict[str, Any], other: dict[str, Any], inventory: dict[str, Any]
) -> None:
    old, new = compiled(one, inventory), compiled(other, inventory)
    if old and new:
        check(old, new)


@drawn(specs(), specs(), inventories(), inventories(), few=40, many=200, **SLOWLY)
def test_what_a_diff_of_two_models_says_gives_the_new_plan(
    one: dict[str, Any], other: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = compiled(one, before), compiled(other, after)
    if old and new:
        check(old, new)


@drawn(specs(), inventories(), few=20, many=100, **SLOWLY)
def test_a_spec_differs_neither_from_itself_nor_from_its_plan(spec: dict[str, Any], inventory: dict[str, Any]) -> None:
    plan = compiled(spec, inventory)
    if plan and plan.groups is not None:
        saved = parse(json.dumps(plan.to_dict()), "plan.json")
        assert not diff(side(plan), side(plan))
        assert not diff(side(plan), Side("plan.json", [saved]))


def test_a_first_name_that_is_an_alias_now_is_another_name() -> None:
    def plan(*parameters: Parameter) -> Plan:
        spec = {"lrspec": 1, "optimizer": {"type": "SGD", "lr": 1}, "rules": [{"match": ".", "lr": 1}]}
        result = attempt(read(json.dumps(spec).encode(), "a.json", "json").file(), Inventory(parameters, "", {})).plan
        assert result
        return result

    apart = plan(Parameter("b", shape=(1,)), Parameter("a", shape=(1,)))
    tied = plan(Parameter("a", ("b",), shape=(1,)))
    check(apart, tied)
    check(tied, apart)
