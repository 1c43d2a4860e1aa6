"""Holds the running statistics of frozen batch norms, which in training mode every batch moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from torch import nn

    from lrspec.models.walk import ModelParameters, VisitedModule

_HELD: WeakSet[nn.Module] = WeakSet()
"""The modules that `freeze_statistics` has put into `eval()`."""


def freeze_statistics(model: nn.Module, parameters: ModelParameters) -> list[str]:
    """See `Plan.freeze_statistics`; `parameters` are the model's."""
    frozen = {id(visited.module): visited for visited, _ in frozen_norms(parameters)}
    for visited in frozen.values():
        if visited.module.training:
            visited.module.eval()
            _HELD.add(visited.module)
    for module in {id(visited.module): visited.module for visited in parameters.modules}.values():
        if module in _HELD and id(module) not in frozen:
            _HELD.discard(module)
            module.train(model.training)
    return [visited.prefix.removesuffix(".") for visited in frozen.values()]


def frozen_norms(parameters: ModelParameters) -> Iterator[tuple[VisitedModule, range]]:
    """The modules that track statistics and are frozen now, each with the parameters by which it is.

    These are its own, or if it has none, all of the nearest module around it that has any.
    """
    norms = {cls for cls in parameters.classes if _is_norm(cls)}
    seen: set[int] = set()
    modules = parameters.modules
    for index, visited in enumerate(modules):
        module = visited.module
        if type(module) not in norms or not module.track_running_stats or id(module) in seen:
            continue
        seen.add(id(module))
        outwards = (modules[place] for place in range(index, len(modules)))  # each comes after those inside it
        around = (each for each in outwards if each.stop > each.start and visited.prefix.startswith(each.prefix))
        owner = next(around, visited)
        own = range(owner.start, owner.stop)
        if own and not any(parameters.tensors[place].requires_grad for place in own):
            yield visited, own


def _is_norm(cls: type) -> bool:
    return any(base.__name__ == "_NormBase" and base.__module__.startswith("torch.nn.") for base in cls.__mro__)
