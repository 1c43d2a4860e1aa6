"""Finds LRS405: groups whose learning rate, weight decay, options or tags are not the plan's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import two_values
from lrspec.optim.live.values import close, same
from lrspec.optim.schedules.planned import factors_at
from lrspec.optim.verify.base_rates import bases, flattened, has_wrong_base, planned_rate
from lrspec.optim.verify.deviations import Deviation, advised, differing, tensors_of
from lrspec.optim.verify.running import Portion, RunningOptimizer, TrainingRun, together
from lrspec.optim.verify.spec_places import SpecPlace, rate_place, setting_place
from lrspec.spec.axes import axis_words

_RATE = axis_words("lr")
_CHANGE_THE_SPEC = (
    "Groups from `plan.param_groups(model)` have the spec's settings: change the spec, not them. "
    "Loading a checkpoint replaces them, except with `lrspec.load_optimizer_state`."
)
_CYCLED = "The scheduler moves it: build that with `cycle_momentum=False`, or remove the setting from the spec."
_SET_SINCE = "Something has set it since; the next step may reset it, or continue from there. Change the spec instead."
_DAMPENED = (
    "All groups are lowered by one factor. If a warm-up multiplies the rates after each step of the scheduler, pass it "
    "to `verify`, too. Otherwise change the spec instead."
)
_SET_APART = "A schedule moves all groups by one factor: change the spec, not the groups; give each group its floor."
_OFF_SCHEDULE = "Only the scheduler sets rates: build it for the optimizer that trains, and step it once per step."


def setting_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS405 for weight decay, options and tags."""
    different = []
    for portion in run.portions:
        group, settings = portion.group, portion.cohort.assignment.settings
        actual = group.get("initial_weight_decay", group.get("weight_decay"))  # the former if it has a schedule
        default = portion.optimizer.stepping.defaults.get("weight_decay")
        values = [("weight_decay", actual, default if settings.weight_decay is None else settings.weight_decay)]
        values += [(f"options.{name}", group.get(name), planned) for name, planned in settings.options]
        values += [(f"tags.{name}", group.get(name), planned) for name, planned in settings.tags or ()]
        for axis, actual, planned in values:
            if not same(actual, planned):
                key = (setting_place(run.plan, portion.cohort, axis), axis)
                different.append((key, Deviation(portion, actual, planned)))
    for (place, axis), deviations in together(different).items():
        # OneCycleLR and CyclicLR, which move momentum, leave their limits in the group.
        has_limits = any("max_momentum" in deviation.portion.group for deviation in deviations)
        cycled = has_limits and axis in ("options.betas", "options.momentum")
        advice = _CYCLED if cycled else advised(deviations, _CHANGE_THE_SPEC)
        message = differing(run, axis_words(axis), deviations)
        yield run.finding("LRS405", place, tensors_of(deviations), message, advice)


def rate_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS405 for learning rates; those that a scheduler starts from are LRS406."""
    for optimizer in run.optimizers:
        portions = run.portions_of(optimizer)
        if position := run.position(optimizer):
            where = f" at step {position[0]:,} of {position[1]:,}"
            for place, deviations in _by_place(run, _off_schedule(run, portions, *position)):
                message = differing(run, _RATE, deviations, where)
                yield run.finding("LRS405", place, tensors_of(deviations), message, _OFF_SCHEDULE)
            continue
        for place, deviations in _by_place(run, _unscheduled(run, portions)):
            advice = advised(deviations, _CHANGE_THE_SPEC)
            yield run.finding("LRS405", place, tensors_of(deviations), differing(run, _RATE, deviations), advice)
        edited = list(_edited(run, optimizer, portions))
        for place, deviations in _by_place(run, edited):
            message = differing(run, _RATE, deviations) + ", which the scheduler has set"
            factors = [float(d.actual) / float(d.planned) for d in edited if d.planned and d.actual is not None]
            one_factor = len(factors) == len(portions) and all(close(factor, factors[0]) for factor in factors)
            advice = _DAMPENED if one_factor and factors[0] < 1 else _SET_SINCE
            yield run.finding("LRS405", place, tensors_of(deviations), message, advice)
        edited_portions = {deviation.portion for deviation in edited}
        others = [portion for portion in portions if portion not in edited_portions]
        if list(flattened(run, optimizer)):
            continue
        by_schedule = together((portion.cohort.assignment.settings.schedule, portion) for portion in others)
        for on_one_schedule in by_schedule.values():
            yield from _out_of_ratio(run, optimizer, on_one_schedule)
        for place, deviations in _by_place(run, _above_zero(run, others)):
            message = differing(run, _RATE, deviations)
            yield run.finding("LRS405", place, tensors_of(deviations), message, _SET_APART)


def _off_schedule(run: TrainingRun, portions: list[Portion], step: int, steps: int) -> Iterator[Deviation]:
    """Rates other than the plan's times the factors of their schedules at a step."""
    factors = factors_at(run.plan, step, steps)
    for portion in portions:
        actual, rate = portion.group.get("lr"), planned_rate(portion)
        planned = None if rate is None else rate * factors[portion.cohort.assignment.settings.schedule]
        if not same(actual, planned):
            yield Deviation(portion, actual, planned)


def _unscheduled(run: TrainingRun, portions: list[Portion]) -> Iterator[Deviation]:
    """Wrong rates that no scheduler moves."""
    for portion in portions:
        actual, planned = portion.group.get("lr"), run.dampened(portion, planned_rate(portion))
        if not _is_scheduled(run, portion) and not same(actual, planned):
            yield Deviation(portion, actual, planned)


def _edited(run: TrainingRun, optimizer: RunningOptimizer, portions: list[Portion]) -> Iterator[Deviation]:
    """Rates that are not what the scheduler has set last."""
    if last := run.last_rates(optimizer):
        for portion in portions:
            actual, set_last = portion.group.get("lr"), run.dampened(portion, last[portion.number])
            if not same(actual, set_last):
                yield Deviation(portion, actual, set_last)


def _out_of_ratio(run: TrainingRun, optimizer: RunningOptimizer, portions: list[Portion]) -> Iterator[Finding]:
    """Rates that are a different multiple of the plan's than in most groups, if schedules keep the ratios.

    If as many groups are at one factor as at another, the groups of the highest rates are taken to be right.
    """
    if not all(schedule.together for schedule in run.schedules(optimizer)):
        return
    factors: list[tuple[Portion, float]] = []
    for portion in sorted(portions, key=lambda portion: -float(planned_rate(portion) or 0)):
        planned, actual = run.dampened(portion, planned_rate(portion)), portion.group.get("lr")
        if planned and actual is not None and _is_scheduled(run, portion) and not has_wrong_base(run, portion):
            factors.append((portion, float(actual) / float(planned)))
    times = Counter(factor for _, factor in factors)
    most = max(times, key=lambda one: sum(n for other, n in times.items() if close(one, other)), default=1.0)
    out = (Deviation(portion, factor, most) for portion, factor in factors if not close(factor, most))
    for place, deviations in _by_place(run, out):
        own, others = two_values(deviations[0].actual, most)
        counted = run.counted(tensors_of(deviations))
        message = f"{_RATE} of {counted} is {own} × the plan's, but {others} × in other groups"
        yield run.finding("LRS405", place, tensors_of(deviations), message, _SET_APART)


def _above_zero(run: TrainingRun, portions: list[Portion]) -> Iterator[Deviation]:
    """Scheduled rates that the plan has as 0, and that no factor of a schedule could have changed."""
    for portion in portions:
        actual, planned = portion.group.get("lr"), planned_rate(portion)
        is_zero = planned is not None and float(planned) == 0
        if is_zero and not same(actual, planned) and _is_scheduled(run, portion) and not has_wrong_base(run, portion):
            yield Deviation(portion, actual, planned)


def _is_scheduled(run: TrainingRun, portion: Portion) -> bool:
    return bool(run.schedules(portion.optimizer) or bases(run, portion))


def _by_place(run: TrainingRun, deviations: Iterable[Deviation]) -> Iterable[tuple[SpecPlace, list[Deviation]]]:
    pairs = ((rate_place(run.plan, deviation.portion.cohort), deviation) for deviation in deviations)
    return together(pairs).items()


SETTINGS = (setting_differs, rate_differs)
"""Every check of the settings of groups."""
