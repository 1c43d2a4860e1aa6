"""What the language says of `schedules`: what is refused, where, and what can be overridden."""

from __future__ import annotations

from typing import Any

import pytest

import lrspec

HEAD = "lrspec: 1\noptimizer: {type: AdamW, lr: 1}\n"
RULES = "rules: [{name: all, match: '.', lr_mult: 1}]\n"


def found(schedules: str, rules: str = RULES) -> list[tuple[str, int, int, str]]:
    """The findings of a spec with these schedules: the code, the line, the column, and the text that they point at."""
    text = f"{HEAD}schedules: {schedules}\n{rules}"
    try:
        lrspec.loads(text)
    except lrspec.SpecError as error:
        lines = text.split("\n")
        return [
            (item.code, item.line, item.column, lines[item.line - 1][item.column - 1 : item.end_column - 1])
            for item in error.diagnostics
        ]
    return []


REFUSED = {
    "{a: []}": ("LRS104", "[]"),
    "{}": ("LRS104", "{}"),
    "[{}]": ("LRS104", "[{}]"),
    "{a: {until: 5}}": ("LRS104", "{until: 5}"),
    "{'a b': [{}]}": ("LRS104", "'a b'"),
    "{a: [{from: 0}, {}]}": ("LRS104", "{from: 0}"),
    "{a: [{until: 5}, {to: 0}, {}]}": ("LRS104", "{to: 0}"),
    "{a: [{until: 20}, {until: 10}, {}]}": ("LRS104", "10"),
    "{a: [{until: 10}, {until: 10}, {}]}": ("LRS104", "10"),
    "{a: [{until: 20%}, {until: 10}, {until: 20.0%}, {}]}": ("LRS104", "20.0%"),
    "{a: [{until: 0}]}": ("LRS104", "0"),
    "{a: [{until: -1}]}": ("LRS104", "-1"),
    "{a: [{until: 10.0}]}": ("LRS104", "10.0"),
    "{a: [{until: true}]}": ("LRS104", "true"),
    "{a: [{until: 0%}]}": ("LRS104", "0%"),
    "{a: [{until: 101%}]}": ("LRS104", "101%"),
    "{a: [{until: 100.5%}]}": ("LRS104", "100.5%"),
    "{a: [{until: 5 %}]}": ("LRS104", "5 %"),
    "{a: [{until: +5%}]}": ("LRS104", "+5%"),
    "{a: [{until: 1e1%}]}": ("LRS104", "1e1%"),
    "{a: [{until: .5%}]}": ("LRS104", ".5%"),
    "{a: [{until: 5.%}]}": ("LRS104", "5.%"),
    "{a: [{until: '5'}]}": ("LRS104", "'5'"),
    "{a: [{until: ٥%}]}": ("LRS104", "٥%"),
    "{a: [{from: -0.1}]}": ("LRS104", "-0.1"),
    "{a: [{to: -0.1}]}": ("LRS104", "-0.1"),
    "{a: [{to: .inf}]}": ("LRS104", ".inf"),
    "{a: [{shape: cosin}]}": ("LRS104", "cosin"),
    "{a: [{shape: {}}]}": ("LRS104", "{}"),
    "{a: [{shape: {power: 0}}]}": ("LRS104", "0"),
    "{a: [{shape: {power: -1}}]}": ("LRS104", "-1"),
    "{a: [{shape: {pow: 1}}]}": ("LRS103", "pow"),
    "{a: [{to: 0, shape: exponential}]}": ("LRS104", "0"),
    "{a: [{from: 0.0, shape: exponential}]}": ("LRS104", "0.0"),
    "{a: [{until: 5, to: 0}, {shape: exponential}]}": ("LRS104", "exponential"),
    "{a: [{until: 5, from: 0, shape: inverse_sqrt}, {shape: exponential}]}": ("LRS104", "exponential"),
    "{a: [{shape: inverse_sqrt, to: 0}]}": ("LRS104", "to"),
    "{a: [{to: 1, shape: inverse_sqrt}]}": ("LRS104", "shape"),
    "{a: [{warmup: 5%}]}": ("LRS103", "warmup"),
    "{a: [{warmup: 5%}, {}]}": ("LRS103", "warmup"),
    "{a: [5]}": ("LRS104", "5"),
    "{a: [{to: }]}": ("LRS104", ""),
}


@pytest.mark.parametrize(("schedules", "expected"), REFUSED.items(), ids=REFUSED)
def test_a_schedule_is_refused_at_its_place(schedules: str, expected: tuple[str, str]) -> None:
    ((code, line, _, text),) = found(schedules)
    assert (code, line, text) == (expected[0], 3, expected[1])


@pytest.mark.parametrize(
    "schedules",
    [
        "{a: [{}]}",
        "{a: [{until: 1}, {until: 0.001%}, {until: 2}, {until: 100%}, {}]}",
        "{a: [{until: 007%}]}",
        "{a: [{until: 100.000%, to: 0}]}",
        "{a: [{until: 5, from: 0, to: 2, shape: {power: 0.5}}, {until: 90%}, {to: 0, shape: sqrt}]}",
        "{a: [{until: 5, from: 10, shape: inverse_sqrt}, {to: 0.1, shape: exponential}]}",
        "{a: [{until: 5, to: 0}, {from: 1, to: 0.1, shape: exponential}]}",
    ],
)
def test_a_schedule_is_right(schedules: str) -> None:
    assert found(schedules) == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    schedules = "{a: [{to: 0}, {until: 9}, {until: 5, shape: cubic}, {}], b: [], c: [{shape: exponential, to: 0}]}"
    assert [text for _, _, _, text in found(schedules)] == ["{to: 0}", "5", "cubic", "[]", "0"]


def rule(more: str) -> str:
    return f"rules: [{{name: all, match: '.', {more}}}]\n"


def test_a_rule_names_a_schedule_that_exists() -> None:
    assert found("{main: [{}]}", rule("lr_mult: 1, schedule: main")) == []
    ((code, line, _, text),) = found("{main: [{}]}", rule("lr_mult: 1, schedule: mian"))
    assert (code, line, text) == ("LRS104", 4, "mian")


def test_the_nearest_schedule_is_suggested() -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.loads(f"{HEAD}schedules: {{main: [{{}}], late: [{{}}]}}\n{rule('lr_mult: 1, schedule: mian')}")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.suggestion is not None
    assert diagnostic.suggestion.replacement == "main"
    assert diagnostic.message.startswith(
        "there is no schedule `mian`: did you mean `main`?\n`schedules` has main, late."
    )


def test_without_schedules_a_rule_has_none() -> None:
    with pytest.raises(lrspec.SpecError, match="there is no schedule `main`") as caught:
        lrspec.loads(HEAD + rule("lr_mult: 1, schedule: main"))
    assert [item.code for item in caught.value.diagnostics] == ["LRS104"]


def test_what_is_frozen_has_no_schedule() -> None:
    ((code, _, _, text),) = found("{main: [{}]}", rule("schedule: main, freeze: true"))
    assert (code, text) == ("LRS104", "freeze"), "the later key"
    assert found("{main: [{}]}", rule("schedule: main, freeze: false, lr_mult: 1")) == []


SPEC = f"{HEAD}schedules: {{main: [{{until: 5%, from: 0}}, {{to: 0.1, shape: cosine}}], late: [{{}}]}}\n" + (
    "rules: [{name: head, match: '^1', lr_mult: 1, schedule: late}, {name: all, fallback: true, lr_mult: 1}]\n"
)


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("schedules.main.1.to", 0.5, lambda spec: spec.schedules["main"][1].to == 0.5),
        ("schedules.main.0.until", "10%", lambda spec: spec.schedules["main"][0].until == "10%"),
        ("schedules.main.0.until", 100, lambda spec: spec.schedules["main"][0].until == 100),
        ("schedules.main.0.from", 0.1, lambda spec: spec.schedules["main"][0].begins == 0.1),
        ("schedules.main.0.shape", "sqrt", lambda spec: spec.schedules["main"][0].shape == "sqrt"),
        ("schedules.main.0.shape.power", 2, lambda spec: spec.schedules["main"][0].shape.power == 2),
        ("schedules.late.0.to", 0, lambda spec: spec.schedules["late"][0].to == 0),
        ("schedules.late", [{"to": 0}], lambda spec: spec.schedules["late"][0].to == 0),
        ("schedules.early", [{"to": 0}], lambda spec: spec.schedules["early"][0].to == 0),
        ("rules.head.schedule", "main", lambda spec: spec.rules[0].schedule == "main"),
        ("rules.all.schedule", "late", lambda spec: spec.rules[1].schedule == "late"),
    ],
)
def test_what_is_new_can_be_overridden(path: str, value: Any, read: Any) -> None:
    assert read(lrspec.loads(SPEC).override({path: value}).spec)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schedules.main.2.to", 0, "expected an index from 0 to 1"),
        ("schedules.mian.1.to", 0, "did you mean `main`"),
        ("schedules.main.1.too", 0, "unknown key `too` in a segment"),
        ("schedules.main.1.shape.power", 2, "`schedules.main.1.shape` is not a mapping"),
        ("schedules.main.0.until", 0, "expected a number of steps"),
        ("main.1.to", 0, "did you mean `schedules.main.1.to`"),
        ("rules.head.schedule", "mian", "there is no schedule `mian`"),
    ],
)
def test_an_override_is_judged_like_the_file(path: str, value: Any, message: str) -> None:
    with pytest.raises(lrspec.OverrideError, match=message):
        lrspec.loads(SPEC).override({path: value})
