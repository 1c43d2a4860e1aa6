"""Runs a function of the user's that returns a model and its optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count
from lrspec.models.sources.model_error import ModelError, in_one_line, own_place
from lrspec.models.sources.python import builder
from lrspec.models.sources.silence import silence
from lrspec.spec.model_kinds import scheme_and_name

_RETURNED = "(model, optimizer) or (model, optimizer, scheduler)"
_Result = TypeVar("_Result")


def from_script(source: str, use: Callable[[Any, Any, Any], _Result]) -> _Result:
    """Return what `use` makes of the optimizer, the model and the scheduler that a function of the user's returns.

    The user's, `py:package.module:function` or `py:FILE.py:function`, takes no arguments and returns `(model,
    optimizer)` or `(model, optimizer, scheduler)`, the optimizer one, a mapping of names or a list. ModelError if it is
    not there, fails, or returns anything else.
    """
    name = function_of(source)
    with silence(source, shown=True):
        returned = _called(source, builder(name, returned=_RETURNED))
        try:
            model, optimizer, scheduler = _parts(returned)
            return use(optimizer, model, scheduler)
        except (TypeError, ValueError) as failure:  # for what is not a model, say
            raise ModelError(f"{source}: {failure}") from failure


def function_of(source: str) -> str:
    """Return what `py:` names; ModelError if it names no function, as other models do."""
    scheme, name = scheme_and_name(source)
    module, _, function = name.rpartition(":")
    if scheme != "py" or not module or not function:
        raise ModelError(f"{source}: expected py:package.module:function, or py:FILE.py:function")
    return name


def _called(source: str, function: Any) -> Any:
    try:
        return function()
    except ModelError:
        raise
    except (Exception, SystemExit) as failure:  # the user's code may raise anything
        place = own_place(failure)
        details = f" ({printable(place)})" if place else ""
        raise ModelError(f"{source} cannot be run: {in_one_line(failure)}{details}") from failure


def _parts(returned: Any) -> tuple[Any, Any, Any]:
    if isinstance(returned, tuple | list) and len(returned) in (2, 3):
        model, optimizer, *scheduler = returned
        return model, optimizer, scheduler[0] if scheduler else None
    found = type(returned).__name__
    if isinstance(returned, tuple | list):
        found += f" of {count(len(returned), 'item')}"
    raise TypeError(f"expected {_RETURNED} from the function, found {found}")
