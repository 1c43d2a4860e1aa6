"""The compiler, held against a brute-force reading of the language that was written apart from it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

import lrspec
from lrspec.compiler.compile import Outcome, attempt
from lrspec.diagnostics.codes import ADJUSTABLE
from lrspec.spec.load import read as read_spec
from tests.bruteforce import Finding, Reading, ReadParameter, read
from tests.bruteforce_schedules import factor
from tests.compiler.collisions import COLLISIONS
from tests.drawing import drawn
from tests.strategies import inventories, specs

OF_RULES = (216, *range(307, 313), *range(317, 320))
JUDGED = {f"LRS{number}" for number in (104, 106, *range(201, 208), *range(209, 216), *OF_RULES)}
UNIONS = ("LRS303", "LRS304")


def compiled(spec: dict[str, Any], inventory: dict[str, Any]) -> lrspec.Plan:
    plan = attempted(spec, inventory).plan
    assert plan is not None
    return plan


def attempted(spec: dict[str, Any], inventory: dict[str, Any]) -> Outcome:
    file = read_spec(json.dumps(spec).encode(), "spec.json", "json").file()
    loaded = lrspec.Inventory(
        tuple(
            lrspec.Parameter(
                each["name"],
                tuple(each["aliases"]),
                tuple(each["shape"]),
                each["requires_grad"],
                tuple(each["module"]),
                tuple(tuple(owner) for owner in each["alias_modules"]),
                tuple(each["declared"]),
            )
            for each in inventory["parameters"]
        )
    )
    return attempt(file, loaded)


LOSING_FREEZE: dict[str, Any] = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 0.1},
    "rules": [
        {"name": "a", "match": "^a", "freeze": False},
        {"name": "b", "match": "^a", "freeze": True, "check": {"shadowed-rule": "ignore"}},
        {"name": "c", "fallback": True, "lr": 1},
    ],
    "check": {"overlapping-rules": "ignore"},
}
FALLBACK_BEHIND_A_FREEZE: dict[str, Any] = {
    "lrspec": 1,
    "optimizers": {"x": {"type": "AdamW", "lr": 0.1}, "y": {"type": "SGD", "lr": 1}},
    "rules": [{"match": "a", "freeze": True}, {"match": "a", "fallback": True, "lr_mult": 1}],
}
ONE_PARAMETER: dict[str, Any] = {
    "parameters": [
        {
            "name": "a",
            "aliases": [],
            "shape": [1],
            "requires_grad": True,
            "module": ["A"],
            "alias_modules": [],
            "declared": [],
        }
    ]
}


TIED_IN_A_JOIN: dict[str, Any] = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 0.1},
    "rules": [
        {"layers": ["^x", {"join": [r"^t(\d+)", "^e"]}], "layer_decay": 0.5, "optional": True},
        {"fallback": True, "lr": 1},
    ],
}
TIED: dict[str, Any] = {
    "parameters": [
        {**ONE_PARAMETER["parameters"][0], "name": "e", "aliases": ["t2"], "alias_modules": [["A"]]},
        {**ONE_PARAMETER["parameters"][0], "name": "t1"},
    ]
}


EQUAL_AND_NOT_THE_SAME: dict[str, Any] = {
    "lrspec": 1,
    "optimizer": {"type": "package.Own", "lr": 0.1},
    "rules": [
        {"match": "^e", "lr": 1, "exclude": "^t1", "options": {"amsgrad": 1}},
        {"match": "^t1", "lr": 1, "options": {"amsgrad": True}},
    ],
}


BLOCKS_AND_TRANSITIONS: dict[str, Any] = {
    "parameters": [
        {**ONE_PARAMETER["parameters"][0], "name": name}
        for name in (
            *("transition1.weight", "b1.layer1.w", "b1.scale", "b1.layer2.w", "transition3.weight"),
            *("b2.layer1.w", "transition2.weight", "b2.layer2.w", "b3.layer1.w", "head"),
        )
    ]
}


def with_transitions(**to: str) -> dict[str, Any]:
    """A ladder of blocks in which each transition shares a layer of the block with its number."""
    layers = [r"^b(\d+)\.layer(\d+)\.", {"join": [r"^transition(\d+)\.", r"^b(\d+)\.scale$"], **to}, "^head"]
    rules = [{"layers": layers, "layer_decay": 0.5, "fallback": True}]
    return {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 0.1}, "rules": rules}


def rules(*listed: dict[str, Any], **optimizer: Any) -> dict[str, Any]:
    """A spec with an AdamW, unless the optimizer is another."""
    return {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1e-3, **optimizer}, "rules": list(listed)}


EVERY: dict[str, Any] = {"match": "^.+$", "lr_mult": 1}
FROZEN_TWICE = rules({"match": "^e", "freeze": True}, {"match": "^[et]", "lr_mult": 1})
OPTIONAL_AND_FROZEN = rules({"match": "^t1", "lr_mult": 1, "optional": True}, {"match": "^e", "lr_mult": 1})
RATES = [
    rules({"match": "^t1", "lr": rate}, {"fallback": True, "lr_mult": 1}, type=kind, lr=0.01)
    for rate, kind in ((0.1, "Adam"), (0.1, "SGD"), (0.3, "Adam"), (0.2, "NAdam"))
]
MULTIPLES = [
    rules({"match": "^t1", "lr_mult": 1e-3, "weight_decay_mult": 0.05}, {"fallback": True, "lr": 1}, weight_decay=decay)
    for decay in (0.05, 0)
]
BEYOND = [
    rules({"match": "^t1", "lr_mult": 1}, {"fallback": True, "lr_mult": 0.1, **more}, type="SGD")
    for more in ({"weight_decay": 0.1}, {"weight_decay": 0}, {"lr_scale": 1}, {"options": {"momentum": 0.9}})
]
SPARED = [
    rules({"where": {"ndim": 1}, "weight_decay": 0}, EVERY, type="SGD"),
    rules({"where": {"ndim": [1]}, "weight_decay": 0}, {"fallback": True, "lr": 1, "weight_decay": 0.1}, type="SGD"),
    rules({"match": "^t", "where": {"ndim": [1]}, "weight_decay": 0}, EVERY),
    rules({"where": {"ndim": [0, 1]}, "weight_decay": 0}, EVERY, type="timm:lamb"),
]
SCALARS: dict[str, Any] = {
    "parameters": [
        {**TIED["parameters"][0], "shape": [2]},
        {**ONE_PARAMETER["parameters"][0], "name": "t1", "shape": []},
        {**ONE_PARAMETER["parameters"][0], "name": "x", "shape": []},
    ]
}
FROZEN: dict[str, Any] = {
    "parameters": [TIED["parameters"][0], {**TIED["parameters"][1], "shape": [2], "requires_grad": False}]
}
OF_VALUES = [*RATES, *MULTIPLES, *BEYOND, *SPARED, FROZEN_TWICE, OPTIONAL_AND_FROZEN]


@drawn(
    specs(),
    inventories(),
    few=150,
    many=600,
    examples=[
        (LOSING_FREEZE, ONE_PARAMETER),
        (FALLBACK_BEHIND_A_FREEZE, ONE_PARAMETER),
        (TIED_IN_A_JOIN, TIED),
        (EQUAL_AND_NOT_THE_SAME, TIED),
        (with_transitions(), BLOCKS_AND_TRANSITIONS),
        (with_transitions(to="first"), BLOCKS_AND_TRANSITIONS),
        *((spec, inventory) for spec in OF_VALUES for inventory in (TIED, SCALARS, FROZEN)),
        *COLLISIONS,
    ],
)
def test_the_compiler_says_what_the_brute_force_reading_says(spec: dict[str, Any], inventory: dict[str, Any]) -> None:
    outcome, reading = attempted(spec, inventory), read(spec, inventory)
    assert _findings(outcome) == _read_findings(reading)
    assert (outcome.plan is None) == (not reading.parameters)
    if outcome.plan:
        compare(outcome.plan, reading)
        compare_in_json(spec, outcome.plan.to_dict(), reading)
        compare_rates(spec, outcome.plan, reading)


UNMATCHED_NAMES: dict[str, Any] = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 0.1},
    "rules": [
        {"name": "unmatched", "match": "^a$", "lr": 1},
        {"name": "unmatched-2", "match": "^b$", "lr": 2},
        {"name": "rule-9", "match": "^d$", "lr": 3},
    ],
    "check": {"unmatched-parameter": "warning"},
}


def called(names: str) -> dict[str, Any]:
    """Parameters, each called by a letter."""
    return {"parameters": [{**ONE_PARAMETER["parameters"][0], "name": name} for name in names]}


@drawn(
    specs(),
    inventories(),
    few=75,
    many=300,
    examples=[(UNMATCHED_NAMES, called("abcd")), (UNMATCHED_NAMES, called("dcba"))],
)
def test_every_trained_parameter_is_in_one_group_whatever_rules_are_called(
    spec: dict[str, Any], inventory: dict[str, Any]
) -> None:
    lowered = dict.fromkeys(ADJUSTABLE, "warning")
    rules = [{key: value for key, value in rule.items() if key != "check"} for rule in spec["rules"]]
    plan = attempted({**spec, "rules": rules, "check": lowered}, inventory).plan
    if plan is None:
        return
    assert plan.groups is not None
    grouped = Counter(name for group in plan.groups for name in group.params)
    assert grouped == Counter(each.name for each in plan.parameters if each.status.trains)
    assert len({group.name for group in plan.groups}) == len(plan.groups)


def compare(plan: lrspec.Plan, reading: Reading) -> None:
    assert _parameters(plan) == _read_parameters(reading)
    for code in UNIONS:
        assert _names_under(code, plan) == {name for f in reading.findings if f.code == code for name in f.parameters}
    assert _groups(plan) == _read_groups(reading)


def compare_in_json(spec: dict[str, Any], made: dict[str, Any], reading: Reading) -> None:
    """Thawing, schedules and tags, as text, in which `true` is not `1`; absent where the spec has none."""
    keys = [key for key in ("schedule", "tags") if key in _said(spec)]
    assert [_parts(each) for each in made["parameters"]] == [
        _parts({key: getattr(each, key) for key in keys} | _until(each)) for each in reading.parameters
    ]
    assert [_parts(each) for each in made["groups"] or ()] == [
        _parts({key: getattr(each, key) for key in keys}) for each in reading.groups or ()
    ]
    filled = {name: [_filled(segment) for segment in segments] for name, segments in spec.get("schedules", {}).items()}
    assert made.get("schedules", {}) == filled


def compare_rates(spec: dict[str, Any], plan: lrspec.Plan, reading: Reading) -> None:
    """The rates of all groups at some steps, each by its own schedule."""
    if "schedules" not in spec or reading.groups is None:
        return
    for step, steps in ((0, 1), (7, 50), (40, 50), (49, 50), (130, 120)):
        assert plan.rates_at(step, steps) == {
            group.name: None
            if group.lr is None
            else pytest.approx(group.lr * factor(spec["schedules"][group.schedule], step, steps), rel=1e-12, abs=1e-15)
            for group in reading.groups
        }


def _said(spec: dict[str, Any]) -> set[str]:
    return {key for rule in spec["rules"] for key in rule} | ({"schedule"} if "schedules" in spec else set())


def _parts(made: dict[str, Any]) -> str:
    parts = {key: made[key] for key in ("frozen_until", "schedule", "tags") if key in made}
    return json.dumps(parts, sort_keys=True)


def _until(parameter: ReadParameter) -> dict[str, Any]:
    return {} if parameter.frozen_until is None else {"frozen_until": parameter.frozen_until}


def _filled(segment: dict[str, Any]) -> dict[str, Any]:
    """A segment with `to`, which `inverse_sqrt` takes none of, and `shape`."""
    end = {} if segment.get("shape") == "inverse_sqrt" else {"to": 1}
    return {"shape": "linear", **end, **segment}


def _parameters(plan: lrspec.Plan) -> list[Any]:
    return [
        (
            planned.name,
            planned.status.value,
            planned.settings.optimizer,
            planned.settings.lr,
            planned.settings.weight_decay,
            dict(planned.settings.options),
            planned.set_by,
            planned.layer.to_dict() if planned.layer else None,
        )
        for planned in plan.parameters
    ]


def _read_parameters(reading: Reading) -> list[Any]:
    return [
        (p.name, p.status, p.optimizer, p.lr, p.weight_decay, dict(p.options), dict(p.set_by), p.layer)
        for p in reading.parameters
    ]


def _findings(outcome: Outcome) -> Counter[Any]:
    found = (f for f in outcome.diagnostics if f.code in JUDGED)
    return Counter((f.code, f.severity.value, f.rule, f.parameters) for f in found)


def _read_findings(reading: Reading) -> Counter[Any]:
    found: list[Finding] = [f for f in reading.findings if f.code in JUDGED]
    return Counter((f.code, f.severity, f.rule, f.parameters) for f in found)


def _names_under(code: str, plan: lrspec.Plan) -> set[str]:
    return {name for found in plan.diagnostics if found.code == code for name in found.parameters}


def _groups(plan: lrspec.Plan) -> list[Any] | None:
    if plan.groups is None:
        return None
    return [
        (g.name, g.settings.optimizer, g.settings.lr, g.settings.weight_decay, dict(g.settings.options), g.params)
        for g in plan.groups
    ]


def _read_groups(reading: Reading) -> list[Any] | None:
    if reading.groups is None:
        return None
    return [(g.name, g.optimizer, g.lr, g.weight_decay, dict(g.options), tuple(g.params)) for g in reading.groups]
