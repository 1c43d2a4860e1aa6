"""A real scheduler, of torch or timm or under a trainer's wrapper, to what it takes for the rates of each group.

No scheduler is imported: its class is known by its name and its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lrspec.optim.optimizer_classes import inner


@dataclass(frozen=True, eq=False)
class Schedule:
    """What one scheduler knows of the groups of its optimizer; each list has an item a group.

    `base` is what it calls the rates of `bases`, which the rest of the schedule is a multiple of; `bases` is None where
    it has none. `floors` are further rates, by what it calls them. `together` is False where it may move groups apart.
    `factors` are a warm-up's that multiplies the rates after another scheduler has set them.
    """

    kind: str
    optimizer: object
    base: str = "the base rate"
    bases: Sequence[Any] | None = None
    floors: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    together: bool = True
    factors: Sequence[float] | None = None


def listed(schedulers: Any) -> list[Any]:
    """The schedulers that a call was given, without their wrappers: none, one, a mapping or a list of them.

    Raises:
        TypeError: for what is no scheduler.
    """
    if schedulers is None:
        return []
    if isinstance(schedulers, Mapping):
        schedulers = schedulers.values()
    found = schedulers if isinstance(schedulers, Iterable) and not isinstance(schedulers, str) else [schedulers]
    return [_scheduler(inner(each, "scheduler")) for each in found if each is not None]


def _scheduler(given: Any) -> Any:
    """A scheduler, which may be of any kind, but no class, no optimizer, and no value of a trainer's configuration."""
    if isinstance(given, type | str | int | float | Mapping) or hasattr(given, "param_groups"):
        found = given.__name__ if isinstance(given, type) else type(given).__name__
        raise TypeError(f"expected a scheduler, or a list or a mapping of them, found {found}")
    return given


def last_rates(scheduler: Any) -> Sequence[Any] | None:
    """The rates that a scheduler of torch has set last; None of others."""
    rates: Sequence[Any] | None = getattr(scheduler, "_last_lr", None)
    return rates


def schedules(scheduler: Any) -> Iterator[Schedule]:
    """What a scheduler is made of: those in a sequence or a chain, or just itself."""
    parts = getattr(scheduler, "_schedulers", None)
    if parts is not None:
        for part in parts:
            yield from schedules(part)
    elif hasattr(scheduler, "base_values"):
        yield from _of_timm(scheduler)
    elif callable(getattr(scheduler, "warmup_factor", None)) and hasattr(scheduler, "warmup_params"):
        yield _of_pytorch_warmup(scheduler)
    else:
        yield _of_torch(scheduler)


def _of_timm(scheduler: Any) -> Iterator[Schedule]:
    """Of timm: warm-up and floor are one number for all groups. It may schedule another setting than the rate."""
    if scheduler.param_group_field != "lr":
        return
    bases = list(scheduler.base_values)
    keys = ["lr_min"] if not getattr(scheduler, "warmup_t", 0) else ["lr_min", "warmup_lr_init"]
    floors = {key: _each(getattr(scheduler, key), len(bases)) for key in keys if hasattr(scheduler, key)}
    yield Schedule(type(scheduler).__name__, inner(scheduler.optimizer), bases=bases, floors=floors)


def _of_pytorch_warmup(scheduler: Any) -> Schedule:
    """Of pytorch_warmup: `dampening()` takes its factors back when it begins, and multiplies the rates when it ends."""
    factors = [scheduler.warmup_factor(scheduler.last_step, **params) for params in scheduler.warmup_params]
    return Schedule(type(scheduler).__name__, inner(scheduler.optimizer), factors=factors)


def _of_torch(scheduler: Any) -> Schedule:
    optimizer = inner(getattr(scheduler, "optimizer", None))
    groups = getattr(optimizer, "param_groups", [])
    base, bases = _bases(scheduler, groups)
    return Schedule(
        type(scheduler).__name__, optimizer, base, bases, _floors(scheduler, groups), _moves_together(scheduler)
    )


def _bases(scheduler: Any, groups: Sequence[Mapping[str, Any]]) -> tuple[str, Sequence[Any] | None]:
    """The rates at the height of the schedule, and what they are called; a cycle is named by its highest."""
    if hasattr(scheduler, "max_lrs"):
        return "`max_lr`", scheduler.max_lrs
    if _is_called(scheduler, "OneCycleLR"):
        return "`max_lr`", [group.get("max_lr") for group in groups]
    return "the base rate", getattr(scheduler, "base_lrs", None)


def _floors(scheduler: Any, groups: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    floors: dict[str, Sequence[Any]] = {}
    if hasattr(scheduler, "eta_min"):
        floors["eta_min"] = _each(scheduler.eta_min, len(groups))
    if hasattr(scheduler, "min_lrs"):
        floors["min_lr"] = scheduler.min_lrs
    if hasattr(scheduler, "max_lrs"):
        floors["base_lr"] = scheduler.base_lrs
    if _is_called(scheduler, "SWALR"):
        floors["swa_lr"] = [group.get("swa_lr") for group in groups]
    return floors


def _moves_together(scheduler: Any) -> bool:
    """Not with several lambdas, which are there to move groups apart, or to give each its floor."""
    return len(set(map(id, getattr(scheduler, "lr_lambdas", ())))) <= 1


def _each(value: Any, groups: int) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * groups


def _is_called(scheduler: Any, name: str) -> bool:
    return any(cls.__name__ == name for cls in type(scheduler).__mro__)
