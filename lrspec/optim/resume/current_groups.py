"""The groups of optimizers that exist, as those of the plan that has made them; and names as the plan has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

from lrspec.diagnostics.wording import SHOWN, few
from lrspec.models.walk import WRAPPED
from lrspec.optim.bind import no_such_optimizer
from lrspec.optim.optimizer_classes import inner
from lrspec.optim.resume.result import ResumeError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from lrspec.compiler.plan import Group, Plan
    from lrspec.models.inventory import Inventory

    Optimizers: TypeAlias = Optimizer | Mapping[str, Optimizer]

_REBUILD = "Build it with lrspec.build_optimizer(plan, model), or of plan.param_groups(model)."
_MOST_WRAPPERS = 8


@dataclass(frozen=True)
class PresentGroup:
    """A group of an optimizer: what it holds, the plan's group, and its parameters by their names in the plan.

    The optimizer is the one under the wrappers of trainers: Lightning's would keep for itself what is loaded into it.
    """

    optimizer: Optimizer
    content: Mapping[str, Any]
    planned: Group
    parameters: Mapping[str, Tensor]


def present_groups(optimizers: Optimizers, plan: Plan) -> list[PresentGroup]:
    """The groups of one optimizer, or of several, in order.

    Raises:
        ResumeError: where they are not the plan's.
    """
    if not isinstance(optimizers, Mapping):
        return list(_groups(optimizers, plan, None))
    if strangers := [name for name in optimizers if name not in plan.optimizers]:
        raise ResumeError(no_such_optimizer(plan, strangers[0]))
    return [group for name, each in optimizers.items() for group in _groups(each, plan, name)]


def _groups(optimizer: Optimizer, plan: Plan, name: str | None) -> Iterator[PresentGroup]:
    if not hasattr(optimizer, "param_groups"):
        raise ResumeError(f"expected an optimizer, found {type(optimizer).__name__}")
    for place, content in enumerate(optimizer.param_groups):
        names = content.get("param_names")
        if names is None or len(names) != len(content["params"]):
            raise ResumeError(f"group {place} of the optimizer does not name its parameters\n{_REBUILD}")
        known = [canonical(each, plan.inventory) for each in without_prefix(names, plan.inventory)]
        planned = _planned(known, plan, place)
        if name is not None and planned.settings.optimizer not in (None, name):
            raise ResumeError(f"the group `{planned.name}` is of `{planned.settings.optimizer}`, not of `{name}`")
        yield PresentGroup(inner(optimizer), content, planned, dict(zip(known, content["params"], strict=True)))


def _planned(names: list[str], plan: Plan, place: int) -> Group:
    """The group of the plan that has all of these parameters."""
    if strangers := [name for name in names if name not in plan.group_of]:
        raise ResumeError(f"the plan has {few(strangers, SHOWN)} in no group, and the optimizer in one\n{_REBUILD}")
    found = dict.fromkeys(plan.group_of[name] for name in names)
    if len(found) != 1 or plan.groups is None:
        several = few([(plan.groups or ())[index].name for index in found], SHOWN)
        raise ResumeError(
            f"group {place} of the optimizer is none of the plan's: it has parameters of {several}\n{_REBUILD}"
        )
    return plan.groups[next(iter(found))]


def without_prefix(names: Sequence[str], inventory: Inventory) -> Sequence[str]:
    """The names without what all begin with, where it is a wrapper's: where more of them are known without it."""
    return max(_without_prefixes(names), key=lambda each: sum(name in inventory.index for name in each))


def _without_prefixes(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The names, then without the wrapper's name that all begin with, and so on."""
    yield names
    while names and len({name.partition(".")[0] for name in names}) == 1 and names[0].partition(".")[0] in WRAPPED:
        names = [name.partition(".")[2] for name in names]
        yield names


def canonical(name: str, inventory: Inventory) -> str:
    """The first name of the parameter with this name, or with this name but for what wrappers put into it."""
    known = spelt(name, inventory)
    place = inventory.index.get(known)
    return known if place is None else inventory.columns.names[place]


def spelt(name: str, inventory: Inventory) -> str:
    """A name, or an alias, of the plan that is this name but for what wrappers put into it; or else this name."""
    return next((each for each in _without_wrappers(name) if each in inventory.index), name)


def _without_wrappers(name: str) -> Iterator[str]:
    """The name, then without one of the parts that may be a wrapper's, then without two, and so on."""
    yield name
    parts = name.split(".")
    wrapped = [place for place, part in enumerate(parts) if part in WRAPPED][:_MOST_WRAPPERS]
    for most in range(1, len(wrapped) + 1):
        for without in combinations(wrapped, most):
            yield ".".join(part for place, part in enumerate(parts) if place not in without)
