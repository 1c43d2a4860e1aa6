"""Is every trained parameter in exactly one group, and does each group hold just these? LRS501 to LRS504."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run, Slot
from lrspec.diagnostics.wording import count, few
from lrspec.models.describe import count_parameters

_AVERAGES = ("AveragedModel", "ModelEma")
"""The beginnings of the names of modules that hold an average of another model: nothing trains them."""


def in_no_group(run: Run) -> Iterator[AuditFinding]:
    """LRS501: parameters that require grad and that no optimizer has."""
    replaced = {place for place, _ in _stand_ins(run)}
    averaged = _averaged(run)
    left = [place for place in _homeless(run) if place not in replaced and place not in averaged]
    if left:
        are = "requires grad, but is" if len(left) == 1 else "require grad, but are"
        yield run.finding(
            "LRS501",
            left,
            f"{_counted(run, left)} {are} in no group of the optimizer: no step changes {_them(left)}",
            "Give them to the optimizer (`add_param_group`), or freeze them: `requires_grad_(False)` saves their "
            "gradients.",
        )


def in_two_groups(run: Run) -> Iterator[AuditFinding]:
    """LRS502: parameters that are in several groups, or several times in one."""
    by_labels: dict[tuple[str, ...], list[int]] = {}
    for place, slots in run.slots_of.items():
        if len(slots) > 1:
            by_labels.setdefault(tuple(slot.label for slot in slots), []).append(place)
    for labels, places in by_labels.items():
        distinct = list(dict.fromkeys(labels))
        where = " and in ".join(distinct) if len(distinct) > 1 else f"{len(labels)} times in {labels[0]}"
        verb = "is" if len(places) == 1 else "are"
        yield run.finding(
            "LRS502",
            places,
            f"{_counted(run, places)} {verb} in {where}: each step moves {_them(places)} {len(labels)} times",
            "Leave them in one group; two optimizers that take turns are fine, and `ignore` says so: "
            '`ignore=["parameter-in-two-groups"]`.',
        )


def frozen_in_group(run: Run) -> Iterator[AuditFinding]:
    """LRS503: parameters in a group that do not require grad."""
    adapters = any(cls.__name__ == "BaseTunerLayer" for owner in run.parameters.classes for cls in owner.__mro__)
    frozen = [place for place in sorted(run.slots_of) if not run.trains(place)]
    if frozen and not adapters:
        verb = "does" if len(frozen) == 1 else "do"
        yield run.finding(
            "LRS503",
            frozen,
            f"{_counted(run, frozen)} in a group {verb} not require grad: the optimizer skips {_them(frozen)}",
            "Leave frozen parameters out of the groups; if they are to train, `requires_grad_(True)`.",
        )


def foreign_tensor(run: Run) -> Iterator[AuditFinding]:
    """LRS504: tensors in groups that have taken the place of the model's own parameters."""
    pairs = [(place, slot) for place, slot in _stand_ins(run) if not _is_copy(slot, run.tensors[place])]
    if pairs:
        labels = few(list(dict.fromkeys(slot.label for _, slot in pairs)), 3)
        places = [place for place, _ in pairs]
        yield run.finding(
            "LRS504",
            places,
            f"{count(len(pairs), 'tensor')} in {labels} {'is' if len(pairs) == 1 else 'are'} not the model's, and "
            f"{_counted(run, places)} of the same shape in no group: steps move what the model does not use",
            "Build the optimizer last, from the model that trains: after moving, sharding and replacing parts of it.",
        )


def _stand_ins(run: Run) -> Iterator[tuple[int, Slot]]:
    """Parameters that require grad and are in no group, each with a tensor of its shape that is not the model's."""
    by_shape: dict[tuple[int, ...], list[Slot]] = {}
    for slot in run.slots:
        if slot.place is None:
            by_shape.setdefault(tuple(getattr(slot.tensor, "shape", ())), []).append(slot)
    for place in _homeless(run) if by_shape else ():
        alike = by_shape.get(tuple(run.tensors[place].shape))
        if alike:
            yield place, alike.pop(0)


def _is_copy(slot: Slot, parameter: Any) -> bool:
    """Return whether a tensor is what mixed precision steps for a parameter: its copy in float32."""
    return str(slot.tensor.dtype) == "torch.float32" and str(parameter.dtype) != "torch.float32"


def _homeless(run: Run) -> list[int]:
    return [place for place, on in enumerate(run.inventory.columns.trainable) if on and place not in run.slots_of]


def _averaged(run: Run) -> set[int]:
    """The parameters of modules that hold an average of a model."""
    index = run.inventory.index
    return {
        index[name]
        for visited in run.parameters.modules
        if any(cls.__name__.startswith(_AVERAGES) for cls in type(visited.module).__mro__)
        for name in run.parameters.names[visited.start : visited.stop]
    }


def _counted(run: Run, places: list[int]) -> str:
    return count_parameters(run.inventory.columns, places)


def _them(places: list[int]) -> str:
    return "it" if len(places) == 1 else "them"


MEMBERSHIP = (in_no_group, in_two_groups, frozen_in_group, foreign_tensor)
"""Every check of where parameters are."""
