"""Compiles a draft and compares it with the wanted settings."""

from __future__ import annotations

import math

from lrspec.compiler.compile import Outcome, attempt
from lrspec.compiler.plan import Plan, Settings, Status
from lrspec.compiler.settings import comparable
from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.errors import SpecError
from lrspec.drafting.wanted import Wanted
from lrspec.models.inventory import Inventory
from lrspec.spec.load import loads

_EXACT = 1e-12
"""The relative difference up to which two numbers are the same."""


class DraftError(Exception):
    """A draft does not say what was wanted: a bug in lrspec. The text names the first parameter that differs."""


class TooLongError(DraftError):
    """What is wanted has so many different settings that a spec for them is longer than a spec may be."""


def compile_draft(text: str, inventory: Inventory) -> Outcome:
    """Compile the text of a draft; DraftError if the language refuses it."""
    try:
        return attempt(loads(text, path="the draft"), inventory)
    except SpecError as failure:
        raise DraftError(f"the draft cannot be read: {failure.diagnostics[0].message}") from failure


def plan_of(outcome: Outcome) -> Plan:
    """Return the plan of a draft; DraftError if there are errors."""
    errors = [finding for finding in outcome.diagnostics if finding.severity is Severity.error]
    if errors or outcome.plan is None:
        raise DraftError(f"the draft does not compile: {errors[0].message}")
    return outcome.plan


def compare(plan: Plan, wanted: Wanted) -> None:
    """Raise DraftError for the first parameter that gets something else than what is wanted.

    What is frozen is to be so by the spec, whatever the model says.
    """
    for parameter, settings in zip(plan.parameters, wanted.settings, strict=True):
        actual = parameter.settings if parameter.status.trains else None
        if not _same(actual, settings, wanted) or parameter.status is Status.frozen_by_model:
            raise DraftError(f"{parameter.name}: the draft gives {actual!r}, wanted {settings!r}")


def _same(actual: Settings | None, settings: Settings | None, wanted: Wanted) -> bool:
    if actual is None or settings is None:
        return actual is settings
    name = settings.optimizer or next(iter(wanted.bases))
    options = {**wanted.bases[name].options, **dict(settings.options)}
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return (
        _close(actual.lr, settings.lr)
        and _close(actual.weight_decay, settings.weight_decay)
        and dict(actual.options) == options
        and comparable(actual.tags or ()) == comparable(settings.tags or ())
        and (actual.optimizer or name) == name
    )


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_EXACT)
