"""Values set in place of a spec's: which paths exist, what may stand there, and that a plan says so."""

from __future__ import annotations

from typing import Any

import pytest

import lrspec
from lrspec.spec.language import SizeFactor

SPEC = lrspec.loads(
    r"""lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, betas: [0.9, 0.999]}
rules:
  - name: body
    layers: ['^embed\.', '^blocks\.(\d+)\.']
    layer_decay: {factor: 0.5, min_mult: 0.1}
  - {name: head, match: ['^head\.', '^final\.'], lr_mult: 10, optional: true}
  - {where: {ndim: 1}, options: {eps: 1e-6}, optional: true}
""",
    path="a.lrspec.yaml",
)
LADDER = lrspec.loads(
    r"""lrspec: 1
optimizer: {lr: 1e-3}
rules:
  - name: depth
    layers: ['^a', {match: '^b\.(\d+)', every: 3}, {join: '^c', to: first}, {gap: 6}]
    layer_decay: {first: 0.01}
"""
)
SEVERAL = lrspec.loads(
    """lrspec: 1
optimizers: {adamw: {type: AdamW, lr: 1e-3}, muon: {type: Muon, lr: 0.02}}
rules: [{name: all, match: '^.+$', lr_mult: 1}, {name: matrices, match: weight, optimizer: muon}]
"""
)
NAMES = lrspec.Inventory(
    tuple(lrspec.Parameter(name, shape=(2, 2)) for name in ("embed.weight", "blocks.0.weight", "head.weight"))
)


@pytest.mark.parametrize(
    ("path", "value", "there"),
    [
        ("optimizer.lr", 3e-4, lambda spec: spec.optimizer.lr),
        ("optimizer.weight_decay", 0.1, lambda spec: spec.optimizer.weight_decay),
        ("optimizer.betas", (0.8, 0.9), lambda spec: spec.optimizer.options["betas"]),
        ("optimizer.amsgrad", True, lambda spec: spec.optimizer.options["amsgrad"]),
        ("rules.head.lr_mult", 5, lambda spec: spec.rules[1].lr_mult),
        ("rules.head.lr_scale", 2.0, lambda spec: spec.rules[1].lr_scale),
        ("rules.head.match.1", "^last", lambda spec: spec.rules[1].match[1]),
        ("rules.head.check.unused-rule", "ignore", lambda spec: spec.rules[1].check.unused_rule),
        ("rules.body.layer_decay", 0.75, lambda spec: spec.rules[0].layer_decay),
        ("rules.body.layer_decay.factor", 0.75, lambda spec: spec.rules[0].layer_decay.factor),
        ("rules.rule-3.where.ndim", (0, 1), lambda spec: spec.rules[2].where.ndim),
        ("rules.rule-3.options.eps", 1e-9, lambda spec: spec.rules[2].options["eps"]),
        ("models", "resnet18", lambda spec: spec.models),
    ],
)
def test_a_path_leads_to_what_the_language_has_there(path: str, value: Any, there: Any) -> None:
    changed = SPEC.override({path: value})
    assert there(changed.spec) == value
    assert changed.overrides == ((path, value),)
    assert SPEC.overrides == ()


@pytest.mark.parametrize(
    ("path", "value", "there"),
    [
        ("rules.depth.layers.1.every", 2, lambda rule: rule.layers[1].every),
        ("rules.depth.layers.1.match", r"^d(\d+)", lambda rule: rule.layers[1].match),
        ("rules.depth.layers.2.to", "last", lambda rule: rule.layers[2].to),
        ("rules.depth.layers.3.gap", 1, lambda rule: rule.layers[3].gap),
        ("rules.depth.layer_decay.first", 0.1, lambda rule: rule.layer_decay.first),
    ],
)
def test_a_path_leads_into_entries_of_a_ladder(path: str, value: Any, there: Any) -> None:
    assert there(LADDER.override({path: value}).spec.rules[0]) == value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("rules.depth.layers.1.every", 1, "expected a number of at least 2"),
        ("rules.depth.layers.1.gap", 1, "exclude each other"),
        ("rules.depth.layers.1.match", "^b", "captures no number"),
        ("rules.depth.layer_decay.factor", 0.5, "exclude each other"),
    ],
)
def test_a_ladder_is_judged_again(path: str, value: Any, said: str) -> None:
    with pytest.raises(lrspec.OverrideError, match=said):
        LADDER.override({path: value})


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("rules.haed.lr_mult", 5, "no rule is called `haed`: did you mean `head`?"),
        ("rules.rule-2.lr_mult", 5, "no rule is called `rule-2`: did you mean `rule-3`?"),
        ("rules.head.lr_mutl", 5, "unknown key `lr_mutl` in a rule: did you mean `lr_mult`?"),
        ("rules.head.wher.ndim", 5, "`rules.head` has no key `wher`"),
        ("optimizer.lrr", 5, "`lrr` is not an argument of AdamW: did you mean `lr`?"),
        ("optimizers.adamw.lr", 5, "the spec has no key `optimizers`: did you mean `optimizer`?"),
        ("optimiser.lr", 5, "a spec has no key `optimiser`: did you mean `optimizer`?"),
        ("lr", 5, "a spec has no key `lr`: did you mean `optimizer.lr`?"),
        ("head.lr_mult", 5, "a spec has no key `head`: did you mean `rules.head.lr_mult`?"),
        ("rules.head.lr_mult.factor", 5, "`rules.head.lr_mult` is not a mapping, so it has no key `factor`"),
        ("rules.head.match.2", "^x", "expected an index from 0 to 1 in the list"),
        ("rules.head.match.first", "^x", "expected an index from 0 to 1 in the list"),
        ("rules.head.match.-1", "^x", "expected an index from 0 to 1 in the list"),
        ("", 5, "a spec has no key ``"),
        ("rules", 5, "expected a list, found 5"),
        ("rules.head", 5, "expected a mapping of keys to values, found 5"),
        ("rules.head.lr_mult", -5, "expected a number of at least 0, found -5"),
        ("rules.head.lr_mult", "5", "expected a number, found the string '5'"),
        ("rules.head.lr_mult", float("nan"), "expected a finite number"),
        ("rules.head.lr_mult", None, "`lr_mult` is empty"),
        ("rules.head.lr_mult", {1, 2}, "expected a number, true or false, a string, a list or a mapping, found set"),
        ("rules.head.lr", 1e-3, "`lr` and `lr_mult` exclude each other"),
        ("rules.head.match", "^head(", "missing )"),
        ("rules.head.name", "body", "rule 1 is already called `body`"),
        ("lrspec", 2, "expected 1, the version of the language"),
    ],
)
def test_what_may_not_stand_there_is_refused_with_the_path(path: str, value: Any, said: str) -> None:
    with pytest.raises(lrspec.OverrideError) as refused:
        SPEC.override({path: value})
    assert str(refused.value).startswith(f"`{path}`: ")
    assert said in str(refused.value)


TIMED = lrspec.loads(
    r"""lrspec: 1
optimizer: {type: AdamW, lr: 1e-3}
schedules: {main: [{until: 5%, from: 0}, {to: 0.1, shape: cosine}]}
rules:
  - {name: new, layers: '^a\.(\d+)', freeze: {but_last: 1}}
  - {name: head, match: '^head', lr_mult: 1}
  - {name: mup, match: '^b', lr_scale: {of: rows, power: -1}, freeze: {until: 10}}
  - {name: frozen, match: '^c', freeze: true}
"""
)


@pytest.mark.parametrize(
    ("path", "value", "there"),
    [
        ("schedules.main.1.to", 0.5, lambda spec: spec.schedules["main"][1].to),
        ("schedules.main.0.shape.power", 2.0, lambda spec: spec.schedules["main"][0].shape.power),
        ("rules.head.schedule", "main", lambda spec: spec.rules[1].schedule),
        ("rules.head.tags.is_last_layer", True, lambda spec: spec.rules[1].tags["is_last_layer"]),
        ("rules.head.expect", 2, lambda spec: spec.rules[1].expect),
        ("rules.head.freeze.until", "10%", lambda spec: spec.rules[1].freeze.until),
        ("rules.mup.freeze.until", 20, lambda spec: spec.rules[2].freeze.until),
        ("rules.mup.lr_scale.base", 256.0, lambda spec: spec.rules[2].lr_scale.base),
        ("rules.new.layer_decay.first", 0.1, lambda spec: spec.rules[0].layer_decay.first),
        ("rules.new.freeze.until", 10, lambda spec: spec.rules[0].freeze.until),
    ],
)
def test_a_path_leads_to_times_schedules_and_tags_which_need_not_be_there_yet(
    path: str, value: Any, there: Any
) -> None:
    assert there(TIMED.override({path: value}).spec) == value


def test_parts_of_a_factor_and_schedules_need_not_be_there_yet() -> None:
    spec = TIMED.override({"rules.head.lr_scale.of": "rows", "rules.head.lr_scale.power": -1}).spec
    assert spec.rules[1].lr_scale == SizeFactor(of="rows", power=-1)
    plain = lrspec.loads("lrspec: 1\nrules: [{match: ., lr: 1}]")
    assert plain.override({"schedules.main": [{}]}).spec.default_schedule == "main"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("rules.new.freeze.until.x", 10, "`rules.new.freeze` has no key `until`"),
        ("rules.frozen.freeze.until", 10, "`rules.frozen.freeze` is not a mapping, so it has no key `until`"),
        ("rules.head.freeze.every", 10, "`every` needs `until`, which is missing"),
        ("rules.head.freeze.until", "1e400%", "expected a number of steps, 1 or more, or a percentage"),
        ("rules.head.freeze.until", f"0.{'1' * 5000}1e9%", "expected a number of steps, 1 or more, or a percentage"),
        ("schedules.mian.1.to", 1, "`schedules` has no key `mian`: did you mean `main`?"),
        ("schedules.main.2.to", 1, "expected an index from 0 to 1 in the list"),
        ("schedules.main.1.shape.power", 2, "`schedules.main.1.shape` is not a mapping, so it has no key `power`"),
    ],
)
def test_a_time_or_a_schedule_that_cannot_be_is_refused(path: str, value: Any, said: str) -> None:
    with pytest.raises(lrspec.OverrideError) as refused:
        TIMED.override({path: value})
    assert str(refused.value).startswith(f"`{path}`: ")
    assert said in str(refused.value)


def test_an_index_of_more_digits_than_python_reads_is_refused() -> None:
    with pytest.raises(lrspec.OverrideError, match="expected an index from 0 to 1 in the list"):
        SPEC.override({f"rules.head.match.{'9' * 5000}": "^x"})


@pytest.mark.parametrize("path", ["head.\x1b[31m", "adamw.\x1b[31m", "optimizer.\x1b[31m"])
def test_a_path_is_printed_without_its_control_characters(path: str) -> None:
    for spec in (SPEC, SEVERAL):
        with pytest.raises(lrspec.OverrideError) as refused:
            spec.override({path: 5})
        assert "\x1b" not in str(refused.value)


class Number(float):
    """A number of a library, as numpy's is."""


def test_numbers_of_libraries_become_pythons_own_which_checkpoints_can_be_read_with() -> None:
    changed = SPEC.override({"optimizer.betas": [Number(0.5), 0.9], "rules.head.options.eps": Number(1e-5)})
    plan = lrspec.compile(changed, NAMES)
    options = [value for group in plan.groups or () for _, value in group.settings.options]
    assert (0.5, 0.9) in options
    assert 1e-5 in options
    assert {type(each) for value in options for each in (value if isinstance(value, tuple) else [value])} == {float}


def test_a_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(lrspec.OverrideError, match=r"expected a path as a string, .* found \('rules', 'head'\)"):
        SPEC.override({("rules", "head"): 1})  # type: ignore[dict-item]


def test_several_values_are_judged_together() -> None:
    changed = SPEC.override({"rules.head.check.large-value": "ignore", "rules.body.layer_decay": 0.9})
    assert [path for path, _ in changed.overrides] == ["rules.head.check.large-value", "rules.body.layer_decay"]
    again = changed.override({"rules.body.layer_decay": 0.8, "optimizer.lr": 1})
    assert dict(again.overrides) == {
        "rules.head.check.large-value": "ignore",
        "rules.body.layer_decay": 0.8,
        "optimizer.lr": 1,
    }
    with pytest.raises(lrspec.OverrideError, match=r"`optimizer\.lr`: .*found -2\n`rules\.head\.lr_mult`: .*found -1"):
        SPEC.override({"rules.head.lr_mult": -1, "optimizer.lr": -2})


def test_of_several_optimizers_the_path_says_which() -> None:
    assert SEVERAL.override({"optimizers.muon.lr": 0.1}).spec.bases["muon"].lr == 0.1
    for path, said in (
        ("optimizers.mun.lr", "`optimizers` has no key `mun`: did you mean `muon`?"),
        ("optimizers.sgd", "`optimizers` has no key `sgd`"),
        ("muon.lr", "a spec has no key `muon`: did you mean `optimizers.muon.lr`?"),
        ("optimizer.lr", "the spec has several optimizers: `optimizers.adamw.lr`, `optimizers.muon.lr`"),
        ("rules.matrices.optimizer", "there is no optimizer `sgd`"),
    ):
        with pytest.raises(lrspec.OverrideError) as refused:
            SEVERAL.override({path: "sgd"})
        assert said in str(refused.value)


@pytest.mark.parametrize("key", ["lr", "weight_decay"])
def test_a_rate_for_all_of_several_optimizers_is_refused(key: str) -> None:
    with pytest.raises(
        ValueError, match=rf"{key}: the spec has several optimizers: override `optimizers\.adamw\.{key}`"
    ):
        lrspec.compile(SEVERAL, NAMES, **{key: 1e-3})


def test_a_plan_says_what_was_set() -> None:
    plan = lrspec.compile(SPEC.override({"rules.head.lr_mult": 5}), NAMES, lr=1e-2)
    assert plan.to_dict()["spec"]["overrides"] == {"rules.head.lr_mult": 5, "optimizer.lr": 1e-2}
    assert plan.parameters[2].settings.lr == 5e-2
    assert "overrides" not in lrspec.compile(SPEC, NAMES).to_dict()["spec"]


def test_what_is_found_afterwards_is_at_the_place_of_what_was_replaced() -> None:
    found = lrspec.check(SPEC.override({"rules.head.match": ["^nothing"], "rules.head.optional": False}), NAMES)
    places = [(each.code, each.rule, each.line, each.column) for each in found]
    assert places == [("LRS201", None, 3, 1), ("LRS203", "head", 7, 25)]


def test_a_value_of_a_flow_and_of_json_is_replaced_alike() -> None:
    text = '{"lrspec": 1, "optimizer": {"lr": 0.1}, "rules": [{"name": "all", "match": "^.+$", "lr_mult": 1}]}'
    spec = lrspec.loads(text, format="json")
    assert lrspec.compile(spec.override({"rules.all.lr_mult": 3}), NAMES).parameters[0].settings.lr == 0.1 * 3


@pytest.mark.parametrize("given", [["optimizer.lr=3"], "optimizer.lr=3"])
def test_what_is_no_mapping_is_refused(given: Any) -> None:
    with pytest.raises(
        TypeError, match=r'expected a mapping of paths to values, such as \{"optimizer.lr": 3e-4\}, found (list|str)'
    ):
        SPEC.override(given)
