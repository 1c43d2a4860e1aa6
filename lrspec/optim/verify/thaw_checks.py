"""Finds LRS409 of what thaws, at a step, and LRS410: frozen modules whose running statistics move."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.optim.thawing.statistics import frozen_norms
from lrspec.optim.verify.running import TrainingRun, together
from lrspec.optim.verify.spec_places import NOWHERE, setting_place

_ADVANCE = "Call `plan.advance(model, step)` before every step, 0 included, with the model as it trains."
_HOLD = "Call `plan.freeze_statistics(model)` after each `model.train()`, or use the trainer's `FollowPlan`."


def thaws_at_another_time(run: TrainingRun) -> Iterator[Finding]:
    """LRS409: what thaws, and is trained before its time or still frozen after it."""
    wrong = (
        ((setting_place(run.plan, cohort, "freeze"), frozen), tensor)
        for tensor, cohort in run.trained
        if (frozen := run.frozen_yet(cohort)) is not None and tensor.tensor.requires_grad == frozen
    )
    for (place, frozen), tensors in together(wrong).items():
        should, actual = ("be frozen", "true") if frozen else ("train", "false")
        message = f"{run.counted(tensors)} should {should} at step {run.progress[0]:,}, but `requires_grad` is {actual}"
        yield run.finding("LRS409", place, tensors, message, _ADVANCE)


def statistics_of_frozen(run: TrainingRun) -> Iterator[Finding]:
    """LRS410: modules in training mode that are frozen, and update their running statistics."""
    moving = []
    for visited, own in frozen_norms(run.parameters):
        tensors = [run.tensors[id(run.parameters.tensors[place])] for place in own]
        cohort = next((cohort for tensor in tensors if (cohort := run.cohort(tensor))), None)
        if visited.module.training:
            place = NOWHERE if cohort is None else setting_place(run.plan, cohort, "freeze")
            own_tensors = tensors if visited.stop > visited.start else []
            moving.append((place, (visited.prefix.removesuffix("."), own_tensors)))
    for place, modules in together(moving).items():
        names, tensors = [name for name, _ in modules], [tensor for _, own in modules for tensor in own]
        subject = f"{count(len(names), 'frozen module')} in training mode ({few(names, SHOWN)})"
        message = f"every batch moves the running statistics of {subject}"
        yield run.finding("LRS410", place, tensors, message, _HOLD)


THAWING = (thaws_at_another_time, statistics_of_frozen)
"""Every check of what is frozen for a while, or has statistics."""
