"""Builders of models to models without memory: on the meta device, and behind a wall."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.escape import printable
from lrspec.models.sources.arguments import refused_argument
from lrspec.models.sources.model_error import ModelError, in_one_line, library, own_place
from lrspec.models.sources.wall import Wall

if TYPE_CHECKING:
    from torch import nn

_MOST_REAL = 2**30  # elements of parameters that are allocated where nothing else will do: 4 GiB


def build(builder: Callable[..., Any], source: str, args: dict[str, Any], extra: str) -> nn.Module:
    """Build a model on the meta device as far as it allows that; torch's random state stays as it is.

    `extra` is the extra of lrspec that installs torch with the library that the model is from.

    Raises:
        ModelError: where it cannot be built.
    """
    torch = library("torch", extra)
    try:
        with torch.random.fork_rng(devices=[]), _around(source):
            model = _built(builder, args, _MetaDevice(torch))
    except ModelError:
        raise
    except (Exception, SystemExit) as failure:  # a builder may raise anything for its arguments
        place = own_place(failure) if source.startswith("py:") else None
        raise ModelError(f"{source} {_why_not(failure, args, place)}") from failure
    if not isinstance(model, torch.nn.Module):
        raise ModelError(f"{source}: expected a model (torch.nn.Module), found {type(model).__name__}")
    built: nn.Module = model
    return built


def _around(source: str) -> contextlib.AbstractContextManager[None]:
    """What a model is built in: behind a wall, unless it is built by code that the command line has asked for."""
    return contextlib.nullcontext() if source.startswith("py:") else Wall(source)


def _why_not(failure: BaseException, args: dict[str, Any], place: str | None) -> str:
    given = f"with {', '.join(f'{key}={value!r}' for key, value in args.items())}" if args else None
    about = "; ".join(filter(None, (place, given)))
    why = f"cannot be built: {in_one_line(failure)}" + (f" ({printable(about)})" if about else "")
    return refused_argument(failure, args) or why


def _built(builder: Callable[..., Any], args: dict[str, Any], meta: _MetaDevice) -> Any:
    """What the builder returns, with as much of it on the meta device as it bears."""
    for place in (meta.for_all, meta.for_parameters):
        try:
            with place():
                return builder(**args)
        except ModelError:
            raise
        except (Exception, SystemExit) as refusal:  # an architecture may refuse in any way
            refused = refusal
    if meta.elements > _MOST_REAL:
        raise refused
    return builder(**args)


class _MetaDevice:
    """Where tensors have shapes and no memory: for all that is made, or for the parameters of modules alone.

    An architecture that computes its depths or rates with tensors needs their numbers, so that only the parameters
    can go there: each when a module gets it, so that one at a time has memory. Tied ones stay tied.
    """

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._moved = torch.utils.weak.WeakTensorKeyDictionary()
        self.elements = 0
        """The number of elements that had memory until they were moved."""

    @contextlib.contextmanager
    def for_all(self) -> Iterator[None]:
        with self._torch.device("meta"), self.for_parameters():  # a few are made for the CPU by name
            yield

    @contextlib.contextmanager
    def for_parameters(self) -> Iterator[None]:
        with self._torch.nn.modules.module.register_module_parameter_registration_hook(self._move):
            yield

    def _move(self, module: Any, name: str, parameter: Any) -> Any:
        if type(parameter) is not self._torch.nn.Parameter or parameter.is_meta:
            return parameter
        if parameter not in self._moved:
            self.elements += parameter.numel()
            empty = parameter.detach().to("meta")
            self._moved[parameter] = self._torch.nn.Parameter(empty, parameter.requires_grad)
        return self._moved[parameter]
