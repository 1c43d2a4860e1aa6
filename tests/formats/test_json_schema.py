"""The JSON Schemas: committed as they are generated, and true of what is accepted, refused and written."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

import lrspec
from lrspec.address import SITE
from lrspec.formats.json_schema import FILES, Format, schema, schema_text
from lrspec.spec.language import RULE_NAME
from lrspec.spec.load import read, read_file
from lrspec.spec.torch_optim import ARGUMENTS, SPELLINGS
from tests.drawing import drawn
from tests.strategies import changed_specs, specs
from tests.test_golden import FAULTY, spec_of

ROOT = Path(__file__).parents[2]


def accepted() -> list[Path]:
    """The specs of examples and golden cases that are right in themselves."""
    folders = ("examples", "tests/golden", "tests/timm_layer_decay")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.lrspec.*"))]
    return [path for path in paths if read_file(path).spec is not None]


ACCEPTED = accepted()


@cache
def validator(format: Format) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(format))


def valid(format: Format, value: Any) -> bool:
    return bool(validator(format).is_valid(value))


@pytest.mark.parametrize("format", FILES)
def test_the_committed_schema_is_the_generated_one(format: Format, update: bool) -> None:
    path = ROOT / "schemas" / FILES[format]
    if update:
        path.write_text(schema_text(format), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == schema_text(format)


@pytest.mark.parametrize("format", FILES)
def test_each_schema_is_valid_json_schema(format: Format) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(format))
    assert schema(format)["$id"] == f"{SITE}/schemas/{FILES[format]}"


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_accepted_spec_is_valid(path: Path) -> None:
    validator("spec").validate(read_file(path).document.value)


def test_there_are_accepted_specs() -> None:
    assert len(ACCEPTED) > 100


def base(**rule: Any) -> dict[str, Any]:
    return {"lrspec": 1, "optimizer": {"type": "SGD", "lr": 1}, "rules": [rule]}


def typed(name: str, **options: Any) -> dict[str, Any]:
    return {"lrspec": 1, "optimizer": {"type": name, **options}, "rules": [{"match": "a", "lr": 1}]}


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_a_class_with_its_module_is_valid_with_its_arguments(name: str) -> None:
    (option,) = sorted(ARGUMENTS[name] & {"betas", "eps", "etas", "maximize", "momentum"})[:1]
    value = {"betas": [0.9, 0.99], "etas": [0.5, 1.2], "maximize": True}.get(option, 0.5)
    for spelling in SPELLINGS[name]:
        spec = typed(spelling, **{option: value})
        assert valid("spec", spec)
        lrspec.load(spec)


REFUSED: dict[str, dict[str, Any]] = {
    "no version": {"rules": [{"match": "a", "lr": 1}]},
    "no rules": {"lrspec": 1},
    "empty rules": {"lrspec": 1, "rules": []},
    "unknown key": base(match="a", lrr=1),
    "quoted number": base(match="a", lr="1e-3"),
    "null": base(match="a", lr=None),
    "negative": base(match="a", lr=-1),
    "match and layers": base(match="a", layers="b", layer_decay=0.5),
    "lr and lr_mult": base(match="a", lr=1, lr_mult=1),
    "weight_decay twice": base(match="a", weight_decay=1, weight_decay_mult=1),
    "a gap first": base(layers=[{"gap": 1}, "a"], layer_decay=0.5),
    "keys of two kinds of entries": base(layers=["a", {"join": "b", "gap": 1}], layer_decay=0.5),
    "half an entry": base(layers=["a", {"match": "(b)"}], layer_decay=0.5),
    "no number to divide": base(layers=[{"match": "b", "every": 2}], layer_decay=0.5),
    "first and factor": base(layers="a", layer_decay={"first": 0.1, "factor": 0.5}),
    "neither first nor factor": base(layers="a", layer_decay={}),
    "layers alone": base(layers="a", lr=1),
    "layer_decay alone": base(match="a", layer_decay=0.5),
    "decay above 1": base(layers="a", layer_decay=1.5),
    "freeze and lr": base(match="a", freeze=True, lr=1),
    "a size of no name": base(match="a", lr_scale={"of": "width", "power": 1}),
    "a power of 0": base(match="a", lr_scale={"of": "rows", "power": 0.0}),
    "a base of 0": base(match="a", weight_decay_mult={"of": "rows", "power": 1, "base": 0}),
    "a factor of a list": base(match="a", lr_scale=[1]),
    "an absolute decay from shapes": base(match="a", weight_decay={"of": "rows", "power": 1}),
    "selects by nothing": base(lr=1),
    "sets nothing": base(match="a"),
    "empty regex": base(match="", lr=1),
    "empty list": base(match=[], lr=1),
    "name with a space": base(name="a b", match="a", lr=1),
    "empty where": base(where={}, lr=1),
    "severity of a 1xx": {**base(match="a", lr=1), "check": {"syntax": "ignore"}},
    "no severity": {**base(match="a", lr=1), "check": {"zero-lr": "no"}},
    "a mapping as an option": base(match="a", options={"momentum": {}}),
    "a schedule without schedules": base(match="a", lr=1, schedule="main"),
    "no segments": {**base(match="a", lr=1), "schedules": {"main": []}},
    "no schedules": {**base(match="a", lr=1), "schedules": {}},
    "a schedule with a space": {**base(match="a", lr=1), "schedules": {"a b": [{}]}},
    "a segment that does not end": {**base(match="a", lr=1), "schedules": {"main": [{"until": 5}, {}, {}]}},
    "a segment until step 0": {**base(match="a", lr=1), "schedules": {"main": [{"until": 0}]}},
    "a segment until 0 %": {**base(match="a", lr=1), "schedules": {"main": [{"until": "0%"}]}},
    "a segment until 101 %": {**base(match="a", lr=1), "schedules": {"main": [{"until": "101%"}]}},
    "a factor below 0": {**base(match="a", lr=1), "schedules": {"main": [{"from": -1}]}},
    "exponential to 0": {**base(match="a", lr=1), "schedules": {"main": [{"shape": "exponential", "to": 0}]}},
    "inverse_sqrt with an end": {**base(match="a", lr=1), "schedules": {"main": [{"shape": "inverse_sqrt", "to": 0}]}},
    "no shape": {**base(match="a", lr=1), "schedules": {"main": [{"shape": "cosin"}]}},
    "power 0": {**base(match="a", lr=1), "schedules": {"main": [{"shape": {"power": 0}}]}},
    "freeze and schedule": {**base(match="a", freeze=True, schedule="main"), "schedules": {"main": [{}]}},
    "no class of torch": typed("torch.optim.AdamWW"),
    "a class in another's module": typed("torch.optim.sgd.AdamW"),
    "a class of torch that takes no groups": typed("torch.optim.LBFGS"),
    "no argument of a class of torch": typed("torch.optim.adamw.AdamW", momentum=1),
    "an argument of a class of torch with another value": typed("torch.optim.AdamW", betas=1),
    "no option of a class of torch": {**typed("torch.optim.SGD"), "rules": [{"match": "a", "options": {"betas": 1}}]},
    "weight decay in a class of torch without": {
        **typed("torch.optim.Rprop"),
        "rules": [{"match": "a", "lr": 1, "weight_decay": 1}],
    },
    "no option of several classes of torch": {
        "lrspec": 1,
        "optimizers": {"a": {"type": "torch.optim.SGD"}, "b": {"type": "torch.optim.rprop.Rprop"}},
        "rules": [{"match": "a", "lr": 1, "options": {"betas": [0.9, 0.99]}}],
    },
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_what_the_compiler_refuses_the_schema_refuses(value: dict[str, Any]) -> None:
    assert not valid("spec", value)
    with pytest.raises(lrspec.SpecError):
        lrspec.loads(json.dumps(value), format="json")


# What a schema cannot say, by the folder of the golden case that shows it.
BEYOND_THE_SCHEMA = {
    "LRS104-exponential-from-where-it-ended": "a schema cannot look up where the segment before ended",
    "LRS104-every-with-other-groups": "a schema cannot count the groups of a regex",
    "LRS104-infinite": "JSON has no such number",
    "LRS104-nan": "JSON has no such number",
    "LRS104-betas-of-one-of-several": "judged when compiling: it depends on the parameters that it reaches",
    "LRS104-ladder-over-an-optimizer-without-lr": "judged when compiling: it depends on the parameters",
    "LRS104-ladder-without-lr": "judged when compiling: `--lr` may give what is multiplied",
    "LRS104-no-decay-to-multiply-in-muon": "judged when compiling: it depends on the parameters",
    "LRS104-no-optimizer-of-that-name": "a schema cannot compare a value with keys",
    "LRS104-nothing-to-multiply-in-muon": "judged when compiling: it depends on the parameters",
    "LRS104-optimizer-by-its-class": "a schema cannot compare a value with keys",
    "LRS104-options-without-type-of-its-own": "a schema cannot look up the optimizer that a rule names",
    "LRS104-no-decay-to-multiply": "judged when compiling: `--weight-decay` may give what is multiplied",
    "LRS104-nothing-to-multiply": "judged when compiling: `--lr` may give what is multiplied",
    "LRS104-product-too-large": "judged when compiling: it is a product",
    "LRS104-schedule-beyond-float64": "judged when compiling: it is a product",
    "LRS104-schedule-misspelled": "a schema cannot compare a value with keys",
    "LRS104-segments-backwards": "a schema cannot compare two values",
    "LRS104-factor-too-large": "judged when compiling: it is a product",
    "LRS106-option-of-the-other-optimizer": "a schema cannot look up the optimizer that a rule names",
    "LRS106-option-reaches-muon": "judged when compiling: it depends on the parameters that it reaches",
    "LRS106-option-where-there-is-no-type": "judged when compiling: it depends on the parameters that it reaches",
    "LRS106-weight-decay-reaches-sparse-adam": "judged when compiling: it depends on the parameters that it reaches",
    "LRS107-name-of-an-unnamed-rule": "a schema cannot compare the items of a list by one key",
    "LRS107-same-name": "a schema cannot compare the items of a list by one key",
    "LRS107-three-times": "a schema cannot compare the items of a list by one key",
}
OF_THE_SCHEMA = ("LRS103", "LRS104", "LRS106", "LRS107", "LRS101-regex-too-long", "LRS101-too-many-rules")
WRONG = [folder for folder in FAULTY if folder.name.startswith(OF_THE_SCHEMA)]


@pytest.mark.parametrize("folder", WRONG, ids=lambda folder: folder.name)
def test_a_golden_mistake_is_refused_unless_no_schema_can_say_so(folder: Path) -> None:
    value = read_file(spec_of(folder)).document.value
    assert valid("spec", value) == (folder.name in BEYOND_THE_SCHEMA)


def test_what_no_schema_can_say_is_shown_by_golden_mistakes() -> None:
    assert set(BEYOND_THE_SCHEMA) <= {folder.name for folder in WRONG}


# Python's `re` refuses regexes of its own (LRS105), and names are compared across rules (LRS107).
UNSEEN = {"LRS105", "LRS107"}
NOBODY = "nobody"


def unnamed(value: Any) -> Any:
    """A spec whose rules name no optimizer that there is: which one they name a schema cannot look up."""
    if not isinstance(value, dict) or not isinstance(value.get("optimizers"), dict):
        return value
    rules = value.get("rules")
    return {**value, "rules": [_unnamed(rule) for rule in rules] if isinstance(rules, list) else rules}


def _unnamed(rule: Any) -> Any:
    names = isinstance(rule, dict) and isinstance(rule.get("optimizer"), str)
    return {**rule, "optimizer": NOBODY} if names and RULE_NAME.fullmatch(rule["optimizer"]) else rule


@drawn(changed_specs(), few=100, many=300)
def test_the_schema_and_the_compiler_agree_on_specs_with_a_change(value: Any) -> None:
    found = read(json.dumps(unnamed(value)).encode(), "spec.lrspec.json", "json").diagnostics
    seen = [each for each in found if not each.message.startswith(f"there is no optimizer `{NOBODY}`")]
    assert valid("spec", value) == ({each.code for each in seen} <= UNSEEN)


@given(specs())
def test_every_drawn_spec_is_valid(value: dict[str, Any]) -> None:
    assert valid("spec", value)


SAID: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown key": (
        base(match="a", lr=1, lrr=1),
        "$.rules[0]",
        "Additional properties are not allowed ('lrr' was unexpected)",
    ),
    "keys that exclude each other": (
        base(match="a", freeze=True, lr=1),
        "$.rules[0]",
        "'lr' is not one of ['name', 'match', 'exclude', 'where', 'expect', 'freeze', 'fallback', 'optional', 'check']",
    ),
    "a ladder without a decay": (
        base(layers="a", lr=1),
        "$.rules[0]",
        "'layer_decay' is a required property",
    ),
    "a wrong type where there are several": (
        base(match=10, lr=1),
        "$.rules[0].match",
        "10 is not of type 'string', 'array'",
    ),
    "a wrong item of a list": (
        base(match=["a", 10], lr=1),
        "$.rules[0].match[1]",
        "10 is not of type 'string'",
    ),
    "a number out of range": (
        base(layers="a", layer_decay={"factor": 2}),
        "$.rules[0].layer_decay.factor",
        "2 is greater than the maximum of 1",
    ),
    "a power of 0": (
        base(match="a", lr=1, lr_scale={"of": "rows", "power": 0}),
        "$.rules[0].lr_scale.power",
        "0 is not one of [-1, -0.5, 0.5, 1]",
    ),
    "a size without a power": (
        base(match="a", lr=1, weight_decay_mult={"of": "rows"}),
        "$.rules[0].weight_decay_mult",
        "'power' is a required property",
    ),
    "a join first": (
        base(layers=[{"join": "a"}], layer_decay=0.5),
        "$.rules[0].layers[0]",
        "{'join': 'a'} is not of type 'string', 'array'",
    ),
    "an option of another optimizer": (
        base(match="a", options={"betas": [0, 1]}),
        "$.rules[0].options",
        "'betas' is not one of ['dampening', 'differentiable', 'foreach', 'fused', 'maximize', 'momentum', 'nesterov']",
    ),
    "code as a model": (
        {**base(match="a", lr=1), "models": "py:a:b"},
        "$.models",
        "'py:a:b' does not match '^(?!py:)'",
    ),
}


@pytest.mark.parametrize(("value", "path", "message"), SAID.values(), ids=SAID)
def test_validators_without_messages_of_ours_are_clear(value: dict[str, Any], path: str, message: str) -> None:
    (error,) = validator("spec").iter_errors(value)
    assert (error.json_path, error.message) == (path, message)


def test_freeze_false_goes_with_other_settings() -> None:
    value = base(match="a", freeze=False, lr=1)
    assert valid("spec", value)
    lrspec.loads(json.dumps(value), format="json")


def test_every_key_of_a_spec_is_described() -> None:
    definitions = schema("spec")["$defs"]
    parts = [schema("spec"), *definitions.values()]
    undescribed = [
        key for part in parts for key, value in part.get("properties", {}).items() if not value.get("description")
    ]
    assert undescribed == []


def test_plan_and_inventory_are_valid() -> None:
    inventory = lrspec.Inventory(
        (lrspec.Parameter("a.weight", ("b.weight",), (2, 3), True, ("Linear",), (("Linear",),)),)
    )
    file = lrspec.loads("lrspec: 1\noptimizer: {lr: 1}\nrules: [{match: a, lr_mult: 0}]")
    plan = lrspec.compile(file, inventory)
    assert plan.diagnostics
    jsonschema.validate(plan.to_dict(), closed("plan"), cls=jsonschema.Draft202012Validator)
    jsonschema.validate(inventory.to_dict(), closed("params"), cls=jsonschema.Draft202012Validator)
    names = lrspec.Inventory.from_names(["a"])
    jsonschema.validate(lrspec.compile(file, names).to_dict(), closed("plan"), cls=jsonschema.Draft202012Validator)


def closed(format: Format) -> dict[str, Any]:
    """The schema, with no key allowed that it does not describe."""
    made = schema(format)
    for part in (made, *made["$defs"].values()):
        part["additionalProperties"] = False
    return made
