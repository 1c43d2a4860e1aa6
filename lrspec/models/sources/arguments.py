"""Arguments for building a model: those that may not be given, and those that its builder does not take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.sources.model_error import ModelError
from lrspec.spec.unsafe_settings import unsafe_settings

_UNEXPECTED = re.compile(r"([\w.<>]+)\(\) got an unexpected keyword argument '(\w+)'")


def check_arguments(args: Mapping[str, Any]) -> None:
    """Refuse arguments that would read weights, load from outside or run code that comes with a model.

    Raises:
        ModelError: for the first such argument.
    """
    for path, wrong in unsafe_settings(args):
        inside = "" if len(path) == 1 else f"{printable(spell(path))}: "
        raise ModelError(f"{inside}{wrong}")


def refused_argument(failure: BaseException, args: Mapping[str, Any]) -> str | None:
    """What is wrong with an argument that was refused by its name, or None where something else is wrong."""
    found = _UNEXPECTED.search(str(failure)) if isinstance(failure, TypeError) else None
    if not found or found[2] not in args:
        return None
    return f"takes no argument {found[2]!r}{did_you_mean(found[2], _parameters(failure, found[1]))}"


def _parameters(failure: BaseException, refusing: str) -> list[str]:
    """The parameters of the function of that qualified name, which the innermost frame of a traceback has called."""
    import inspect

    for each in _known_where_it_was_raised(failure):
        called = vars(each).get("__init__") if isinstance(each, type) else each
        if isinstance(called, FunctionType) and called.__qualname__ == refusing:
            return [name for name in inspect.signature(called).parameters if name not in ("self", "args", "kwargs")]
    return []


def _known_where_it_was_raised(failure: BaseException) -> list[Any]:
    trace = failure.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    known = [*trace.tb_frame.f_locals.values(), *trace.tb_frame.f_globals.values()] if trace else []
    return [each for each in known if isinstance(each, type | FunctionType)]
