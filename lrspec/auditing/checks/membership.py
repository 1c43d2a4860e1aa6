"""Is every trained parameter in exactly one group, and does each group hold just these? LRS501 to LRS504."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lrspec.auditing.finding import AuditFinding, labels
from lrspec.auditing.run import Run, Slot
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.models.describe import count_parameters
from lrspec.optim.thawing.advance import frozen_for_now

_AVERAGES = ("AveragedModel", "BaseAveragedModel", "ModelEma")
"""The beginnings of the names of classes that hold an average of another model: torch's, mmengine's and timm's."""

_SINGLE, _BYTES = "torch.float32", 4
"""The precision of copies, and the bytes of a number in it."""

_SHOWN = 3
"""The number of places, or of tensors without a name, that a message names before it counts the rest."""


def without_group(run: Run) -> Iterator[AuditFinding]:
    """Parameters that require grad and are in no group: those with a tensor in their stead, and the others."""
    homeless = _homeless(run)
    strangers = {id(slot.tensor): slot for slot in reversed(run.slots) if slot.place is None} if homeless else {}
    copied = _copied(run, homeless, strangers.values())
    left = [place for place in homeless if place not in copied]
    replaced = dict(_stand_ins(run, left, _others(strangers.values(), copied)))
    yield from _foreign_tensor(run, replaced)
    yield from _in_no_group(run, [place for place in left if place not in replaced])


def _in_no_group(run: Run, left: list[int]) -> Iterator[AuditFinding]:
    """LRS501: parameters that require grad and that no optimizer has."""
    if left:
        are, it = ("requires grad, but is", "it") if len(left) == 1 else ("require grad, but are", "them")
        optimizers = "the optimizer" if len(run.optimizers) == 1 else "the optimizers"
        yield run.finding(
            "LRS501",
            left,
            f"{_counted(run, left)} {are} in no group of {optimizers}: no step changes {it}",
            f"Give {it} to the optimizer, when it is built or by `add_param_group`; or freeze {it} by "
            "`requires_grad_(False)`, so that no gradients are computed.",
        )


def _foreign_tensor(run: Run, replaced: dict[int, Slot]) -> Iterator[AuditFinding]:
    """LRS504: tensors in groups that have taken the place of the model's own parameters."""
    if replaced:
        places, slots = list(replaced), list(replaced.values())
        yield run.finding(
            "LRS504",
            places,
            f"{count(len(slots), 'tensor')} in {labels(slots)} {_are(slots)} not the model's ({_strangers(slots)}), "
            f"and {_counted(run, places)} of the same {'shape is' if len(places) == 1 else 'shapes are'} in no group: "
            "steps change what the model does not use",
            "Build the optimizer last, from the model that trains: replacing modules, sharding, `to_empty`, loading "
            "with `assign=True` and copying the model (`deepcopy`) make new parameters.",
        )


def in_two_groups(run: Run) -> Iterator[AuditFinding]:
    """LRS502: parameters that are in several groups, or several times in one."""
    repeated = {place: slots for place, slots in run.slots_of.items() if len(slots) > 1}
    if repeated:
        places = list(repeated)
        it = "it" if len(places) == 1 else "them"
        where = list(dict.fromkeys(map(_where, repeated.values())))
        several = len({id(slot.optimizer) for slots in repeated.values() for slot in slots}) > 1
        turns = ' Optimizers that take turns may share: `ignore=["parameter-in-two-groups"]`.' if several else ""
        yield run.finding(
            "LRS502",
            places,
            f"{_counted(run, places)} {_are(places)} in {few(where, _SHOWN)}{_updates(run, places)}",
            f"Leave {it} in one group, once.{turns}",
        )


def frozen_in_group(run: Run) -> Iterator[AuditFinding]:
    """LRS503: parameters in a group that do not require grad."""
    frozen = [place for place in sorted(run.slots_of) if not run.trains(place)]
    fine = {*_adapted(run), *_thawing(run)} if frozen else set()
    if frozen := [place for place in frozen if place not in fine]:
        it, they, does = ("it", "it", "does") if len(frozen) == 1 else ("them", "they", "do")
        slots = (slot for place in frozen for slot in run.slots_of[place])
        yield run.finding(
            "LRS503",
            frozen,
            f"{_counted(run, frozen)} in {labels(slots)} {does} not require grad: no step changes {it}",
            f"If {they} should train, call `requires_grad_(True)`; otherwise leave {it} out of the groups.",
        )


MEMBERSHIP = (without_group, in_two_groups, frozen_in_group)
"""Every check of where parameters are."""


def _homeless(run: Run) -> list[int]:
    """The parameters that require grad and are in no group, except averages."""
    left = [place for place, on in enumerate(run.inventory.columns.trainable) if on and place not in run.slots_of]
    averaged = _averaged(run) if left else ()
    return [place for place in left if place not in averaged]


def _copied(run: Run, places: Sequence[int], strangers: Iterable[Slot]) -> dict[int, Slot]:
    """The parameters of a lower precision that mixed precision steps as a copy in float32, with the slot of the copy.

    It has their shape. Where none of them is stepped itself, it may also be flat, one for many. In several processes
    it may be a shard, and others have the copies of more parameters.
    """
    low = [place for place in places if _is_low(run, place)]
    single = [slot for slot in strangers if str(slot.tensor.dtype) == _SINGLE]
    several = _has_processes()
    like = {slot.tensor.shape: slot for slot in single} if several else {}
    copied = {place: like[run.tensors[place].shape] for place in low if run.tensors[place].shape in like}
    copied.update(_stand_ins(run, low, single))
    flat = _flat(single)
    if len(flat) < len(single):
        flat = _flat(_others(single, copied))
    if flat and not any(_is_low(run, place) for place in run.slots_of):
        longest = max(flat, key=lambda slot: int(slot.tensor.numel()))
        most = math.inf if several and len(flat) == len(single) else longest.tensor.numel()
        copied.update((place, longest) for place in low if place not in copied and run.tensors[place].numel() <= most)
    return copied


def _flat(slots: Iterable[Slot]) -> list[Slot]:
    return [slot for slot in slots if len(slot.tensor.shape) == 1]


def _others(slots: Iterable[Slot], taken: Mapping[int, Slot]) -> list[Slot]:
    """The slots of other tensors than some."""
    tensors = {id(slot.tensor) for slot in taken.values()}
    return [slot for slot in slots if id(slot.tensor) not in tensors]


def _is_low(run: Run, place: int) -> bool:
    return bool(run.tensors[place].element_size() < _BYTES)


def _has_processes() -> bool:
    distributed: Any = sys.modules.get("torch.distributed")
    running = distributed is not None and distributed.is_available() and distributed.is_initialized()
    return bool(running and distributed.get_world_size() > 1)


def _stand_ins(run: Run, places: Sequence[int], slots: Iterable[Slot]) -> Iterator[tuple[int, Slot]]:
    """The parameters that have a tensor of their shape in some slots, each with one of its own."""
    free: dict[tuple[int, ...], list[Slot]] = {}
    for slot in slots:
        free.setdefault(tuple(slot.tensor.shape), []).append(slot)
    for place in places if free else ():
        if alike := free.get(tuple(run.tensors[place].shape)):
            yield place, alike.pop()


def _averaged(run: Run) -> set[int]:
    """The parameters of modules that hold an average of a model, which nothing trains."""
    classes = {
        cls for cls in run.parameters.classes if any(base.__name__.startswith(_AVERAGES) for base in cls.__mro__)
    }
    return _inside(run, classes)


def _adapted(run: Run) -> Iterable[int]:
    """The parameters of models with PEFT's adapters in them: all, if a module has adapters outside a `PeftModel`."""
    named = {cls: {base.__name__ for base in cls.__mro__} for cls in run.parameters.classes}
    inside = _inside(run, {cls for cls, names in named.items() if "PeftModel" in names})
    adapters = _inside(run, {cls for cls, names in named.items() if "BaseTunerLayer" in names})
    adapted = inside if adapters <= inside else range(len(run.tensors))
    return adapted if any(map(run.trains, adapted)) else ()  # else not even the adapters train


def _inside(run: Run, classes: set[type]) -> set[int]:
    """The places of the parameters of all modules of some classes."""
    index, names = run.inventory.index, run.parameters.names
    modules = [visited for visited in run.parameters.modules if type(visited.module) in classes] if classes else []
    return {index[name] for visited in modules for name in names[visited.start : visited.stop]}


def _thawing(run: Run) -> Iterator[int]:
    """The parameters that `plan.advance` has frozen until their time comes."""
    later = frozen_for_now()
    return (place for place in run.slots_of if id(run.tensors[place]) in later)


def _updates(run: Run, places: Sequence[int]) -> str:
    """What it costs that parameters are in groups more than once; nothing if none of them trains."""
    trained = [place for place in places if run.trains(place)]
    they = ("it is" if len(places) == 1 else "they are") if trained == places else "those that train are"
    return f": {they} updated more than once per step" if trained else ""


def _strangers(slots: Sequence[Slot]) -> str:
    more = f" and {len(slots) - _SHOWN:,} more" if len(slots) > _SHOWN else ""
    return ", ".join(map(_stranger, slots[:_SHOWN])) + more


def _stranger(slot: Slot) -> str:
    """A tensor that the model does not have: its name in the group, or else its number, with its shape."""
    number = next(n for n, tensor in enumerate(slot.keys["params"]) if tensor is slot.tensor)
    names: Any = slot.keys.get("param_names", ())
    return f"{printable(str(names[number])) if number < len(names) else f'params[{number}]'} {list(slot.tensor.shape)}"


def _where(slots: Sequence[Slot]) -> str:
    """`group 0 and group 1`, or `group 0 twice`."""
    labels = list(dict.fromkeys(slot.label for slot in slots))
    times = "twice" if len(slots) == 2 else f"{len(slots)} times"
    return " and ".join(labels) if len(labels) > 1 else f"{labels[0]} {times}"


def _counted(run: Run, places: Sequence[int]) -> str:
    return count_parameters(run.inventory.columns, places)


def _are(things: Sequence[Any]) -> str:
    return "is" if len(things) == 1 else "are"
