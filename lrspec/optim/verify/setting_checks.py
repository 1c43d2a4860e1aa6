"""What runs to the findings LRS405: groups whose learning rate, weight decay or options are not the plan's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import two_values
from lrspec.optim.live_values import close, same
from lrspec.optim.verify.base_rates import bases, flattened, has_wrong_base, keeps_ratios, planned_rate
from lrspec.optim.verify.deviations import Deviation, advised, differing, tensors_of
from lrspec.optim.verify.running import Portion, RunningOptimizer, TrainingRun, together
from lrspec.optim.verify.spec_places import SpecPlace, rate_place, setting_place
from lrspec.spec.axes import axis_words

_RATE = axis_words("lr")
_CHANGE_THE_SPEC = (
    "Groups from `plan.param_groups(model)` have the spec's settings: change the spec, not them. "
    "A checkpoint brings its own, but not by `lrspec.load_optimizer_state`."
)
_CYCLED = "The scheduler moves it: give that `cycle_momentum=False`, or leave it out of the spec."


def setting_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS405 of weight decay and options."""
    found = (
        ((setting_place(run.plan, portion.cohort, axis), axis), Deviation(portion, actual, planned))
        for portion in run.portions
        for axis, actual, planned in _settings(portion)
        if not same(actual, planned)
    )
    for (place, axis), differences in together(found).items():
        wrong = differing(run, axis_words(axis), differences)
        cycled = any(_is_cycled(axis, each.portion.group) for each in differences)
        advice = _CYCLED if cycled else advised(differences, _CHANGE_THE_SPEC)
        yield run.finding("LRS405", place, tensors_of(differences), wrong, advice)


def _settings(portion: Portion) -> Iterator[tuple[str, Any, Any]]:
    """The axes of some parameters, with what their group has there and what the plan has."""
    group, settings = portion.group, portion.cohort.assignment.settings
    actual = group.get("initial_weight_decay", group.get("weight_decay"))  # the former where it has a schedule
    default = portion.optimizer.stepping.defaults.get("weight_decay")
    yield "weight_decay", actual, default if settings.weight_decay is None else settings.weight_decay
    for name, planned in settings.options:
        yield f"options.{name}", group.get(name), planned


def _is_cycled(axis: str, group: Mapping[str, Any]) -> bool:
    """Whether a scheduler moves momentum: OneCycleLR and CyclicLR leave their limits in the group."""
    return axis in ("options.betas", "options.momentum") and "max_momentum" in group


def rate_differs(run: TrainingRun) -> Iterator[Finding]:
    """LRS405 of learning rates; those that a scheduler starts from are LRS406."""
    for optimizer in run.optimizers:
        portions = [each for each in run.portions if each.optimizer is optimizer]
        yield from _constant(run, optimizer, portions)
        edited = _edited(run, optimizer, portions)
        for place, differences in _by_place(run, edited):
            wrong = differing(run, _RATE, differences) + ", which the scheduler has set"
            yield run.finding("LRS405", place, tensors_of(differences), wrong, _since(edited, portions))
        told = {each.portion for each in edited}
        others = [each for each in portions if each not in told]
        yield from _out_of_ratio(run, optimizer, others)
        for place, differences in _by_place(run, _above_zero(run, optimizer, others)):
            wrong = differing(run, _RATE, differences)
            yield run.finding("LRS405", place, tensors_of(differences), wrong, _SET_APART)


_SET_SINCE = "Something has set it since; the next step may set it back, or go on from there. Change the spec instead."
_DAMPENED = (
    "All groups are lowered by one factor. If a warm-up multiplies the rates after each step of the scheduler, give it "
    "to `verify`, too. Otherwise change the spec instead."
)


def _since(edited: list[Deviation], portions: list[Portion]) -> str:
    """What to do about rates that something has set after the scheduler, which may be a warm-up."""
    factors = [float(each.actual) / float(each.planned) for each in edited if each.planned and each.actual is not None]
    lowered = len(factors) == len(portions) and all(close(each, factors[0]) for each in factors) and factors[0] < 1
    return _DAMPENED if lowered else _SET_SINCE


def _constant(run: TrainingRun, optimizer: RunningOptimizer, portions: list[Portion]) -> Iterator[Finding]:
    """Rates that no scheduler moves."""
    found = [
        Deviation(each, each.group.get("lr"), run.dampened(each, planned_rate(each)))
        for each in portions
        if not run.schedules(optimizer) and not bases(run, each)
    ]
    for place, differences in _by_place(run, (each for each in found if not same(each.actual, each.planned))):
        wrong = differing(run, _RATE, differences)
        advice = advised(differences, _CHANGE_THE_SPEC)
        yield run.finding("LRS405", place, tensors_of(differences), wrong, advice)


def _edited(run: TrainingRun, optimizer: RunningOptimizer, portions: list[Portion]) -> list[Deviation]:
    """Rates that are not what the scheduler has set last."""
    last = run.last_rates(optimizer)
    if not last:
        return []
    found = [Deviation(each, each.group.get("lr"), run.dampened(each, last[each.number])) for each in portions]
    return [each for each in found if not same(each.actual, each.planned)]


def _out_of_ratio(run: TrainingRun, optimizer: RunningOptimizer, portions: list[Portion]) -> Iterator[Finding]:
    """Rates that are another multiple of the plan's than those of most groups."""
    if not keeps_ratios(run, optimizer):
        return
    factors = [(each, factor) for each in _highest_first(portions) if (factor := _factor(run, each)) is not None]
    times = Counter(factor for _, factor in factors)
    most = max(times, key=lambda one: sum(n for other, n in times.items() if close(one, other)), default=1.0)
    found = (Deviation(each, factor, most) for each, factor in factors if not close(factor, most))
    for place, differences in _by_place(run, found):
        own, others = two_values(differences[0].actual, most)
        counted = run.counted(tensors_of(differences))
        wrong = f"{_RATE} of {counted} is {own} × the plan's, and in other groups {others} ×"
        yield run.finding("LRS405", place, tensors_of(differences), wrong, _SET_APART)


_SET_APART = "A schedule moves all groups by one factor: change the spec, not the groups; give each group its floor."


def _above_zero(run: TrainingRun, optimizer: RunningOptimizer, portions: list[Portion]) -> list[Deviation]:
    """Rates that the plan has as 0, and that no factor of a schedule could have made anything else."""
    if any(True for _ in flattened(run, optimizer)):
        return []
    found = [Deviation(each, each.group.get("lr"), planned_rate(each)) for each in portions if _moved(run, each)]
    zero = [each for each in found if each.planned is not None and float(each.planned) == 0]
    return [each for each in zero if not same(each.actual, each.planned) and not has_wrong_base(run, each.portion)]


def _highest_first(portions: list[Portion]) -> list[Portion]:
    """Where as many groups are at one factor as at another, the groups of the highest rates are taken for right."""
    return sorted(portions, key=lambda each: -float(planned_rate(each) or 0))


def _factor(run: TrainingRun, portion: Portion) -> float | None:
    """The rate of a group that is scheduled, as a multiple of the plan's."""
    planned, actual = run.dampened(portion, planned_rate(portion)), portion.group.get("lr")
    if not _moved(run, portion) or not planned or actual is None or has_wrong_base(run, portion):
        return None
    return float(actual) / float(planned)


def _moved(run: TrainingRun, portion: Portion) -> bool:
    return bool(run.schedules(portion.optimizer) or bases(run, portion))


def _by_place(run: TrainingRun, found: Iterable[Deviation]) -> Iterable[tuple[SpecPlace, list[Deviation]]]:
    return together((rate_place(run.plan, each.portion.cohort), each) for each in found).items()


SETTINGS = (setting_differs, rate_differs)
"""Every check of what the groups say."""
