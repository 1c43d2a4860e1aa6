"""The audit names each mistake by its code, its parameters and its cure, and says nothing of what is right."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lrspec.auditing.audit import audit
from lrspec.auditing.result import Audit
from lrspec.diagnostics.codes import CODES
from tests.audit.cases import MISTAKES, RIGHT, Script, named

for script in sorted(Path(__file__).parent.glob("*_scripts.py")):
    import_module(f"tests.audit.{script.stem}")


def audited(script: Script) -> Audit:
    model, optimizer, *others = script()
    arguments: dict[str, Any] = others.pop() if others and isinstance(others[-1], dict) else {}
    return audit(optimizer, model, *others, **arguments)


def test_every_finding_of_an_audit_has_a_mistake() -> None:
    assert {mistake.code for mistake in MISTAKES.values()} == {code for code in CODES if code.startswith("LRS5")}


@pytest.mark.parametrize("name", named(MISTAKES))
def test_a_mistake_is_named(name: str) -> None:
    mistake = MISTAKES[name]
    found = audited(mistake.script).diagnostics
    assert [(each.code, each.parameters) for each in found] == [(mistake.code, mistake.parameters)]
    assert mistake.cure in found[0].message.split("\n")[-1]


@pytest.mark.parametrize("name", named(RIGHT))
def test_nothing_is_said_of_what_is_right(name: str) -> None:
    assert audited(RIGHT[name]).diagnostics == ()


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("a_floor_above_the_rate_of_a_loss", "the learning rate of group 1 is not above it"),
        ("a_floor_above_the_rate_of_a_loss", "it ends at the rate of the others"),
        ("the_multiplier_of_a_loss_is_not_read", "neither StepLR nor AdamW reads `lr_mult` of 1 group: group 1 trains"),
        ("one_rate_for_two_losses", "the learning rates of group 0 of `sgd` and group 1 of `sgd` are all 0.05"),
    ],
)
def test_groups_without_parameters_of_the_model_are_named(name: str, subject: str) -> None:
    (found,) = audited(MISTAKES[name].script).diagnostics
    assert subject in found.message
