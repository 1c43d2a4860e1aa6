"""The class of a live optimizer as a spec has it: its `type`, and its arguments with their defaults."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import CodeType
from typing import Any, NamedTuple

from lrspec.optim.live.values import identical, plain_value
from lrspec.optim.optimizer_classes import maker_of
from lrspec.spec.torch_optim import FROM_TIMM, FROM_TORCH, plain_type


class Signature(NamedTuple):
    """The type of an optimizer, and its arguments by name, each with its default, or `REQUIRED`."""

    type: str
    arguments: Mapping[str, Any]


_NOT_IN_A_SPEC = ("params", "defaults", "type")  # those of every optimizer, and one that has another meaning there
REQUIRED = inspect.Parameter.empty
"""The default of an argument that has none."""


def signature_of(cls: type, defaults: Mapping[str, Any], keys: Iterable[str] = ()) -> Signature:
    """Return the signature of a class; of several names in timm's registry, take that which leaves the least to say.

    `keys` are those of its groups. Those that only groups have, and by which a class of another package than torch
    tells them apart (`use_fallback`, `use_muon`), count as arguments.
    """
    arguments, path = _arguments(cls), f"{cls.__module__}.{cls.__qualname__}"
    if path.startswith(FROM_TORCH):
        return Signature(plain_type(path), arguments)
    arguments.update(dict.fromkeys(keys_read(cls, [key for key in keys if key not in defaults]), REQUIRED))
    candidates = [Signature(name, {**arguments, **_timm_arguments(name)}) for name in _timm_names(cls)]
    own = Signature(path, arguments)
    return min(candidates, key=lambda each: (_changed_arguments(each, defaults), len(each.type)), default=own)


def _arguments(cls: type) -> dict[str, Any]:
    """The arguments of a class, and those of its bases as far as it passes them on."""
    arguments: dict[str, Any] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                arguments.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return {name: plain_value(default) for name, default in arguments.items() if name not in _NOT_IN_A_SPEC}


def keys_read(cls: type, keys: Iterable[str]) -> list[str]:
    """The keys that a class's own methods name, but which a step does not set: it does that to note something."""
    named = {constant for _, code in _methods(cls) for constant in code.co_consts if isinstance(constant, str)}
    return [key for key in keys if key in named - noted_keys(cls)]


def noted_keys(cls: type) -> set[Any]:
    """Return the constant keys that the steps of a class set: those of `group["d"] = …`."""
    steps = [dis.get_instructions(code) for name, code in _methods(cls) if name == "step"]
    pairs = (pair for step in steps for pair in pairwise(step))
    return {key.argval for key, then in pairs if then.opname == "STORE_SUBSCR" and key.opname == "LOAD_CONST"}


def _methods(cls: type) -> Iterator[tuple[str, CodeType]]:
    """The methods of a class and its bases, other than torch's."""
    for base in (base for base in cls.__mro__ if not base.__module__.startswith("torch.")):
        methods = ((name, method) for name, method in vars(base).items() if inspect.isfunction(method))
        yield from ((name, inspect.unwrap(method).__code__) for name, method in methods)


def _timm_names(cls: type) -> Iterable[str]:
    """The types by which timm's registry knows one of its own classes."""
    optim: Any = sys.modules.get("timm.optim")
    if optim is None or not cls.__module__.startswith("timm."):
        return []
    return [f"{FROM_TIMM}{name}" for name in optim.list_optimizers() if optim.get_optimizer_info(name).opt_class is cls]


def _timm_arguments(type_: str) -> dict[str, Any]:
    """The arguments that timm's factory gives to what it makes."""
    return {name: plain_value(value) for name, value in getattr(maker_of(type_, None), "keywords", {}).items()}


def _changed_arguments(signature: Signature, defaults: Mapping[str, Any]) -> int:
    """The number of arguments that a spec would have to give."""
    return sum(
        name in defaults and not identical(plain_value(defaults[name]), default)
        for name, default in signature.arguments.items()
    )
