"""Lists a plan's learning rates in the order of a real optimizer's groups, for schedulers that take a list.

Groups are found by the names of their parameters: for a part of a model there are fewer of them than in the plan, and
whoever built the optimizer may have grouped the parameters differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrspec.diagnostics.wording import SHOWN, few, number
from lrspec.optim.bind import BindError, groups_of

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrspec.compiler.plan import Plan

_ADVICE = "build the optimizer with plan.param_groups(model)"


def rates(plan: Plan, optimizer: Optimizer, mult: float = 1.0) -> list[float]:
    """See `Plan.rates`."""
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"expected an optimizer (torch.optim.Optimizer), found {type(optimizer).__name__}")
    planned, group_rates = groups_of(plan), []
    for place, group in enumerate(optimizer.param_groups):
        subject = f"group {place} of the optimizer"
        names: list[str] = group.get("param_names") or []
        if not names:
            raise BindError(f"{subject} does not name its parameters: {_ADVICE}, without names=False")
        if strangers := [name for name in names if name not in plan.group_of]:
            listed = few(strangers, SHOWN)
            raise BindError(f"{subject} has parameters that the plan does not train, {listed}: {_ADVICE}")
        name_of_rate: dict[float, str] = {}
        for name in names:
            lr = planned[plan.group_of[name]].settings.lr
            name_of_rate.setdefault(float(optimizer.defaults["lr"]) if lr is None else lr, name)
        if len(name_of_rate) > 1:
            listed = few([f"{name} ({number(lr)})" for lr, name in name_of_rate.items()], SHOWN)
            raise BindError(f"{subject} has parameters of different learning rates in the plan, {listed}: {_ADVICE}")
        group_rates.append(next(iter(name_of_rate)) * mult)
    return group_rates
