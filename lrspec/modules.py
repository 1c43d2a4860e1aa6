"""The parameters of a torch model under their canonical names: what wrappers add to names and classes is left out.

torch is never imported here: a model brings its own, and its classes are known by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
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

WRAPPED = tuple(dict.fromkeys(_WRAPPERS.values()))
"""The names that wrappers give to what they wrap, and that canonical names are without."""


def named_tensors(model: nn.Module) -> Iterator[tuple[str, nn.Module, nn.Parameter]]:
    """Every name of every parameter of a model, canonical, with its owner, in the order of `named_parameters()`."""
    canonical = {"": ""}
    wrapped: dict[str, str | None] = {"": _wraps(type(model))}
    for path, module in model.named_modules(remove_duplicate=False):
        if path:
            parent, _, leaf = path.rpartition(".")
            before = canonical[parent]
            canonical[path] = before if leaf == wrapped[parent] else f"{before}.{leaf}".removeprefix(".")
            wrapped[path] = _wraps(type(module))
        for name, tensor in module.named_parameters(recurse=False, remove_duplicate=False):
            yield f"{canonical[path]}.{name}".removeprefix("."), module, tensor


def owner_classes(owner: type) -> tuple[str, ...]:
    """The names of a module's class and its bases, up to `Module`, without the classes that torch synthesises."""
    names: list[str] = []
    for cls in owner.__mro__:
        if cls.__name__ == "Module" and cls.__module__ == "torch.nn.modules.module":
            break
        if not _synthesised(cls):
            names.append(cls.__name__)
    return tuple(names)


def _synthesised(cls: type) -> bool:
    """`fully_shard` puts a class `FSDP…` before a module's own, `parametrize` a class `Parametrized…`."""
    if cls.__name__ == "FSDPModule" and _from_torch(cls):
        return True
    sharded = any(base.__name__ == "FSDPModule" and _from_torch(base) for base in cls.__bases__)
    parametrized = cls.__name__.startswith("Parametrized") and cls.__module__ == "torch.nn.utils.parametrize"
    return sharded or parametrized


def _wraps(owner: type) -> str | None:
    """The name that a wrapper's class gives to the module that it wraps; None for any other class."""
    for cls in owner.__mro__:
        if cls.__name__ in _WRAPPERS and _from_torch(cls):
            return _WRAPPERS[cls.__name__]
    return None


def _from_torch(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "torch"


def is_sharded(model: nn.Module) -> bool:
    """Whether sharding has changed the shapes of the model's parameters: FSDP1's, and ZeRO-3's, does."""
    fsdp1 = any(_wraps(type(module)) == _WRAPPERS["FullyShardedDataParallel"] for module in model.modules())
    return fsdp1 or any(hasattr(tensor, "ds_shape") for tensor in model.parameters())


def class_name(model: nn.Module) -> str:
    """The class of a model under its wrappers: `package.module.Class`."""
    while (inner := _wraps(type(model))) and hasattr(model, inner):
        model = getattr(model, inner)
    owner = next((cls for cls in type(model).__mro__ if not _synthesised(cls)), type(model))
    return f"{owner.__module__}.{owner.__qualname__}"
