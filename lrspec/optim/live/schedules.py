"""Reads the rates that a scheduler, of torch or timm or under a trainer's wrapper, has for each group.

No scheduler is imported: its class is recognised by its name and its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lrspec.optim.live.unwrap import inner


@dataclass(frozen=True, eq=False)
class Schedule:
    """The rates of one scheduler for the groups of its optimizer; each list has one item per group.

    `name` is the scheduler's class. `base` is what it calls the rates in `bases`, which the rest of the schedule is a
    multiple of; `bases` is None if it has none. `floors` are further rates, by what it calls them. `together` is
    False if it may move groups apart. `factors` are those of a warm-up that multiplies the rates after another
    scheduler has set them. `position` are the step and the number of steps of one from `lrspec.build_scheduler`.
    """

    name: str
    optimizer: object
    base: str = "the base rate"
    bases: Sequence[Any] | None = None
    floors: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    together: bool = True
    factors: Sequence[float] | None = None
    position: tuple[int, int] | None = None


def unwrap_schedulers(schedulers: Any) -> list[Any]:
    """Return the schedulers that a call was given, without their wrappers: none, one, a mapping or a list of them.

    Schedulers of any class are accepted. TypeError for anything else: a class itself, an optimizer, or a value of a
    trainer's configuration.
    """
    if schedulers is None:
        return []
    if isinstance(schedulers, Mapping):
        schedulers = schedulers.values()
    several = isinstance(schedulers, Iterable) and not isinstance(schedulers, str)
    unwrapped = [inner(item, "scheduler") for item in (schedulers if several else [schedulers]) if item is not None]
    for item in unwrapped:
        if isinstance(item, type | str | int | float | Mapping) or hasattr(item, "param_groups"):
            found = item.__name__ if isinstance(item, type) else type(item).__name__
            raise TypeError(f"expected a scheduler, or a list or a mapping of them, found {found}")
    return unwrapped


def schedules(scheduler: Any) -> Iterator[Schedule]:
    """The schedules that a scheduler consists of: those of a sequence or a chain, or just its own.

    timm's warm-up and floor are one number for all groups, and it may schedule another setting than the rate.
    pytorch_warmup's `dampening()` takes its factors back when it begins, and multiplies the rates when it ends.
    """
    name, parts = type(scheduler).__name__, getattr(scheduler, "_schedulers", None)
    if parts is not None:
        for part in parts:
            yield from schedules(part)
    elif hasattr(scheduler, "base_values"):
        if scheduler.param_group_field == "lr":
            bases = list(scheduler.base_values)
            keys = ["lr_min", "warmup_lr_init"] if getattr(scheduler, "warmup_t", 0) else ["lr_min"]
            floors = {key: _each(getattr(scheduler, key), len(bases)) for key in keys if hasattr(scheduler, key)}
            yield Schedule(name, inner(scheduler.optimizer), bases=bases, floors=floors)
    elif callable(getattr(scheduler, "warmup_factor", None)) and hasattr(scheduler, "warmup_params"):
        factors = [scheduler.warmup_factor(scheduler.last_step, **params) for params in scheduler.warmup_params]
        yield Schedule(name, inner(scheduler.optimizer), factors=factors)
    else:
        yield _of_torch(scheduler)


def _of_torch(scheduler: Any) -> Schedule:
    classes = {cls.__name__ for cls in type(scheduler).__mro__}
    optimizer = inner(getattr(scheduler, "optimizer", None))
    groups = getattr(optimizer, "param_groups", [])
    base, bases = "the base rate", getattr(scheduler, "base_lrs", None)
    floors: dict[str, Sequence[Any]] = {}
    if hasattr(scheduler, "eta_min"):
        floors["eta_min"] = _each(scheduler.eta_min, len(groups))
    if hasattr(scheduler, "min_lrs"):
        floors["min_lr"] = scheduler.min_lrs
    if hasattr(scheduler, "max_lrs"):  # a cycle: its base is the height of the schedule
        base, bases, floors["base_lr"] = "`max_lr`", scheduler.max_lrs, scheduler.base_lrs
    elif "OneCycleLR" in classes:
        base, bases = "`max_lr`", [group.get("max_lr") for group in groups]
    if "SWALR" in classes:
        floors["swa_lr"] = [group.get("swa_lr") for group in groups]
    # Several lambdas are there to move groups apart, or to give each its floor.
    together = len(set(map(id, getattr(scheduler, "lr_lambdas", ())))) <= 1
    position = (scheduler.last_epoch, scheduler.steps) if getattr(scheduler, "follows_plan", False) else None
    return Schedule(type(scheduler).__name__, optimizer, base, bases, floors, together, position=position)


def _each(value: Any, groups: int) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * groups
