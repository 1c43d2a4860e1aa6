"""The declarations of a model about its parameters: its embeddings, its head, and what should get no weight decay.

torch is never imported here: a model brings its own, and its classes are known by their names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from lrspec.models.parameters import Declared
from lrspec.models.walk import ModelParameters, VisitedModule, is_module

if TYPE_CHECKING:
    from torch import nn

_TORCHVISION_HEADS = ("fc", "classifier", "head", "heads")
_WILDCARDS = frozenset("*?[")


def declarations(parameters: ModelParameters) -> dict[int, Declared]:
    """Return what a model declares of its parameters, by the `id` of the tensor; a parameter without any is not there.

    Only the outermost module that can answer is asked. A model of timm, transformers or torchvision answers for
    everything inside it.
    """
    declared: dict[int, set[str]] = defaultdict(set)
    embeddings = {cls for cls in set(parameters.owners) if _is_embedding(cls)}
    for tensor, owner in zip(parameters.tensors, parameters.owners, strict=True):
        if owner in embeddings:
            declared[id(tensor)].add("embedding")
        if getattr(tensor, "_no_weight_decay", None) is True:
            declared[id(tensor)].add("no_weight_decay")
    classes = {type(visited.module) for visited in parameters.modules}
    heads = {cls: head_of for cls in classes if (head_of := _head_of(cls))}
    for visited in _outermost(parameters, heads):
        for tensor in heads[type(visited.module)](visited.module):
            declared[id(tensor)].add("head")
    methods = {cls for cls in classes if hasattr(cls, "no_weight_decay")}
    for visited in _outermost(parameters, methods | heads.keys()):
        for tensor in _without_decay(parameters, visited) if type(visited.module) in methods else ():
            declared[id(tensor)].add("no_weight_decay")
    return {key: tuple(sorted(names)) for key, names in declared.items()}


def _outermost(parameters: ModelParameters, classes: Iterable[type]) -> Iterator[VisitedModule]:
    """The modules of some classes that are in no other module of these classes."""
    outer: VisitedModule | None = None
    for visited in reversed(parameters.modules):  # from the outside to the inside, and from the last to the first
        if type(visited.module) in classes and not (outer and outer.start <= visited.start < outer.stop):
            outer = visited
            yield visited


def _is_embedding(cls: type) -> bool:
    """Return whether a class is `torch.nn.Embedding` or `EmbeddingBag`, or derived from one."""
    return any(
        base.__name__ in ("Embedding", "EmbeddingBag") and base.__module__ == "torch.nn.modules.sparse"
        for base in cls.__mro__
    )


def _without_decay(parameters: ModelParameters, visited: VisitedModule) -> Iterator[Any]:
    """The parameters that a module's `no_weight_decay()` names: patterns of names relative to the module."""
    module: Any = visited.module
    answer: Any = None
    with suppress(Exception):
        answer = module.no_weight_decay()
    if not isinstance(answer, set | frozenset | list | tuple) or not all(isinstance(text, str) for text in answer):
        return
    patterns = [text for text in answer if not _WILDCARDS.isdisjoint(text)]
    texts = set(answer).difference(patterns)
    for place in range(visited.start, visited.stop):
        name = parameters.names[place].removeprefix(visited.prefix)
        if name in texts or any(fnmatchcase(name, pattern) for pattern in patterns):
            yield parameters.tensors[place]


def _head_of(cls: type) -> Callable[[nn.Module], Iterator[nn.Parameter]] | None:
    """The function that yields the parameters of the head of a model of this class; None if it cannot declare any."""
    if any(base.__name__ == "PreTrainedModel" and _is_of("transformers", base) for base in cls.__mro__):
        return _transformers_head
    if hasattr(cls, "get_classifier") and any(_is_of("timm", base) for base in cls.__mro__):
        return _timm_head
    return _torchvision_head if any(_is_of("torchvision.models", base) for base in cls.__mro__) else None


def _is_of(package: str, cls: type) -> bool:
    return f"{cls.__module__}.".startswith(f"{package}.")


def _transformers_head(model: Any) -> Iterator[nn.Parameter]:
    with suppress(Exception):
        yield from _parameters_of(model.get_output_embeddings())
    with suppress(Exception):
        base = model.base_model
        if base is not model and any(map(is_module, type(base).__mro__)):
            inside = set(map(id, base.parameters()))
            yield from (parameter for parameter in model.parameters() if id(parameter) not in inside)


def _timm_head(model: Any) -> Iterator[nn.Parameter]:
    with suppress(Exception):
        yield from _parameters_of(model.get_classifier())
    with suppress(Exception):
        named = model.pretrained_cfg["classifier"]
        for name in (named,) if isinstance(named, str) else named:
            yield from _parameters_of(model.get_submodule(name))


def _torchvision_head(model: nn.Module) -> Iterator[nn.Parameter]:
    for name in _TORCHVISION_HEADS:
        yield from _parameters_of(model._modules.get(name))


def _parameters_of(answer: Any) -> Iterator[nn.Parameter]:
    """The parameters of an answer of a model: a module, or several in a list, tuple or mapping."""
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    for module in answer if isinstance(answer, list | tuple) else (answer,):
        if any(map(is_module, type(module).__mro__)):
            yield from module.parameters()
