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

_COMPOSABLE = ("FSDPModule", "ReplicateModule", "DDP")
"""torch's classes that `fully_shard` and `replicate` put before a module's own, in a class that they make."""

WRAPPED = tuple(dict.fromkeys(_WRAPPERS.values()))
"""The names that wrappers give to what they wrap, and that canonical names are without."""


class ModelParameters(NamedTuple):
    """What a model has, in the order of `named_parameters()`: an item of each list for every name of a parameter.

    `names` are canonical, `owners` the classes of the modules that have the parameters as their own; `classes` has
    those of all modules.
    """

    names: list[str]
    owners: list[type]
    tensors: list[nn.Parameter]
    classes: dict[type, _Naming]


class _Naming(NamedTuple):
    """How a class of modules names those inside: what it calls one that it wraps, and whether it lists them itself."""

    inner: str | None
    lists_its_own: bool


class _Namings(dict[type, _Naming]):
    def __missing__(self, cls: type) -> _Naming:
        self[cls] = _Naming(_wraps(cls), _lists_its_own(cls))
        return self[cls]


def walk(model: nn.Module) -> ModelParameters:
    """Every name of every parameter of a model, also where a module is in several places.

    A parameter is where it is registered: a `named_parameters` of a class's own is not asked, as torch asks none either
    of a module inside of another. torch's own walk is a generator for each level, and takes three times as long.

    Raises:
        TypeError: for what is no model.
    """
    if not hasattr(model, "_parameters"):
        raise TypeError(f"expected a model (torch.nn.Module), found {type(model).__name__}")
    names: list[str] = []
    owners: list[type] = []
    tensors: list[nn.Parameter] = []
    namings = _Namings()
    above: set[int] = set()

    def visit(module: nn.Module, prefix: str) -> None:
        cls = type(module)
        for name, tensor in module._parameters.items():
            if tensor is not None:
                names.append(prefix + name)
                owners.append(cls)
                tensors.append(tensor)
        inner, lists_its_own = namings[cls]
        if module._modules and id(module) not in above:  # one that contains itself is not entered again
            above.add(id(module))
            for name, child in _children(module) if lists_its_own else module._modules.items():
                if child is not None:
                    visit(child, prefix if name == inner else f"{prefix}{name}.")
            above.remove(id(module))

    visit(model, "")
    return ModelParameters(names, owners, tensors, namings)


def _children(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """The modules directly inside of another, as it lists them itself."""
    listed = module.named_modules(remove_duplicate=False)
    return [(path, child) for path, child in listed if path and "." not in path]


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


def _wraps(cls: type) -> str | None:
    """The name that a wrapper's class gives to the module that it wraps; None for any other class."""
    for base in cls.__mro__:
        if base.__name__ in _WRAPPERS and _from_torch(base):
            return _WRAPPERS[base.__name__]
    return None


def _lists_its_own(cls: type) -> bool:
    """Whether a class has its own `named_modules`: PEFT's for attention gives a layer its parameters back in it."""
    return any("named_modules" in vars(base) for base in cls.__mro__ if not _is_module(base))


def _is_module(cls: type) -> bool:
    return cls.__name__ == "Module" and cls.__module__ == "torch.nn.modules.module"


def _from_torch(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "torch"


def is_sharded(found: ModelParameters) -> bool:
    """Whether sharding has changed the shapes of a model's parameters: FSDP1's, and ZeRO-3's, does."""
    fsdp1 = any(naming.inner == _WRAPPERS["FullyShardedDataParallel"] for naming in found.classes.values())
    return fsdp1 or any(hasattr(tensor, "ds_shape") for tensor in found.tensors)


def why_lazy(found: ModelParameters) -> str | None:
    """What to say of a parameter that has no shape until a batch has run through its module, if there is one."""
    lazy = {cls for cls in set(map(type, found.tensors)) if _is_lazy(cls)}
    named = zip(found.names, found.tensors, strict=True) if lazy else ()
    names = (name for name, tensor in named if type(tensor) in lazy)
    return next((f"{name} has no shape yet: run a batch through the model first" for name in names), None)


def _is_lazy(cls: type) -> bool:
    return any(base.__name__ == "UninitializedTensorMixin" and _from_torch(base) for base in cls.__mro__)


def is_flat(name: str) -> bool:
    """Whether this is what FSDP1 merges the parameters of a module into, without `use_orig_params=True`."""
    return name.rpartition(".")[2] == "_flat_param"


def class_name(model: nn.Module) -> str:
    """The class of a model under its wrappers: `package.module.Class`."""
    while (inner := _wraps(type(model))) and hasattr(model, inner):
        model = getattr(model, inner)
    owner = next((cls for cls in type(model).__mro__ if not _synthesised(cls)), type(model))
    return f"{owner.__module__}.{owner.__qualname__}"
