"""Compiles a draft and compares it with what was wanted, before anybody sees it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lrspec.compiler.compile import Outcome, attempt
from lrspec.compiler.plan import PlannedParameter, Settings
from lrspec.diagnostics.errors import SpecError
from lrspec.drafting.wanted import Wanted
from lrspec.spec.load import SpecFile, loads

_EXACT = 1e-12
"""The relative difference up to which two numbers are the same."""


class DraftError(Exception):
    """A draft does not say what was wanted: a bug in lrspec. The text names the first parameter that differs."""


class TooLongError(DraftError):
    """What is wanted has so many different settings that a spec for them is longer than a spec may be."""


def proved(text: str, wanted: Wanted) -> Outcome:
    """Compile a draft, and return the outcome; DraftError if one parameter differs or there are errors."""
    outcome = attempt(loaded(text), wanted.inventory)
    if outcome.plan is None:
        raise DraftError(f"the draft does not compile: {outcome.diagnostics[0].message}")
    for difference in differences(outcome.plan.parameters, wanted):
        raise DraftError(difference)
    return outcome


def loaded(text: str) -> SpecFile:
    """Read the text of a draft; DraftError if the language refuses it."""
    try:
        return loads(text, path="the draft")
    except SpecError as failure:
        raise DraftError(f"the draft cannot be read: {failure.diagnostics[0].message}") from failure


def differences(planned: tuple[PlannedParameter, ...], wanted: Wanted) -> Iterator[str]:
    """The parameters that get something else than what was wanted, with both."""
    for parameter, settings in zip(planned, wanted.settings, strict=True):
        actual = parameter.settings if parameter.status.trains else None
        if not _same(actual, settings, wanted):
            yield f"{parameter.name}: the draft gives {actual!r}, wanted {settings!r}"


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
        and (actual.optimizer or name) == name
    )


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_EXACT)
