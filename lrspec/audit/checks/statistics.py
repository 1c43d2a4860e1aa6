"""Do the running statistics of frozen norms move? LRS514."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from lrspec.audit.finding import AuditFinding
from lrspec.audit.run import Run
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.models.walk import ModelParameters, VisitedModule
from lrspec.optim.thawing.statistics import frozen_norms


def statistics_of_frozen(run: Run) -> Iterator[AuditFinding]:
    """LRS514: frozen norms in training mode, but those of a copy that follows a trained module."""
    frozen = [visited for visited, _ in frozen_norms(run.parameters) if visited.module.training]
    twins = _Twins(run.parameters) if frozen else None
    moving = [visited for visited in frozen if twins and not twins.has_one(visited)]
    if moving:
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


class _Twins:
    """The modules of a model that train, in which a copy of one, such as a momentum encoder, is looked for."""

    def __init__(self, parameters: ModelParameters) -> None:
        self.parameters = parameters
        self.trained = [0, *accumulate(int(tensor.requires_grad) for tensor in parameters.tensors)]
        self.places = {name: place for place, name in enumerate(parameters.names)}
        self.lists: dict[str, Any] = {
            each.prefix: each.module for each in parameters.modules if type(each.module).__name__ == "ModuleList"
        }
        self.by_size: dict[int, list[VisitedModule]] = {}
        for each in parameters.modules:
            if self._trains(each):
                self.by_size.setdefault(each.stop - each.start, []).append(each)

    def has_one(self, norm: VisitedModule) -> bool:
        """Return whether a frozen module around a norm is in the model once more, and trains there."""
        around = (
            each
            for each in self.parameters.modules
            if norm.prefix.startswith(each.prefix) and each.stop - each.start > norm.stop - norm.start
        )
        copies = [each for each in around if not self._trains(each)]
        return any(
            self._is_copy(copy, other) for copy in copies for other in self.by_size.get(copy.stop - copy.start, ())
        )

    def _trains(self, module: VisitedModule) -> bool:
        return self.trained[module.stop] > self.trained[module.start]

    def _is_copy(self, copy: VisitedModule, other: VisitedModule) -> bool:
        """Return whether two modules have the same names and shapes, and are not two layers of a stack."""
        names, tensors = self.parameters.names, self.parameters.tensors
        pairs = (
            (place, self.places.get(other.prefix + names[place].removeprefix(copy.prefix)))
            for place in range(copy.start, copy.stop)
        )
        alike = all(twin is not None and tensors[own].shape == tensors[twin].shape for own, twin in pairs)
        return alike and not self._are_layers(copy.prefix, other.prefix)

    def _are_layers(self, one: str, other: str) -> bool:
        """Return whether paths differ in a number; in a list of two, modules may be twins."""
        parts, others = one.split("."), other.split(".")
        place = next((place for place, pair in enumerate(zip(parts, others, strict=False)) if pair[0] != pair[1]), 0)
        numbered = [re.fullmatch(r"(.*?)\d+", part) for part in (parts[place], others[place])]
        words = [found[1] if found else None for found in numbered]
        above = "".join(f"{part}." for part in parts[:place])
        return None not in words and words[0] == words[1] and len(self.lists.get(above, ())) != 2
