"""Matches the groups of existing optimizers with the plan's, and names with those in the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.wording import SHOWN, few
from lrspec.models.walk import WRAPPED
from lrspec.optim.bind import no_such_optimizer
from lrspec.optim.live.unwrap import inner
from lrspec.optim.resume.result import ResumeError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from lrspec.compiler.plan import Group, Plan
    from lrspec.models.inventory import Inventory

_REBUILD = "Build it with lrspec.build_optimizer(plan, model), or from plan.param_groups(model)."
_MOST_WRAPPERS = 8


@dataclass(frozen=True)
class PresentGroup:
    """A group of an optimizer: its contents, the plan's group, and its parameters by their names in the plan.

    The optimizer is the one under the wrappers of trainers: Lightning's does not pass on a state that it loads.
    """

    optimizer: Optimizer
    content: Mapping[str, Any]
    planned: Group
    parameters: Mapping[str, Tensor]

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The settings that the group has when those of the spec apply."""
        return {**self.content, **self.planned.settings.group_keys()}


def present_groups(optimizers: Optimizer | Mapping[str, Optimizer], plan: Plan) -> list[PresentGroup]:
    """Return the groups of one optimizer, or of several, in order; ResumeError if they are not the plan's."""
    if not isinstance(optimizers, Mapping):
        return list(_groups(optimizers, plan, None))
    if strangers := [name for name in optimizers if name not in plan.optimizers]:
        raise ResumeError(no_such_optimizer(plan, strangers[0]))
    return [group for name, optimizer in optimizers.items() for group in _groups(optimizer, plan, name)]


def _groups(optimizer: Optimizer, plan: Plan, name: str | None) -> Iterator[PresentGroup]:
    if not hasattr(optimizer, "param_groups"):
        raise ResumeError(f"expected an optimizer, found {type(optimizer).__name__}")
    for place, content in enumerate(optimizer.param_groups):
        subject, param_names = f"group {place} of the optimizer", content.get("param_names")
        if param_names is None or len(param_names) != len(content["params"]):
            raise ResumeError(f"{subject} does not name its parameters\n{_REBUILD} Leave out names=False.")
        names = [canonical(param_name, plan.inventory) for param_name in without_prefix(param_names, plan.inventory)]
        if strangers := [known for known in names if known not in plan.group_of]:
            raise ResumeError(
                f"{subject} has parameters that the plan does not train: {few(strangers, SHOWN)}\n{_REBUILD}"
            )
        numbers = list(dict.fromkeys(plan.group_of[known] for known in names))
        if len(numbers) != 1 or plan.groups is None:
            groups = few([(plan.groups or ())[number].name for number in numbers], SHOWN)
            raise ResumeError(f"{subject} is not one of the plan's: it has parameters of {groups}\n{_REBUILD}")
        planned = plan.groups[numbers[0]]
        if name is not None and planned.settings.optimizer not in (None, name):
            raise ResumeError(f"the group `{planned.name}` belongs to `{planned.settings.optimizer}`, not to `{name}`")
        yield PresentGroup(inner(optimizer), content, planned, dict(zip(names, content["params"], strict=True)))


def without_prefix(names: Sequence[str], inventory: Inventory) -> Sequence[str]:
    """Strip the wrappers' names that all names begin with, if the plan knows more of them without."""
    candidates = [names]
    while names and len({name.partition(".")[0] for name in names}) == 1 and names[0].partition(".")[0] in WRAPPED:
        names = [name.partition(".")[2] for name in names]
        candidates.append(names)
    return max(candidates, key=lambda candidate: sum(name in inventory.index for name in candidate))


def canonical(name: str, inventory: Inventory) -> str:
    """Return the first name of the parameter with this name, apart from what wrappers insert into it."""
    known = spelt(name, inventory)
    place = inventory.index.get(known)
    return known if place is None else inventory.columns.names[place]


def spelt(name: str, inventory: Inventory) -> str:
    """Return the plan's spelling of a name or alias, without what wrappers insert; the name itself if unknown.

    As few parts as possible are dropped of those that may be a wrapper's.
    """
    if name in inventory.index:
        return name
    parts = name.split(".")
    wrapped = [place for place, part in enumerate(parts) if part in WRAPPED][:_MOST_WRAPPERS]
    for most in range(1, len(wrapped) + 1):
        for without in combinations(wrapped, most):
            candidate = ".".join(part for place, part in enumerate(parts) if place not in without)
            if candidate in inventory.index:
                return candidate
    return name
