"""Do the running statistics of frozen norms move? LRS514."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.models.walk import ModelParameters, VisitedModule
from lrspec.optim.thawing.statistics import Norms


def statistics_of_frozen(run: Run) -> Iterator[AuditFinding]:
    """LRS514: frozen norms in training mode, but those of a copy that follows a trained module."""
    frozen = [visited for visited, _ in Norms(run.parameters).moving()]
    if moving := _Twins(run.parameters, frozen).without_one(frozen) if frozen else []:
        index, names = run.inventory.index, run.parameters.names
        modules = [visited.prefix.removesuffix(".") for visited in moving]
        places = [index[name] for visited in moving for name in names[visited.start : visited.stop]]
        verb = "is" if len(moving) == 1 else "are"
        yield run.finding(
            "LRS514",
            places,
            f"{count(len(moving), 'frozen norm')} {verb} in training mode ({few(modules, SHOWN)}): every batch moves "
            f"{'its' if len(moving) == 1 else 'their'} running statistics, so what is frozen still changes",
            "Put them into `eval()` after each `model.train()`; `requires_grad_(False)` does not stop them.",
        )


_LISTS = ("ModuleList", "ModuleDict")
"""The classes of modules that hold others beside each other."""


class _Twins:
    """The modules that train, in which copies of some that are frozen, such as momentum encoders, are looked for."""

    def __init__(self, parameters: ModelParameters, norms: list[VisitedModule]) -> None:
        self.parameters = parameters
        self.modules = {each.prefix: each for each in parameters.modules}
        self.trained = [0, *accumulate(int(tensor.requires_grad) for tensor in parameters.tensors)]
        copies = {copy.prefix: copy for norm in norms for copy in self._frozen_around(norm)}
        sizes = set(map(_size, copies.values()))
        stacks: dict[int, set[str]] = {}
        for each in self.modules.values():
            if _size(each) in sizes and self._trains(each):
                stacks.setdefault(self._structure(each), set()).add(self._stack(each))
        self.twins = {
            prefix for prefix, copy in copies.items() if stacks.get(self._structure(copy), set()) - {self._stack(copy)}
        }

    def without_one(self, norms: list[VisitedModule]) -> list[VisitedModule]:
        """Return the norms that are in no copy of what trains: all of a frozen module, if a part of it has no twin."""
        apart = {self._whole(norm) for norm in norms if not self._has_one(norm)}
        return [norm for norm in norms if self._whole(norm) in apart]

    def _has_one(self, norm: VisitedModule) -> bool:
        """Return whether a frozen module around a norm is in the model once more and trains, not in the same stack."""
        return any(copy.prefix in self.twins for copy in self._frozen_around(norm))

    def _whole(self, norm: VisitedModule) -> str:
        """The path of the largest frozen module around a norm that is more than a list of modules."""
        around = (each for each in self._frozen_around(norm) if type(each.module).__name__ not in _LISTS)
        return next(around, norm).prefix

    def _frozen_around(self, norm: VisitedModule) -> Iterator[VisitedModule]:
        parts = norm.prefix.split(".")[:-1]
        around = (self.modules.get("".join(f"{part}." for part in parts[:depth])) for depth in range(len(parts)))
        return (each for each in around if each and _size(each) > _size(norm) and not self._trains(each))

    def _trains(self, module: VisitedModule) -> bool:
        return self.trained[module.stop] > self.trained[module.start]

    def _structure(self, module: VisitedModule) -> int:
        """A hash of the names and shapes in a module."""
        names, tensors, cut = self.parameters.names, self.parameters.tensors, len(module.prefix)
        return hash(tuple([(names[place][cut:], tensors[place].shape) for place in range(module.start, module.stop)]))

    def _stack(self, module: VisitedModule) -> str:
        """The path of a module without numbers, which is that of all layers of a stack; a list of two is none."""
        parts = module.prefix.split(".")[:-1]
        above = ["".join(f"{part}." for part in parts[:depth]) for depth in range(len(parts))]
        return ".".join(
            part if self._is_a_pair(prefix) else part.rstrip("0123456789")
            for prefix, part in zip(above, parts, strict=True)
        )

    def _is_a_pair(self, prefix: str) -> bool:
        around = self.modules.get(prefix)
        return around is not None and type(around.module).__name__ == "ModuleList" and len(around.module._modules) == 2


def _size(module: VisitedModule) -> int:
    return module.stop - module.start
