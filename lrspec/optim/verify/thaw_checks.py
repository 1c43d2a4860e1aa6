"""Finds LRS409 of what thaws, at a step, and LRS410: frozen modules whose running statistics move."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.optim.thawing.statistics import Norms
from lrspec.optim.verify.running import TrainingRun, together
from lrspec.optim.verify.spec_places import NOWHERE, setting_place
from lrspec.spec.times import Time

_ADVANCE = "Call `plan.advance(model, step)` before every step, 0 included, with the model as it trains."
_HOLD = "Call `plan.freeze_statistics(model)` after each `model.train()`, or use the trainer's `FollowPlan`."


def thaws_at_another_time(run: TrainingRun) -> Iterator[Finding]:
    """LRS409: what thaws, and is trained before its time or still frozen after it."""
    step, steps = run.progress
    wrong = (
        ((setting_place(run.plan, cohort, "freeze"), tensor.tensor.requires_grad), tensor)
        for tensor, cohort in run.trained
        if step is not None
        and isinstance(time := cohort.assignment.freeze, Time)
        and tensor.tensor.requires_grad != (time.step(steps) <= step)
    )
    for (place, trains), tensors in together(wrong).items():
        should, actual = ("be frozen", "true") if trains else ("train", "false")
        message = f"{run.counted(tensors)} should {should} at step {step:,}, but `requires_grad` is {actual}"
        yield run.finding("LRS409", place, tensors, message, _ADVANCE)


def statistics_of_frozen(run: TrainingRun) -> Iterator[Finding]:
    """LRS410: modules in training mode that are frozen, and update their running statistics."""
    moving = []
    for norm, own in Norms(run.parameters).frozen():
        if norm.module.training:
            tensors = [run.tensors[id(tensor)] for tensor in own]
            cohort = next((cohort for tensor in tensors if (cohort := run.cohort(tensor))), None)
            place = NOWHERE if cohort is None else setting_place(run.plan, cohort, "freeze")
            moving.append((place, (norm, tensors)))
    for place, modules in together(moving).items():
        tensors = [tensor for norm, own in modules if norm.stop > norm.start for tensor in own]
        names = few([norm.prefix.removesuffix(".") for norm, _ in modules], SHOWN)
        subject = f"{count(len(modules), 'frozen module')} in training mode ({names})"
        message = f"every batch moves the running statistics of {subject}"
        yield run.finding("LRS410", place, tensors, message, _HOLD)


THAWING = (thaws_at_another_time, statistics_of_frozen)
"""Every check of what is frozen for a while, or has statistics."""
