"""Lists a plan's learning rates in the order of a real optimizer's groups, for schedulers; and present rates, for logs.

The groups of a plan are found by the names of their parameters: for a part of a model there are fewer of them than in
the plan, and whoever built the optimizer may have grouped the parameters differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, few, value_words
from lrspec.optim.bind import BindError, groups_of
from lrspec.optim.live.optimizers import with_names
from lrspec.optim.live.unwrap import live_groups
from lrspec.optim.live.values import plain_value

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrspec.compiler.plan import Plan, Settings

_ADVICE = "build the optimizer with plan.param_groups(model)"
_Value = TypeVar("_Value", float, str)


def rates(plan: Plan, optimizer: Optimizer, mult: float = 1.0) -> list[float]:
    """See `Plan.rates`."""

    def rate(settings: Settings) -> float:
        return float(optimizer.defaults["lr"]) if settings.lr is None else settings.lr

    return [lr * mult for lr in _by_group(plan, optimizer, "learning rates", rate)]


def schedules(plan: Plan, optimizer: Optimizer) -> list[str]:
    """Return the names of the schedules of an optimizer's groups; raises as `rates`."""
    return list(_by_group(plan, optimizer, "schedules", lambda settings: str(settings.schedule)))


def rates_by_group(optimizer: Optimizer | Mapping[str, Optimizer] | Sequence[Optimizer]) -> dict[str, float]:
    """Return the present learning rate of each group by its name, for logs: `{"head": 0.001, "group 1": 0.01}`.

    A group without a name is called `group 1`, by its place; so is, after its name, one whose name an earlier group
    has. Groups without a rate are skipped.

    Args:
        optimizer: the optimizer, under a trainer's wrapper too; of several, a mapping of names or a list. Their names
            then come first: `muon/head`.

    Raises:
        TypeError: for what is not an optimizer, and for a rate that is not a number, such as text.
    """
    optimizers, found = with_names(optimizer), dict[str, float]()
    for prefix, each in optimizers:
        before = f"{prefix}/" if len(optimizers) > 1 else ""
        for place, group in enumerate(live_groups(each)):
            if group.get("lr") is not None:
                name = before + _name_in(found, before, group, place)
                found[name] = _number(plain_value(group["lr"]), name)
    return found


def _number(rate: Any, group: str) -> float:
    if not isinstance(rate, int | float):
        raise TypeError(f"`lr` of {printable(group)} is {value_words(rate)}: expected a number")
    return float(rate)


def _name_in(found: Mapping[str, float], before: str, group: Mapping[str, Any], place: int) -> str:
    name = group.get("name")
    if not isinstance(name, str) or not name:
        name = f"group {place}"
    while before + name in found:
        name += f" (group {place})"
    return name


def _by_group(plan: Plan, optimizer: Optimizer, what: str, value_of: Callable[[Settings], _Value]) -> Iterator[_Value]:
    """The planned value that all parameters of a group have, for each group; BindError if they have several."""
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"expected an optimizer (torch.optim.Optimizer), found {type(optimizer).__name__}")
    planned = groups_of(plan)
    for place, group in enumerate(optimizer.param_groups):
        subject = f"group {place} of the optimizer"
        names: list[str] = group.get("param_names") or []
        if not names:
            raise BindError(f"{subject} does not name its parameters: {_ADVICE}, without names=False")
        if strangers := [name for name in names if name not in plan.group_of]:
            listed = few(strangers, SHOWN)
            raise BindError(f"{subject} has parameters that the plan does not train, {listed}: {_ADVICE}")
        name_of: dict[_Value, str] = {}
        for name in names:
            name_of.setdefault(value_of(planned[plan.group_of[name]].settings), name)
        if len(name_of) > 1:
            listed = few([f"{name} ({value_words(value)})" for value, name in name_of.items()], SHOWN)
            raise BindError(f"{subject} has parameters of different {what} in the plan, {listed}: {_ADVICE}")
        yield next(iter(name_of))
