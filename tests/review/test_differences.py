"""What differs between a lock and a spec: where the findings are, and what they say."""

from __future__ import annotations

import pytest

import lrspec
from lrspec.compiler.compile import attempt
from lrspec.review.lock.locked import Locked
from lrspec.review.lock.making import Making

SPEC = """lrspec: 1
models: net
optimizers:
  adamw: {type: AdamW, lr: 1e-3}
  sgd: {type: SGD, lr: 0.1}
schedules:
  main: [{until: 10%, from: 0, to: 1}]
rules:
  - {name: head, match: '^head', optimizer: sgd, lr_mult: 1, options: {momentum: 0.9}}
  - {name: body, match: '^body', lr_mult: 1}
"""
NET = lrspec.Inventory([lrspec.Parameter("body.weight", shape=(2, 3)), lrspec.Parameter("head.weight", shape=(2, 3))])


def found(spec: str, now: lrspec.Inventory, then: lrspec.Inventory, was: str = SPEC) -> list[tuple[str, list[str]]]:
    """The place of each finding, and the lines of its message."""
    old = lrspec.loads(was)
    making = Making(old)
    making.compare(old.spec.sources[0], attempt(old, then), False)
    file = lrspec.loads(spec)
    found = Locked(file, making.lock()).compare(file.spec.sources[0], attempt(file, now), False)
    return [(file.document.text.piece(each.span), each.message.split("\n")) for each in found]


def differences(
    spec: str, now: lrspec.Inventory = NET, then: lrspec.Inventory = NET, was: str = SPEC
) -> list[tuple[str, str]]:
    """The place of each finding, and the first line of its message."""
    return [(place, lines[0]) for place, lines in found(spec, now, then, was)]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        (
            "optimizer: sgd, lr_mult: 1, options: {momentum: 0.9}",
            "lr_mult: 1",
            "1",
            "optimizer 'sgd' → 'adamw', lr 0.1 → 0.001, options.momentum 0.9 → not set (set by `head`)",
        ),
        ("momentum: 0.9", "momentum: 0.8", "{momentum: 0.8}", "options.momentum 0.9 → 0.8 (set by `head`)"),
        (
            "'^body', lr_mult: 1",
            "'^body', freeze: true",
            "true",
            "status 'trained' → 'frozen-by-spec' (set by `body` now, by no rule before)",
        ),
        ("lr: 1e-3", "lr: 2e-3", "2e-3", "lr 0.001 → 0.002 (set by `optimizers.adamw.lr`)"),
        ("'^body', lr_mult: 1", "'^body', lr_mult: 2", "2", "lr 0.001 → 0.002 (set by `body`)"),
        (
            "lr: 1e-3}",
            "lr: 2e-3, betas: [0.9, 0.95]}",
            "2e-3",
            "lr 0.001 → 0.002 (set by `optimizers.adamw.lr`), "
            "options.betas not set → [0.9, 0.95] (set by `optimizers.adamw.betas`)",
        ),
    ],
)
def test_a_changed_setting_is_at_what_sets_it_now(old: str, new: str, place: str, message: str) -> None:
    assert old in SPEC
    assert differences(SPEC.replace(old, new)) == [(place, f"1 parameter has another setting: {message}")]


def test_where_a_rule_and_its_optimizer_have_changed_the_rule_is_named() -> None:
    spec = SPEC.replace("lr: 1e-3", "lr: 2e-3").replace("'^body', lr_mult: 1", "'^body', lr_mult: 3")
    assert differences(spec) == [("3", "1 parameter has another setting: lr 0.001 → 0.006 (set by `body`)")]


def test_what_the_model_freezes_is_at_the_model() -> None:
    frozen = lrspec.Parameter("body.weight", shape=(2, 3), requires_grad=False)
    then = lrspec.Inventory([lrspec.Parameter("body.weight", shape=(2, 3)), NET.parameters[1]])
    found = differences(SPEC, lrspec.Inventory([frozen, NET.parameters[1]]), then)
    assert [place for place, _ in found] == ["net"]


def test_a_changed_optimizer_or_schedule_is_a_finding() -> None:
    message = "the optimizer `adamw` has changed: type 'AdamW' → 'NAdam'"
    assert differences(SPEC.replace("AdamW", "NAdam")) == [("{type: NAdam, lr: 1e-3}", message)]
    found = [("[{until: 10%, from: 0, to: 0.5}]", "the schedule `main` has changed")]
    assert differences(SPEC.replace("to: 1}", "to: 0.5}")) == found


def test_a_boolean_is_not_the_number_that_python_takes_it_for() -> None:
    was = SPEC.replace("lr: 0.1}", "lr: 0.1, nesterov: true}")
    spec = SPEC.replace("lr: 0.1}", "lr: 0.1, nesterov: 1}")
    message = "1 parameter has another setting: options.nesterov true → 1 (set by `optimizers.sgd.nesterov`)"
    assert differences(spec, was=was) == [("1", message)]
    assert differences(spec.replace("nesterov: 1}", "nesterov: 1.0}"), was=spec) == []


def test_what_is_the_same_is_no_finding() -> None:
    assert differences(SPEC) == []
    assert differences(SPEC.replace("name: head", "name: top").replace("lr: 0.1}", "lr: 0.10}   # as always")) == []
    assert differences(SPEC, NET, lrspec.Inventory(reversed(NET.parameters))) == []


def test_a_changed_name_and_a_changed_setting_are_one_finding() -> None:
    now = lrspec.Inventory([NET.parameters[0], lrspec.Parameter("top.weight", shape=(2, 3))])
    spec = SPEC.replace("'^body'", "'^(body|top)'").replace("match: '^head'", "match: '^head', optional: true")
    found = [message for _, message in differences(spec, now)]
    assert found[0].startswith(
        "`head.weight` was renamed to `top.weight`, with other settings: optimizer 'sgd' → 'adamw'"
    )
    assert len(found) == 1


def test_two_that_are_tied_now_leave_one_gone() -> None:
    tied = lrspec.Inventory([lrspec.Parameter("body.weight", ("head.weight",), shape=(2, 3))])
    assert ("net", "1 parameter of the lock is gone") in differences(SPEC, tied)


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (lrspec.Parameter("body.weight", shape=(2, 3), requires_grad=False), "the model freezes other parameters"),
        (lrspec.Parameter("body.weight", shape=(2, 3), module=("Linear",)), "the model has other classes"),
        (lrspec.Parameter("body.weight", shape=(2, 3), declared=("head",)), "the model has other declarations"),
        (
            lrspec.Parameter("body.weight", ("tied",), (2, 3), module=("Linear",)),
            "the model has other aliases, the model has other classes",
        ),
        (lrspec.Parameter("body.weight", shape=(3, 3)), "the model has other parameters"),
    ],
)
def test_what_moved_in_the_model_is_told(now: lrspec.Parameter, moved: str) -> None:
    spec = SPEC.replace("lr: 1e-3", "lr: 2e-3").replace("'^body'", r"'^(body|tied)'")
    then = lrspec.Inventory([lrspec.Parameter("body.weight", shape=(2, 3), declared=()), NET.parameters[1]])
    lines = found(spec, lrspec.Inventory([now, NET.parameters[1]]), then)[0][1]
    assert "the model is the same" not in lines[-1]
    assert moved in lines[-1]
