"""The arguments for building a model: which ones are unsafe, and which ones its builder does not take."""

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
    """Raise ModelError for an argument that would read weights, load from outside or run a model's own code."""
    for path, message in unsafe_settings(args):
        place = "" if len(path) == 1 else f"{printable(spell(path))}: "
        raise ModelError(f"{place}{message}")


def refused_argument(failure: BaseException, args: Mapping[str, Any]) -> str | None:
    """Return the message for an argument that was refused by its name, or None for any other failure."""
    match = _UNEXPECTED.search(str(failure)) if isinstance(failure, TypeError) else None
    if not match or match[2] not in args:
        return None
    return f"takes no argument {match[2]!r}{did_you_mean(match[2], _parameters(failure, match[1]))}"


def _parameters(failure: BaseException, refusing: str) -> list[str]:
    """Return the parameters of the function of that qualified name, called by a traceback's innermost frame."""
    import inspect

    trace = failure.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    for value in [*trace.tb_frame.f_locals.values(), *trace.tb_frame.f_globals.values()] if trace else []:
        function = vars(value).get("__init__") if isinstance(value, type) else value
        if isinstance(function, FunctionType) and function.__qualname__ == refusing:
            return [name for name in inspect.signature(function).parameters if name not in ("self", "args", "kwargs")]
    return []
