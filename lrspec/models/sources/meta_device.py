"""Builds models without memory: on the meta device, and behind a wall."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.escape import printable
from lrspec.models.sources.arguments import refused_argument
from lrspec.models.sources.model_error import ModelError, in_one_line, library, own_place
from lrspec.models.sources.wall import Wall

if TYPE_CHECKING:
    from torch import nn

_MOST_REAL = 2**30  # elements of parameters that are allocated as a last resort: 4 GiB


def build(builder: Callable[..., Any], source: str, args: dict[str, Any]) -> nn.Module:
    """Build a model on the meta device, as far as it allows that; torch's random state does not change.

    It is built behind a wall, unless it is code that the command line has asked for (`py:`). ModelError if it cannot be
    built.
    """
    torch = library("torch")
    is_own_code = source.startswith("py:")
    try:
        with torch.random.fork_rng(devices=[]), contextlib.nullcontext() if is_own_code else Wall(source):
            model = _build(builder, args, torch)
    except ModelError:
        raise
    except (Exception, SystemExit) as failure:  # a builder may raise anything for its arguments
        message = refused_argument(failure, args)
        if message is None:
            place = own_place(failure) if is_own_code else None
            details = [] if place is None else [place]
            if args:
                details.append("with " + ", ".join(f"{key}={value!r}" for key, value in args.items()))
            message = f"cannot be built: {in_one_line(failure)}"
            if details:
                message += f" ({printable('; '.join(details))})"
        raise ModelError(f"{source} {message}") from failure
    if not isinstance(model, torch.nn.Module):
        raise ModelError(f"{source}: expected a model (torch.nn.Module), found {type(model).__name__}")
    return model  # type: ignore[no-any-return]


def _build(builder: Callable[..., Any], args: dict[str, Any], torch: Any) -> Any:
    """Return what the builder returns, with as much of it on the meta device as it allows: all, parameters, or nothing.

    An architecture that computes its depths or rates with tensors needs their numbers, so that only the parameters
    can go there: each when a module gets it, so that one at a time has memory. Tied ones stay tied.
    """
    moved = torch.utils.weak.WeakTensorKeyDictionary()
    elements = 0  # of the parameters that had memory until they were moved

    def move(module: Any, name: str, parameter: Any) -> Any:
        nonlocal elements
        if type(parameter) is not torch.nn.Parameter or parameter.is_meta:
            return parameter
        if parameter not in moved:
            elements += parameter.numel()
            moved[parameter] = torch.nn.Parameter(parameter.detach().to("meta"), parameter.requires_grad)
        return moved[parameter]

    for device in (torch.device("meta"), contextlib.nullcontext()):  # some tensors are made for the CPU by name
        try:
            with device, torch.nn.modules.module.register_module_parameter_registration_hook(move):
                return builder(**args)
        except ModelError:
            raise
        except (Exception, SystemExit) as refusal:  # an architecture may refuse in any way
            refused = refusal
    if elements > _MOST_REAL:
        raise refused
    return builder(**args)
