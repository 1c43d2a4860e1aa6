"""The audit names each mistake by its code, its parameters and its cure, and says nothing of what is right."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lrspec.auditing.audit import audit
from lrspec.auditing.result import Audit
from lrspec.diagnostics.codes import CODES
from tests.audit.cases import MISTAKES, RIGHT, Mistake, Script

for script in sorted(Path(__file__).parent.glob("*_scripts.py")):
    import_module(f"tests.audit.{script.stem}")


def audited(script: Script) -> Audit:
    model, optimizer, *others = script()
    arguments: dict[str, Any] = others.pop() if others and isinstance(others[-1], dict) else {}
    return audit(optimizer, model, *others, **arguments)


def test_every_finding_of_an_audit_has_a_mistake() -> None:
    assert {mistake.code for mistake in MISTAKES.values()} == {code for code in CODES if code.startswith("LRS5")}


def id_of(value: object) -> str | None:
    return value if isinstance(value, str) else None


@pytest.mark.parametrize(("name", "mistake"), MISTAKES.items(), ids=id_of)
def test_a_mistake_is_named(name: str, mistake: Mistake) -> None:
    found = audited(mistake.script).diagnostics
    assert [(each.code, each.parameters) for each in found] == [(mistake.code, mistake.parameters)]
    assert mistake.cure in found[0].message.split("\n")[-1]


@pytest.mark.parametrize(("name", "script"), RIGHT.items(), ids=id_of)
def test_nothing_is_said_of_what_is_right(name: str, script: Callable[[], tuple[Any, ...]]) -> None:
    assert audited(script).diagnostics == ()
