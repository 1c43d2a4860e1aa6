"""Whether a value in a group is the one that the plan has, and how a report says that it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import two_values
from lrspec.optim.live_values import plain_value
from lrspec.optim.verify.running import ModelTensor, Portion, TrainingRun


class Deviation(NamedTuple):
    """Some parameters of a group, with what is there and what should be."""

    portion: Portion
    actual: Any
    planned: Any


def tensors_of(differences: Sequence[Deviation]) -> list[ModelTensor]:
    """The parameters that differ."""
    return [tensor for each in differences for tensor in each.portion.tensors]


def advised(differences: Sequence[Deviation], advice: str) -> str:
    """What to do: of groups that no plan has made, whatever else there is to do, to train with those of a plan."""
    return advice if all(each.portion.is_of_a_plan for each in differences) else _NOT_OURS


_NOT_OURS = (
    "No plan has made these groups: train with `lrspec.build_optimizer(plan, model)`. "
    "A trainer that is given no optimizer builds its own."
)


def differing(run: TrainingRun, what: str, differences: Sequence[Deviation], where: str = "") -> str:
    """`the weight decay of 3 parameters (9 elements) is 0.1, not 0.05`; of many values the first, with its name."""
    counted = run.counted(tensors_of(differences))
    in_order = sorted(differences, key=lambda each: each.portion.first)
    words = [two_values(plain_value(each.actual), plain_value(each.planned)) for each in in_order]
    (actual, planned), name = words[0], printable(in_order[0].portion.tensors[0].names[0])
    if len(set(words)) == 1:
        return f"{what} of {counted} is {actual}{where}, not {planned}"
    return f"{what} of {counted} is not the plan's{where}: {actual}, not {planned}, of {name}"
