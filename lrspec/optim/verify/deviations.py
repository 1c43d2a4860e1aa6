"""Describes values in groups that differ from the plan's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import two_values
from lrspec.optim.live.values import plain_value
from lrspec.optim.verify.running import ModelTensor, Portion, TrainingRun

_NOT_OURS = (
    "No plan has made these groups (unless with names=False): train with `lrspec.build_optimizer(plan, model)`. "
    "A trainer that is given no optimizer builds its own."
)


class Deviation(NamedTuple):
    """Some parameters of a group, with the actual and the planned value."""

    portion: Portion
    actual: Any
    planned: Any


def tensors_of(deviations: Sequence[Deviation]) -> list[ModelTensor]:
    """The parameters that differ."""
    return [tensor for deviation in deviations for tensor in deviation.portion.tensors]


def advised(deviations: Sequence[Deviation], advice: str) -> str:
    """Return the advice; for groups without `param_names` (see `names=False`), to train with a plan's."""
    return advice if all("param_names" in deviation.portion.group for deviation in deviations) else _NOT_OURS


def differing(run: TrainingRun, subject: str, deviations: Sequence[Deviation], where: str = "") -> str:
    """`the weight decay of 3 parameters (9 elements) is 0.1, not 0.05`; of several values the first, with its name."""
    counted = run.counted(tensors_of(deviations))
    in_order = sorted(deviations, key=lambda deviation: deviation.portion.tensors[0].place or 0)
    values = [two_values(plain_value(deviation.actual), plain_value(deviation.planned)) for deviation in in_order]
    (actual, planned), name = values[0], printable(in_order[0].portion.tensors[0].names[0])
    if len(set(values)) == 1:
        return f"{subject} of {counted} is {actual}{where}, not {planned}"
    return f"{subject} of {counted} is not the plan's{where}: {actual}, not {planned}, for {name}"
