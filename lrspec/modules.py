"""The parameters of a torch model under their canonical names: what wrappers add to names and classes is left out.

torch is never imported here: a model brings its own, and its classes are known by their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


class Found(NamedTuple):
    """What a model has, in the order of `named_parameters()`: an item of each list for every name of a parameter.

    `names` are canonical, `owners` the classes of the modules that have the parameters as their own; `modules` are the
    classes of all modules.
    """

    names: list[str]
    owners: list[type]
    tensors: list[nn.Parameter]
    modules: set[type]


def walk(model: nn.Module) -> Found:
    """Every name of every parameter of a model.

    torch's own `named_parameters()` is a generator for each level of the model, which takes twice as long.
    """
    found = Found([], [], [], set())
    _visit(model, "", found, _WrappedNames())
    return found


class _WrappedNames(dict[type, str | None]):
    """By class, the name that a wrapper gives to the module that it wraps; None for any other class."""

    def __missing__(self, cls: type) -> str | None:
        self[cls] = _wraps(cls)
        return self[cls]


def _visit(module: nn.Module, prefix: str, found: Found, wrapped: _WrappedNames) -> None:
    cls = type(module)
    found.modules.add(cls)
    for name, tensor in module._parameters.items():
        if tensor is not None:
            found.names.append(prefix + name)
            found.owners.append(cls)
            found.tensors.append(tensor)
    for name, child in module._modules.items():
        if child is not None:
            _visit(child, prefix if name == wrapped[cls] else f"{prefix}{name}.", found, wrapped)


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


def is_sharded(found: Found) -> bool:
    """Whether sharding has changed the shapes of a model's parameters: FSDP1's, and ZeRO-3's, does."""
    fsdp1 = any(_wraps(cls) == _WRAPPERS["FullyShardedDataParallel"] for cls in found.modules)
    return fsdp1 or any(hasattr(tensor, "ds_shape") for tensor in found.tensors)


def class_name(model: nn.Module) -> str:
    """The class of a model under its wrappers: `package.module.Class`."""
    while (inner := _wraps(type(model))) and hasattr(model, inner):
        model = getattr(model, inner)
    owner = next((cls for cls in type(model).__mro__ if not _synthesised(cls)), type(model))
    return f"{owner.__module__}.{owner.__qualname__}"
