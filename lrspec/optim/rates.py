"""A plan's learning rates in the order of a real optimizer's groups, for schedulers that take a list of them.

The groups are found by the names of their parameters: for a part of a model there are fewer of them than in the plan,
and whoever built the optimizer may have put them together in another way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.wording import SHOWN, few, number
from lrspec.optim.bind import BindError, groups_of

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrspec.compiler.plan import Group, Plan

ADVICE = "build the optimizer with plan.param_groups(model)"


def rates(plan: Plan, optimizer: Optimizer, mult: float = 1.0) -> list[float]:
    """See `Plan.rates`."""
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"expected an optimizer (torch.optim.Optimizer), found {type(optimizer).__name__}")
    groups = groups_of(plan)
    return [_rate(plan, groups, optimizer, place) * mult for place in range(len(optimizer.param_groups))]


def _rate(plan: Plan, groups: Sequence[Group], optimizer: Optimizer, place: int) -> float:
    """The one rate that the plan has for all parameters of a group; `groups` are the plan's."""
    first: dict[float, str] = {}
    for name in _names(plan, optimizer.param_groups[place], place):
        lr = groups[plan.group_of[name]].settings.lr
        first.setdefault(float(optimizer.defaults["lr"]) if lr is None else lr, name)
    if len(first) > 1:
        differing = few([f"{name} ({number(lr)})" for lr, name in first.items()], SHOWN)
        raise BindError(
            f"group {place} of the optimizer has parameters of different learning rates in the plan, "
            f"{differing}: {ADVICE}"
        )
    return next(iter(first))


def _names(plan: Plan, group: Mapping[str, Any], place: int) -> list[str]:
    """The names of a group's parameters, which are all in the plan."""
    names: list[str] = group.get("param_names") or []
    if not names:
        raise BindError(f"group {place} of the optimizer does not name its parameters: {ADVICE}")
    if strangers := [name for name in names if name not in plan.group_of]:
        raise BindError(
            f"group {place} of the optimizer has parameters that the plan does not train, "
            f"{few(strangers, SHOWN)}: {ADVICE}"
        )
    return names
