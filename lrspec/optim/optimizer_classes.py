"""Finds the class that a spec's `optimizer.type` names, and imports it when an optimizer is built.

A dotted type is never imported: whoever builds the optimizer passes its class.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import few
from lrspec.spec.torch_optim import ARGUMENTS, FROM_TIMM, IN_THE_RULE

Maker: TypeAlias = Callable[..., Any]
"""An optimizer class, or a callable that makes an optimizer with some arguments already bound."""

_TIMMS_MOMENTUM = 0.9
"""The momentum that timm's factory gives to optimizers that have one, whatever the default of the class."""

_LOOKAHEAD = "lookahead_"
"""The prefix by which timm's factory wraps an optimizer in another, which has no state of its own to check or load."""


class BuildError(BriefError):
    """An optimizer cannot be built as the spec says; the text says why and what to do."""


def maker_of(type_: str | None, passed: Maker | None) -> Maker:
    """Return the class of the optimizer that a spec describes; `passed` is the one that the caller has passed.

    BuildError if there is none, it is not installed, or the passed one is a different class.
    """
    if passed is not None:
        if not callable(passed):
            found = type(passed).__name__
            raise BuildError(f"optimizer_class: expected an optimizer class, found an object of {found}")
        name = getattr(passed.func if isinstance(passed, partial) else passed, "__name__", None)
        expected = type_.rpartition(".")[2] if type_ and not type_.startswith(FROM_TIMM) else None
        if expected and name and name != expected:
            raise BuildError(f"the spec's optimizer is {type_}, but optimizer_class is {name}")
        return passed
    if type_ is None:
        raise BuildError("the spec names no optimizer class: set `optimizer.type`, or pass optimizer_class=…")
    if type_.startswith(FROM_TIMM):
        optim, name = _library("timm.optim", type_), type_.removeprefix(FROM_TIMM).lower()
        known = optim.list_optimizers()
        if name.removeprefix(_LOOKAHEAD) in known and name not in known:
            inside = f"{FROM_TIMM}{name.removeprefix(_LOOKAHEAD)}"
            raise BuildError(f"{type_} is not built: name `{inside}`, and wrap it in `timm.optim.Lookahead` yourself")
        if name not in known:
            raise BuildError(f"timm has no optimizer `{name}`{did_you_mean(name, known, 3)}")
        try:
            maker: Maker = optim.get_optimizer_class(name)
        except (AssertionError, ImportError) as failure:  # a class of another library, which also needs a GPU
            raise BuildError(f"{type_} is not available here: {failure}") from None
        if not optim.get_optimizer_info(name).has_momentum:
            return maker
        return partial(maker, **{"momentum": _TIMMS_MOMENTUM, **getattr(maker, "keywords", {})})
    if "." in type_:
        raise BuildError(f"`{type_}` is never imported from a spec: pass the class, optimizer_class={type_}")
    cls: Maker | None = getattr(_library("torch.optim", type_), type_, None)
    if cls is None:
        version = importlib.import_module("torch").__version__
        raise BuildError(f"torch {version} has no {type_}: it came with a later version")
    return cls


def _library(name: str, type_: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as failure:
        raise BuildError(f"{type_} needs {name}, which cannot be imported ({failure})") from None


def accepted(maker: Maker, type_: str | None, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that a class accepts; its groups have the others, too.

    BuildError if it must take one that it lacks, as a class of an older torch lacks newer ones.
    """
    parameters = inspect.signature(maker).parameters
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return dict(arguments)
    if unknown := [key for key in arguments if key not in parameters and must_take(type_, key)]:
        known = [parameter for parameter in parameters if parameter != "params"]
        raise BuildError(
            f"{name} does not take {few(unknown)} in the version that is installed{did_you_mean(unknown[0], known)}; "
            f"it takes {', '.join(known)}"
        )
    return {key: value for key, value in arguments.items() if key in parameters}


def must_take(type_: str | None, key: str) -> bool:
    """Return whether an optimizer must have a setting as an argument: another package's may read it from its groups."""
    return type_ in ARGUMENTS or key in IN_THE_RULE
