"""Reads the rates that a scheduler, of torch or timm or under a trainer's wrapper, has for each group.

No scheduler is imported: its class is recognised by its name and its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lrspec.optim.live.unwrap import inner


@dataclass(frozen=True, eq=False)
class Schedule:
    """The rates of one scheduler for the groups of its optimizer; each list has one item per group.

    `name` is the scheduler's class. `base` is what it calls the rates in `bases`, which the rest of the schedule is a
    multiple of; `bases` is None if it has none. `is_height` is True if these are the `max_lr` of a cycle, which count
    before what others began with. `floors` are further rates, by what it calls them. `together` is False if it may move
    groups apart. `factors` are those of a warm-up that multiplies the rates after another
    scheduler has set them. `position` are the step and the number of steps of one from `lrspec.build_scheduler`.

    `known` is True if a class that is known sets the rates: it multiplies them by no key of a group but `reads`.
    `chained` is True if it goes on from the present rates, and `begun` is False if these are still the first.
    """

    name: str
    optimizer: object
    base: str = "the base rate"
    bases: Sequence[Any] | None = None
    is_height: bool = False
    floors: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    together: bool = True
    factors: Sequence[float] | None = None
    position: tuple[int, int] | None = None
    known: bool = False
    reads: str = ""
    chained: bool = False
    begun: bool = True


LEFT_IN_GROUPS = ("max_lr", "initial_lr")
"""The keys in which schedulers leave the first rate of a group; the height of a cycle counts first."""

_KNOWN = (
    "torch.optim.",
    "timm.scheduler.",
    "transformers.optimization.GreedyLR",
    "mmengine.optim.scheduler.",
    "deepspeed.runtime.lr_schedules.",
    "lrspec.optim.schedules.",
)
"""The beginnings of the paths of classes whose steps are known."""

_SETTERS = ("step", "get_lr", "_get_lr", "_get_value", "update_groups", "_update_lr")
"""The methods by which a scheduler sets rates; a subclass that overrides one may do anything."""

_CHAINED = {
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "GreedyLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "StepLR",
    "SWALR",
}
"""torch's and transformers' schedulers that go on from the present rates."""


def unwrap_schedulers(schedulers: Any) -> list[Any]:
    """Return the schedulers that a call was given, without their wrappers: none, one, a mapping or a list of them.

    Each may be in Lightning's mapping, `{"scheduler": …, "interval": "step"}`. Schedulers of any class are accepted.
    TypeError for anything else: a class itself, an optimizer, or a value of a trainer's configuration.
    """
    if schedulers is None:
        return []
    if isinstance(schedulers, Mapping) and not _is_lightnings(schedulers):
        schedulers = schedulers.values()
    several = isinstance(schedulers, Iterable) and not isinstance(schedulers, str | Mapping)
    given = [each["scheduler"] if _is_lightnings(each) else each for each in (schedulers if several else [schedulers])]
    unwrapped = [inner(item, "scheduler") for item in given if item is not None]
    for item in unwrapped:
        if isinstance(item, type | str | int | float | Mapping) or hasattr(item, "param_groups"):
            found = item.__name__ if isinstance(item, type) else type(item).__name__
            raise TypeError(f"expected a scheduler, or a list or a mapping of them, found {found}")
    return unwrapped


def all_schedules(schedulers: Any) -> list[Schedule]:
    """Return the schedules of all schedulers that a call was given; TypeError as `unwrap_schedulers`."""
    return [schedule for each in unwrap_schedulers(schedulers) for schedule in schedules(each)]


def _is_lightnings(scheduler: Any) -> bool:
    """Return whether this is a scheduler with how Lightning is to step it."""
    keys = {"interval", "frequency", "monitor", "strict", "name", "reduce_on_plateau"}
    return isinstance(scheduler, Mapping) and "scheduler" in scheduler and scheduler.keys() <= {"scheduler", *keys}


def schedules(scheduler: Any) -> Iterator[Schedule]:
    """The schedules that a scheduler consists of: those of a sequence or a chain, or just its own.

    pytorch_warmup's `dampening()` takes its factors back when it begins, and multiplies the rates when it ends.
    """
    name, parts = type(scheduler).__name__, getattr(scheduler, "_schedulers", None)
    if parts is not None:
        in_turn = hasattr(scheduler, "_milestones")  # each begins from the first rates again
        known = _is_known(scheduler)
        for each in (schedule for part in parts for schedule in schedules(part)):
            yield replace(each, chained=each.chained and not in_turn, known=each.known and known)
    elif hasattr(scheduler, "base_values"):
        yield from _of_timm(scheduler) if hasattr(scheduler, "param_group_field") else _of_mmengine(scheduler)
    elif callable(getattr(scheduler, "warmup_factor", None)) and hasattr(scheduler, "warmup_params"):
        factors = [scheduler.warmup_factor(scheduler.last_step, **params) for params in scheduler.warmup_params]
        yield Schedule(name, inner(scheduler.optimizer), factors=factors)
    elif not hasattr(scheduler, "base_lrs") and (hasattr(scheduler, "org_lrs") or hasattr(scheduler, "max_lrs")):
        yield _of_deepspeed(scheduler)
    else:
        yield _of_torch(scheduler)


def _of_timm(scheduler: Any) -> Iterator[Schedule]:
    """timm's warm-up and floor are one number for all groups, and it may schedule another setting than the rate."""
    if scheduler.param_group_field == "lr":
        bases = list(scheduler.base_values)
        keys = ["lr_min", "warmup_lr_init"] if getattr(scheduler, "warmup_t", 0) else ["lr_min"]
        floors = {key: _each(getattr(scheduler, key), len(bases)) for key in keys if hasattr(scheduler, key)}
        optimizer, known = inner(scheduler.optimizer), _is_known(scheduler)
        yield Schedule(type(scheduler).__name__, optimizer, bases=bases, floors=floors, known=known, reads="lr_scale")
        if hasattr(scheduler, "lr_scheduler"):  # of PlateauLRScheduler, torch's, which does not read `lr_scale`
            yield from (replace(each, bases=bases) for each in schedules(scheduler.lr_scheduler))


def _of_mmengine(scheduler: Any) -> Iterator[Schedule]:
    """mmengine's may schedule another setting than the rate, and count the group that its wrapper adds."""
    if getattr(scheduler, "param_name", "lr") == "lr":
        name, optimizer, known = type(scheduler).__name__, inner(scheduler.optimizer), _is_known(scheduler)
        bases = list(scheduler.base_values)[: len(optimizer.param_groups)]
        eta_min = getattr(scheduler, "eta_min", None)
        floors = {} if eta_min is None else {"eta_min": _each(eta_min, len(bases))}
        yield Schedule(name, optimizer, bases=bases, floors=floors, known=known, chained="OneCycle" not in name)


def _of_deepspeed(scheduler: Any) -> Schedule:
    """DeepSpeed's leave no first rates in the groups; transformers' GreedyLR has a floor and a ceiling."""
    name, known = type(scheduler).__name__, _is_known(scheduler)
    optimizer = inner(getattr(scheduler, "optimizer", None))
    if hasattr(scheduler, "org_lrs"):
        return Schedule(name, optimizer, bases=scheduler.org_lrs, known=known)
    if hasattr(scheduler, "_init_lrs"):
        floors = {"min_lr": scheduler.min_lrs}
        return Schedule(name, optimizer, bases=scheduler._init_lrs, floors=floors, known=known, chained=True)
    return Schedule(name, optimizer, "its highest rate", scheduler.max_lrs, known=known)


def _of_torch(scheduler: Any) -> Schedule:
    classes = {cls.__name__ for cls in type(scheduler).__mro__}
    optimizer = inner(getattr(scheduler, "optimizer", None))
    groups = getattr(optimizer, "param_groups", [])
    height = [group.get("max_lr") for group in groups] if "OneCycleLR" in classes else None
    height = getattr(scheduler, "max_lrs", height)
    return Schedule(
        type(scheduler).__name__,
        optimizer,
        "the base rate" if height is None else "`max_lr`",
        getattr(scheduler, "base_lrs", None) if height is None else height,
        height is not None,
        _floors_of_torch(scheduler, classes, groups),
        # Several lambdas are there to move groups apart, or to give each its floor.
        together=len(set(map(id, getattr(scheduler, "lr_lambdas", ())))) <= 1,
        position=(scheduler.last_epoch, scheduler.steps) if getattr(scheduler, "follows_plan", False) else None,
        known=_is_known(scheduler),
        chained=not classes.isdisjoint(_CHAINED),
        begun=getattr(scheduler, "last_epoch", 1) != 0,
    )


def _floors_of_torch(scheduler: Any, classes: set[str], groups: Sequence[Any]) -> dict[str, Sequence[Any]]:
    floors: dict[str, Sequence[Any]] = {}
    if hasattr(scheduler, "eta_min"):
        floors["eta_min"] = _each(scheduler.eta_min, len(groups))
    if hasattr(scheduler, "min_lrs"):
        floors["min_lr"] = scheduler.min_lrs
    if hasattr(scheduler, "max_lrs"):  # a cycle: its base is the height of the schedule
        floors["base_lr"] = scheduler.base_lrs
    if "SWALR" in classes:
        floors["swa_lr"] = [group.get("swa_lr") for group in groups]
    return floors


def _is_known(scheduler: Any) -> bool:
    """Return whether all methods that set rates are those of a class that is known."""
    paths = {
        f"{definer.__module__}.{definer.__qualname__}"
        for method in _SETTERS
        if (definer := next((cls for cls in type(scheduler).__mro__ if method in vars(cls)), None))
    }
    return bool(paths) and all(path.startswith(_KNOWN) for path in paths)


def _each(value: Any, groups: int) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * groups
