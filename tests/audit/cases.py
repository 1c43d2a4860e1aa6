"""Small scripts for the audit: deliberate mistakes, each with what is to be said of it, and set-ups that are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest

Script = Callable[[], tuple[Any, ...]]
"""Returns `(model, optimizer)`, `(model, optimizer, scheduler)` or these with keyword arguments of `audit` last."""


class Mistake(NamedTuple):
    """A script with the code of its only finding, the parameters that are named, and words of the cure."""

    script: Script
    code: str
    parameters: tuple[str, ...]
    cure: str


MISTAKES: dict[str, Mistake] = {}
RIGHT: dict[str, Script] = {}
SLOW: set[str] = set()
"""The scripts that need what only the slow tests install."""


def mistake(code: str, parameters: str, cure: str) -> Callable[[Script], Script]:
    """Register a script of which the audit says just one thing; `parameters` are names with blanks between them."""

    def register(script: Script) -> Script:
        assert script.__name__ not in MISTAKES
        MISTAKES[script.__name__] = Mistake(script, code, tuple(parameters.split()), cure)
        return script

    return register


def right(script: Script) -> Script:
    """Register a script of which the audit says nothing."""
    assert script.__name__ not in RIGHT
    RIGHT[script.__name__] = script
    return script


def slow(script: Script) -> Script:
    """Run a script with the slow tests, for which more is installed, such as mmengine."""
    SLOW.add(script.__name__)
    return script


def named(names: Iterable[str]) -> list[Any]:
    """The names of scripts as parameters of a test."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in names]
