"""Does the scheduler leave each group a rate of its own? LRS512."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lrspec.auditing.checks.unread_keys import unread_keys
from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.rates import alike, counted, filled, in_groups, key_read, plans, scaled, understood
from lrspec.auditing.run import Run
from lrspec.auditing.settings import AuditedGroup
from lrspec.diagnostics.wording import few, six_digits
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.schedules import Schedule
from lrspec.optim.live.values import is_number

_SET_TO_0 = "Set `{}` to 0, or well below the lowest rate."
_FLOORS = {
    "eta_min": _SET_TO_0,
    "lr_min": _SET_TO_0,
    "min_lr": "Give `{}` a list with one rate per group, or set it to 0.",
    "swa_lr": "Give `{}` a list with one rate per group.",
}
"""The rates that a schedule ends at, with their cures; where it begins, a warm-up may have one number for all."""


def flattened_rates(run: Run) -> Iterator[AuditFinding]:
    """LRS512: one rate for all groups of an optimizer, though they had rates of their own."""
    for optimizer in run.optimizers:
        found = next(_flattened(run, optimizer), None) or next(_flattened_since(run, optimizer), None)
        if found:
            yield found


def _flattened(run: Run, optimizer: LiveOptimizer) -> Iterator[AuditFinding]:
    own = _own_rates(optimizer) if understood(run, optimizer) else None
    if own is None or alike(own.values()):
        return
    if (rate := _rate_for_all(optimizer)) is not None:
        yield _one_rate(run, optimizer, rate, own.values())
    for schedule in optimizer.schedules:
        for name in _FLOORS:
            level = _level(optimizer, schedule, name)
            if low := _not_above(optimizer, own, level, name):
                yield _high_floor(run, optimizer, schedule, name, low, level)


def _own_rates(optimizer: LiveOptimizer) -> dict[int, float] | None:
    """The rates that the groups began with: `initial_lr`, or else what their schedules are multiples of.

    Those of groups that were added later are not known, and count only where none is.
    """
    first = [group.get("initial_lr", optimizer.base(number)) for number, group in enumerate(optimizer.groups)]
    rates = scaled(optimizer, first, key_read(optimizer)) or {}
    return {number: rate for number, rate in rates.items() if optimizer.first(number) is not None} or rates or None


def _level(optimizer: LiveOptimizer, schedule: Schedule, name: str) -> float:
    """A floor of a schedule, times what it reads of the groups; 0 unless it is one for all groups."""
    floor = scaled(optimizer, schedule.floors.get(name, ()), schedule.reads) or {0: 0.0}
    return max(floor.values()) if alike(floor.values()) else 0.0


def _rate_for_all(optimizer: LiveOptimizer) -> float | None:
    """The one rate that the scheduler would set, now or as the height of its schedule, if it is one and above 0."""
    present = in_groups(optimizer, [group.get("lr") for group in optimizer.groups])
    found = [scaled(optimizer, each.bases or (), each.reads) for each in optimizer.schedules if _has_one_base(each)]
    if present and all(each.chained for each in optimizer.schedules) and not _is_passing(optimizer, present):
        found.append(present)
    return next(
        (max(rates.values()) for rates in found if rates and alike(rates.values()) and any(rates.values())), None
    )


def _has_one_base(schedule: Schedule) -> bool:
    """Return whether a schedule is its base rates times a factor; a cycle may begin from a rate for each group."""
    return not schedule.chained and len(set(schedule.floors.get("base_lr", ()))) <= 1


def _is_passing(optimizer: LiveOptimizer, present: dict[int, float]) -> bool:
    """Return whether a schedule has reached its end, which may be one rate, or SWALR moves to a rate for each group.

    When SWALR has reached one rate, training goes on at it.
    """
    named = ((name, values) for each in optimizer.schedules for name, values in each.floors.items())
    floors = ((name, floor) for name, values in named if (floor := in_groups(optimizer, values)))
    return any(
        not alike(floor.values()) if name == "swa_lr" else all(alike([present[n], floor[n]]) for n in present)
        for name, floor in floors
    )


def _not_above(optimizer: LiveOptimizer, own: dict[int, float], level: float, name: str) -> list[int]:
    """The groups whose own rates are not above a floor that is above 0.

    Where only the present rates are known, one at the floor has perhaps come down to it. `min_lr` lifts no rate of 0.
    """
    first = any("initial_lr" in group for group in optimizer.groups)
    first = first or any(each.bases is not None or not each.begun for each in optimizer.schedules)
    moved = {number: rate for number, rate in own.items() if level > 0 and (rate or name != "min_lr")}
    return [number for number, rate in moved.items() if (first if alike([rate, level]) else rate < level)]


def _flattened_since(run: Run, optimizer: LiveOptimizer) -> Iterator[AuditFinding]:
    """Rates that differed in an earlier audit, and are alike now."""
    now = _base_rates(run, optimizer) if run.since else None
    if run.since is None or now is None or not alike(now.values()) or not any(now.values()):
        return
    present = in_groups(optimizer, [group.get("lr") for group in optimizer.groups])
    guessed = any(optimizer.first(number) is None for number in now)
    if not present or not alike(present.values()) or (guessed and _is_passing(optimizer, present)):
        return
    # What differed by a multiplier that nothing reads now is LRS511.
    earlier = _rates_of(run.since.groups, unscaled=bool(unread_keys(run, optimizer)))
    names = run.inventory.columns.names
    own = [earlier[names[place]] for place in run.places_in(optimizer, now) if names[place] in earlier]
    rate = max(now.values())
    if not alike(own) and not (rate < min(own) and _may_warm_up(run, optimizer)):
        yield _one_rate(run, optimizer, rate, own)


def _base_rates(run: Run, optimizer: LiveOptimizer) -> dict[int, float] | None:
    """The rates that the schedule of each group is a multiple of, as far as it is known; else the present ones."""
    own = plans(run, optimizer)
    numbers = range(len(optimizer.groups))
    if not own:
        return in_groups(optimizer, [*map(optimizer.rate, numbers)])
    known = all(each.together and each.optimizer is not None for each in own)
    return scaled(optimizer, [*map(optimizer.base, numbers)], key_read(optimizer)) if known else None


def _may_warm_up(run: Run, optimizer: LiveOptimizer) -> bool:
    """Return whether groups may be at the beginning of a schedule that is not known, or was not given."""
    if own := plans(run, optimizer):
        return any(each.bases is None and not each.known for each in own)
    return any("initial_lr" in group and "max_lr" not in group for group in optimizer.groups)


def _rates_of(groups: Sequence[AuditedGroup], unscaled: bool) -> dict[str, float]:
    """The rates of an earlier audit by parameter; unscaled, the present ones of then."""
    rates = ((group, group.lr if unscaled else group.start) for group in groups)
    known = ((group, rate) for group, rate in rates if is_number(rate))
    return {group.columns.names[member]: rate for group, rate in known for member in group.members}


def _high_floor(
    run: Run, optimizer: LiveOptimizer, schedule: Schedule, name: str, low: Sequence[int], level: float
) -> AuditFinding:
    places = run.places_in(optimizer, low)
    others = f"{'it ends' if len(low) == 1 else 'they end'} at the rate of the others"
    return run.finding(
        "LRS512",
        places,
        f"`{name}` of {schedule.name} is {six_digits(level)}, and the learning rate of "
        f"{counted(run, optimizer, low)} is not above it: {'all groups end at one rate' if places else others}",
        f"{_FLOORS[name].format(name)} A LambdaLR multiplies, and keeps the ratios of the groups.",
    )


def _one_rate(run: Run, optimizer: LiveOptimizer, rate: float, own: Collection[float]) -> AuditFinding:
    trained, names = filled(optimizer), list(dict.fromkeys(each.name for each in plans(run, optimizer)))
    return run.finding(
        "LRS512",
        run.places_in(optimizer, trained),
        f"the learning rates of {counted(run, optimizer, trained)} are all {six_digits(rate)}"
        f"{f' under {few(names, 3)}' if names else ''}, but groups had their own, from {six_digits(min(own))} to "
        f"{six_digits(max(own))}",
        _cure(plans(run, optimizer)),
    )


def _cure(own: Sequence[Schedule]) -> str:
    """What to do about one rate for all, which a scheduler that takes a list has set, or a loop, or either."""
    a_list = "list with the rate of each group"
    if any("swa_lr" in each.floors for each in own):
        return f"Give SWALR a {a_list} (`swa_lr=[…]`)."
    if any(each.base != Schedule.base for each in own):
        return f"Give the scheduler a {a_list} (`max_lr=[…]`), or take one that multiplies them, such as a LambdaLR."
    if own and all(each.known for each in own):
        return (
            "Assign no `lr` to all groups, and load no state of a scheduler that had one rate for all: this one "
            "multiplies the rates that it finds."
        )
    return f"Assign no `lr` to all groups. If a scheduler did it, give it a {a_list} (`max_lr=[…]`)."
