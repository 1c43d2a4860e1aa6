"""Holds the running statistics of frozen batch norms, which in training mode every batch moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from torch import nn

    from lrspec.models.walk import ModelParameters, VisitedModule

_HELD: WeakSet[nn.Module] = WeakSet()
"""The modules that have been put into `eval()`."""


class Norms:
    """The modules of a model that track statistics, each with the parameters by which it is frozen.

    These are its own, or if it has none, all of the nearest module around it that has any.
    """

    def __init__(self, parameters: ModelParameters) -> None:
        self.model = next(visited.module for visited in parameters.modules if not visited.prefix)  # in all wrappers
        self.found = list(_found(parameters))

    def frozen(self) -> list[tuple[VisitedModule, list[nn.Parameter]]]:
        """Return those that are frozen now."""
        return [(norm, own) for norm, own in self.found if own and not any(tensor.requires_grad for tensor in own)]

    def moving(self) -> list[tuple[VisitedModule, list[nn.Parameter]]]:
        """Return the frozen ones that each batch moves: those in training mode, unless their momentum is 0."""
        return [(norm, own) for norm, own in self.frozen() if norm.module.training and norm.module.momentum != 0]

    def freeze(self) -> list[str]:
        """See `Plan.freeze_statistics`; this takes no walk through the model."""
        frozen = {norm.module: norm.prefix.removesuffix(".") for norm, _ in self.frozen()}
        for module in (norm.module for norm, _ in self.found):
            if module in frozen and module.training:
                module.eval()
                _HELD.add(module)
            elif module not in frozen and module in _HELD:
                _HELD.discard(module)
                module.train(self.model.training)
        return list(frozen.values())


def _found(parameters: ModelParameters) -> Iterator[tuple[VisitedModule, list[nn.Parameter]]]:
    norms = {cls for cls in parameters.classes if _is_norm(cls)}
    seen: set[int] = set()
    for index, visited in enumerate(parameters.modules):
        module = visited.module
        if type(module) not in norms or not module.track_running_stats or id(module) in seen:
            continue
        seen.add(id(module))
        outwards = parameters.modules[index:]  # each comes after those inside it
        around = (each for each in outwards if each.stop > each.start and visited.prefix.startswith(each.prefix))
        owner = next(around, visited)
        yield visited, parameters.tensors[owner.start : owner.stop]


def _is_norm(cls: type) -> bool:
    return any(base.__name__ == "_NormBase" and base.__module__.startswith("torch.nn.") for base in cls.__mro__)
