"""Small scripts for the audit: deliberate mistakes, each with what is to be said of it, and set-ups that are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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
