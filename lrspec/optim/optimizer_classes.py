"""What a spec's `optimizer.type` names to the class itself, imported where an optimizer is built.

A dotted type is never imported: whoever builds the optimizer brings its class.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import few
from lrspec.spec.torch_optim import FROM_TIMM

Maker: TypeAlias = Callable[..., Any]
"""A class of optimizers, or what makes one with some arguments given already."""


class BuildError(ValueError):
    """An optimizer cannot be built as the spec says; the text says why and what to do."""


def maker_of(kind: str | None, given: Maker | None) -> Maker:
    """What makes the optimizer that a spec describes; `given` is the class that the caller has brought.

    Raises:
        BuildError: where there is none, here, or the one that was brought is another.
    """
    if given is not None:
        return _brought(kind, given)
    if kind is None:
        raise BuildError("the spec names no class of optimizers: give `optimizer.type`, or pass optimizer_class=…")
    if kind.startswith(FROM_TIMM):
        return _from_timm(kind.removeprefix(FROM_TIMM))
    if "." in kind:
        raise BuildError(f"`{kind}` is never imported from a spec: pass the class, optimizer_class={kind}")
    return _from_torch(kind)


def refuse_unknown(maker: Maker, kind: str, arguments: Iterable[str]) -> None:
    """Raise BuildError where a class lacks some arguments, as one of an older torch lacks what later ones have."""
    parameters = inspect.signature(maker).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return
    if unknown := [name for name in arguments if name not in parameters]:
        known = [name for name in parameters if name != "params"]
        raise BuildError(
            f"{kind} does not take {few(unknown)} in the version that is installed{did_you_mean(unknown[0], known)}; "
            f"it takes {', '.join(known)}"
        )


def _brought(kind: str | None, given: Maker) -> Maker:
    if not callable(given):
        raise BuildError(f"optimizer_class: expected a class of optimizers, found an object of {type(given).__name__}")
    cls = given.func if isinstance(given, partial) else given
    name = getattr(cls, "__name__", None)
    wanted = kind.rpartition(".")[2] if kind and not kind.startswith(FROM_TIMM) else None
    if wanted and name and name != wanted:
        raise BuildError(f"the spec's optimizer is {kind}, and optimizer_class is {name}")
    return given


def _from_torch(kind: str) -> Maker:
    optim = _library("torch.optim", kind)
    found: Maker | None = getattr(optim, kind, None)
    if found is None:
        version = importlib.import_module("torch").__version__
        raise BuildError(f"torch {version} has no {kind}: it came with a later version")
    return found


def _from_timm(name: str) -> Maker:
    optim = _library("timm.optim", f"{FROM_TIMM}{name}")
    known = optim.list_optimizers()
    if name not in known:
        raise BuildError(f"timm has no optimizer `{name}`{did_you_mean(name, known, 3)}")
    found: Maker = optim.get_optimizer_class(name)
    return found


def _library(name: str, kind: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as failure:
        raise BuildError(f"{kind} needs {name}, which cannot be imported ({failure})") from None


def inner(wrapped: Any, under: str = "optimizer") -> Any:
    """The optimizer, or the scheduler, under the wrappers of trainers."""
    while (inside := getattr(wrapped, under, None)) is not None and _is_one(inside, under):
        wrapped = inside
    return wrapped


def _is_one(found: Any, under: str) -> bool:
    return hasattr(found, "param_groups") if under == "optimizer" else hasattr(found, "step")
