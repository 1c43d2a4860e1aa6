"""Walks a torch model: its parameters under their canonical names, without what wrappers add to names and classes.

torch is never imported here: a model brings its own, and its classes are known by their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn

_WRAPPERS = {
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "OptimizedModule": "_orig_mod",
    "ActivationWrapper": "_checkpoint_wrapped_module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
}
"""torch's classes that wrap a module, and the name each gives to it."""

_COMPOSABLE = ("FSDPModule", "ReplicateModule", "DDP")  # `fully_shard`, `replicate` put these before a module's class

WRAPPED = tuple(dict.fromkeys(_WRAPPERS.values()))  # names that wrappers give; canonical names do not have them


class ModelParameters(NamedTuple):
    """The parameters of a model in the order of `named_parameters()`: each list has one item per parameter name.

    `names` are canonical, and `owners` are the classes of the modules that own the parameters; `classes` has the
    classes of all modules. `modules` are all modules, each after those inside it.
    """

    names: list[str]
    owners: list[type]
    tensors: list[nn.Parameter]
    classes: dict[type, _Naming]
    modules: list[VisitedModule]


class VisitedModule(NamedTuple):
    """A module in one of its places: the beginning of its parameters' names, and their range in the model's."""

    module: nn.Module
    prefix: str
    start: int
    stop: int


class _Naming(NamedTuple):
    """The way a class names its children: the name that a wrapper gives, and whether it lists its modules itself."""

    inner: str | None
    lists_its_own: bool


class _Namings(dict[type, _Naming]):
    """The naming of each class; PEFT's attention has its own `named_modules`, which restores a layer's parameters."""

    def __missing__(self, cls: type) -> _Naming:
        lists_its_own = any("named_modules" in vars(base) for base in cls.__mro__ if not is_module(base))
        self[cls] = _Naming(_wraps(cls), lists_its_own)
        return self[cls]


def walk(model: nn.Module) -> ModelParameters:
    """Return every name of every parameter of a model, also where a module is in several places.

    A parameter is named by where it is registered: custom `named_parameters` overrides are ignored, as torch does for
    submodules. torch's own walk is a generator for each level, and takes three times as long. TypeError if it is not a
    model.
    """
    if not hasattr(model, "_parameters"):
        raise TypeError(f"expected a model (torch.nn.Module), found {type(model).__name__}")
    names: list[str] = []
    owners: list[type] = []
    tensors: list[nn.Parameter] = []
    modules: list[VisitedModule] = []
    namings = _Namings()
    above: set[int] = set()

    def visit(module: nn.Module, prefix: str) -> None:
        cls, start = type(module), len(names)
        for name, tensor in module._parameters.items():
            if tensor is not None:
                names.append(prefix + name)
                owners.append(cls)
                tensors.append(tensor)
        inner, lists_its_own = namings[cls]
        if module._modules and id(module) not in above:  # a module that contains itself is not entered again
            above.add(id(module))
            children: Iterable[tuple[str, nn.Module | None]] = module._modules.items()
            if lists_its_own:
                listed = module.named_modules(remove_duplicate=False)
                children = [(path, child) for path, child in listed if path and "." not in path]
            for name, child in children:
                if child is not None:
                    visit(child, prefix if name == inner else f"{prefix}{name}.")
            above.remove(id(module))
        modules.append(VisitedModule(module, prefix, start, len(names)))

    visit(model, "")
    return ModelParameters(names, owners, tensors, namings, modules)


def owner_classes(owner: type) -> tuple[str, ...]:
    """Return the names of a class of modules and its bases, up to `Module`, without those that torch synthesises."""
    names: list[str] = []
    for cls in owner.__mro__:
        if is_module(cls):
            break
        if not _synthesised(cls):
            names.append(cls.__name__)
    return tuple(names)


def _synthesised(cls: type) -> bool:
    """Return whether `fully_shard` or `replicate` made this class, or `parametrize`, which makes a subclass."""
    distributed = any(base.__name__ in _COMPOSABLE and _from_torch(base) for base in (cls, *cls.__bases__))
    return distributed or (cls.__name__.startswith("Parametrized") and cls.__module__ == "torch.nn.utils.parametrize")


def _wraps(cls: type) -> str | None:
    """Return the name that a wrapper's class gives to the module that it wraps; None for any other class."""
    for base in cls.__mro__:
        if base.__name__ in _WRAPPERS and _from_torch(base):
            return _WRAPPERS[base.__name__]
    return None


def is_module(cls: type) -> bool:
    """Return whether a class is `torch.nn.Module` itself."""
    return cls.__name__ == "Module" and cls.__module__ == "torch.nn.modules.module"


def _from_torch(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "torch"


def is_sharded(parameters: ModelParameters) -> bool:
    """Return whether sharding has changed the shapes of a model's parameters, as FSDP1 and ZeRO-3 do."""
    fsdp1 = any(naming.inner == _WRAPPERS["FullyShardedDataParallel"] for naming in parameters.classes.values())
    return fsdp1 or any(hasattr(tensor, "ds_shape") for tensor in parameters.tensors)


def why_lazy(parameters: ModelParameters) -> str | None:
    """Return the message for a parameter that has no shape until a batch has run through its module, if any."""
    lazy = {
        cls
        for cls in set(map(type, parameters.tensors))
        if any(base.__name__ == "UninitializedTensorMixin" and _from_torch(base) for base in cls.__mro__)
    }
    if not lazy:
        return None
    named = zip(parameters.names, parameters.tensors, strict=True)
    name = next(name for name, tensor in named if type(tensor) in lazy)
    return f"{name} has no shape yet: run a batch through the model first"


def is_flat(name: str) -> bool:
    """Return whether this is a parameter into which FSDP1 merges a module's, without `use_orig_params=True`."""
    return name.rpartition(".")[2] == "_flat_param"


def class_name(model: nn.Module) -> str:
    """Return the class of a model under its wrappers: `package.module.Class`."""
    while (inner := _wraps(type(model))) and hasattr(model, inner):
        model = getattr(model, inner)
    owner = next((cls for cls in type(model).__mro__ if not _synthesised(cls)), type(model))
    return f"{owner.__module__}.{owner.__qualname__}"
