"""The parameters of a torch model under their canonical names: what wrappers add to names and classes is left out.

torch is never imported here: a model brings its own, and its classes are known by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

_WRAPPERS = {
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "OptimizedModule": "_orig_mod",
    "ActivationWrapper": "_checkpoint_wrapped_module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
}
"""torch's classes that wrap a module, and the name that each gives to it."""

_COMPOSABLE = ("FSDPModule", "ReplicateModule", "DDP")
"""torch's classes that `fully_shard` and `replicate` put before a module's own, in a class that they make."""

WRAPPED = tuple(dict.fromkeys(_WRAPPERS.values()))
"""The names that wrappers give to what they wrap, and that canonical names are without."""


def named_tensors(model: nn.Module) -> Iterator[tuple[str, nn.Module, nn.Parameter]]:
    """Every name of every parameter of a model, canonical, with its owner, in the order of `named_parameters()`.

    A parameter is where it is registered: a `named_parameters` of a class's own is not asked, as torch asks none either
    of a module inside of another.
    """
    for prefix, module in _walk(model):
        for name, tensor in module._parameters.items():
            if tensor is not None:
                yield prefix + name, module, tensor


def _walk(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a model in order, one in several places several times, each with what names inside begin with."""
    ahead: list[tuple[str, nn.Module, tuple[nn.Module, ...]]] = [("", model, ())]
    while ahead:
        prefix, module, above = ahead.pop()
        if not module._modules:
            yield prefix, module
        elif module not in above:  # one that contains itself is not entered again
            children, inner, line = _children(module), _wraps(module), (*above, module)
            yield prefix, module
            ahead += [
                (prefix if name == inner else f"{prefix}{name}.", child, line) for name, child in reversed(children)
            ]


def _children(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """The modules directly inside of another, with their names there."""
    if _lists_its_own(type(module).__mro__):
        listed = module.named_modules(remove_duplicate=False)
        return [(path, child) for path, child in listed if path and "." not in path]
    return [(name, child) for name, child in module._modules.items() if child is not None]


def owner_classes(owner: type) -> tuple[str, ...]:
    """The names of a module's class and its bases, up to `Module`, without the classes that torch synthesises."""
    names: list[str] = []
    for cls in owner.__mro__:
        if _is_module(cls):
            break
        if not _synthesised(cls):
            names.append(cls.__name__)
    return tuple(names)


def _synthesised(cls: type) -> bool:
    """`fully_shard` and `replicate` put a class of theirs before a module's own, `parametrize` a subclass of it."""
    distributed = _is_composable(cls) or any(map(_is_composable, cls.__bases__))
    parametrized = cls.__name__.startswith("Parametrized") and cls.__module__ == "torch.nn.utils.parametrize"
    return distributed or parametrized


def _is_composable(cls: type) -> bool:
    return cls.__name__ in _COMPOSABLE and _from_torch(cls)


def _wraps(module: nn.Module) -> str | None:
    """The name that a wrapper gives to the module that it wraps; None for any other module."""
    return _inner_name(type(module).__mro__)


@lru_cache(maxsize=1024)
def _inner_name(classes: tuple[type, ...]) -> str | None:
    for cls in classes:
        if cls.__name__ in _WRAPPERS and _from_torch(cls):
            return _WRAPPERS[cls.__name__]
    return None


@lru_cache(maxsize=1024)
def _lists_its_own(classes: tuple[type, ...]) -> bool:
    """Whether a class has its own `named_modules`: PEFT's for attention gives a layer its parameters back in it."""
    return any("named_modules" in vars(cls) for cls in classes if not _is_module(cls))


def _is_module(cls: type) -> bool:
    return cls.__name__ == "Module" and cls.__module__ == "torch.nn.modules.module"


def _from_torch(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "torch"


def is_sharded(model: nn.Module) -> bool:
    """Whether sharding has changed the shapes of the model's parameters: FSDP1's, and ZeRO-3's, does."""
    return any(_is_fsdp1(module) or _is_zero3(module) for _, module in _walk(model))


def _is_fsdp1(module: nn.Module) -> bool:
    return _wraps(module) == _WRAPPERS["FullyShardedDataParallel"]


def _is_zero3(module: nn.Module) -> bool:
    return any(hasattr(tensor, "ds_shape") for tensor in module._parameters.values())


def is_lazy(tensor: nn.Parameter) -> bool:
    """Whether a parameter has no shape before the first batch has run through its module."""
    return _is_uninitialized(type(tensor).__mro__)


@lru_cache(maxsize=1024)
def _is_uninitialized(classes: tuple[type, ...]) -> bool:
    return any(cls.__name__ == "UninitializedTensorMixin" and _from_torch(cls) for cls in classes)


def is_flat(name: str) -> bool:
    """Whether this is what FSDP1 merges the parameters of a module into, without `use_orig_params=True`."""
    return name.rpartition(".")[2] == "_flat_param"


def class_name(model: nn.Module) -> str:
    """The class of a model under its wrappers: `package.module.Class`."""
    while (inner := _wraps(model)) and hasattr(model, inner):
        model = getattr(model, inner)
    owner = next((cls for cls in type(model).__mro__ if not _synthesised(cls)), type(model))
    return f"{owner.__module__}.{owner.__qualname__}"
