"""Loads the saved state of optimizers by the names of the parameters, into groups that a plan has made.

torch loads by position: after a change of the spec it would give parameters the state of others, or refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from lrspec.compiler.plan import a_plan
from lrspec.optim.resume.current_groups import PresentGroup, present_groups
from lrspec.optim.resume.group_settings import NewGroup, schedule_of
from lrspec.optim.resume.load_state_dicts import load_all
from lrspec.optim.resume.match import Match, match
from lrspec.optim.resume.old_plan import old_groups
from lrspec.optim.resume.result import Resumed
from lrspec.optim.resume.saved_state import SavedParameter, read_state
from lrspec.optim.resume.tensors import own_copy
from lrspec.spec.torch_optim import NOT_SETTINGS

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrspec.compiler.plan import Plan
    from lrspec.optim.resume.old_plan import OldPlan


def load_optimizer_state(
    optimizer: Optimizer | Mapping[str, Optimizer],
    state_dict: Mapping[str, Any],
    plan: Plan,
    *,
    old_plan: OldPlan | None = None,
    settings: Literal["spec", "checkpoint"] = "spec",
) -> Resumed:
    """Load the saved state of optimizers by the names of the parameters, whatever their groups were when it was saved.

    Args:
        optimizer: one whose groups the plan has made, or several by their names in the spec.
        state_dict: the result of `optimizer.state_dict()`, or of torch.distributed.checkpoint's
            `get_optimizer_state_dict` (flattened or not); for several optimizers a mapping of their names to these, or
            the latter's result for all. It is not changed, and shares no memory with the optimizer afterwards.
        plan: the plan that has made the groups of the optimizer.
        old_plan: for a state dict without names, the plan that made the saved groups: the output of
            `lrspec compile --format json`, its path, or a Plan.
        settings: which apply from now on, those of the spec or those that the parameters had in the checkpoint.
            `foreach`, `fused`, `capturable` and `differentiable` are never taken from the checkpoint.

    If a scheduler was attached when the state was saved, the spec's learning rates become `initial_lr`, and `lr` stays
    as far along the schedule as it was: create the scheduler afterwards, with `last_epoch=`. If one is already attached
    to the optimizer, the learning rates stay as it has set them.

    Raises:
        ResumeError: if the optimizer's groups are not the plan's; if the state is not an optimizer's, or has no names
            and no old plan that fits is given; if tensors do not have the shapes of the parameters, or nothing can be
            kept; if the checkpoint's settings are wanted, but parameters of one group had different ones; if the
            optimizer refuses the state. Nothing is changed then.
        ValueError: for other `settings`.
        TypeError: for a `plan` that is not a Plan.
        OSError: if the file of the old plan cannot be read.
    """
    if settings not in ("spec", "checkpoint"):
        raise ValueError(f"settings: expected 'spec' or 'checkpoint', found {settings!r}")
    groups = present_groups(optimizer, a_plan(plan))
    old = None if old_plan is None else old_groups(old_plan)
    names = {group.planned.settings.optimizer for group in groups}
    saved = read_state(state_dict, old, names.pop() if len(names) == 1 else None)
    matched = match(groups, saved, plan, specs=settings == "spec")
    new_groups = list(_new_groups(groups, matched, saved))
    applied = [group.with_the_specs() if settings == "spec" else group.with_the_checkpoints() for group in new_groups]
    differences = tuple(difference for group in new_groups for difference in group.differences())
    load_all(_state_dicts(groups, applied, matched))
    parameters = sorted((name for group in groups for name in group.parameters), key=plan.inventory.index.__getitem__)
    with_state = matched.kept.keys() - matched.bare
    kept = tuple(name for name in parameters if name in with_state)
    new = tuple(name for name in parameters if name not in with_state)
    return Resumed(kept, new, matched.reasons, settings, differences, matched.carried)


def _new_groups(groups: Sequence[PresentGroup], matched: Match, saved: Sequence[SavedParameter]) -> Iterator[NewGroup]:
    kept = [[matched.kept[name] for name in group.parameters if name in matched.kept] for group in groups]
    of_optimizer: dict[int, list[SavedParameter]] = {}
    for group, own in zip(groups, kept, strict=True):
        of_optimizer.setdefault(id(group.optimizer), []).extend(own)
    for group, own in zip(groups, kept, strict=True):
        now = {key: value for key, value in group.content.items() if key not in NOT_SETTINGS}
        scheduled = schedule_of(own, of_optimizer[id(group.optimizer)], saved)
        yield NewGroup(group.planned.name, now, group.planned.settings.group_keys(), own, scheduled)


def _state_dicts(
    groups: Sequence[PresentGroup], applied: Iterable[Mapping[str, Any]], matched: Match
) -> list[tuple[Optimizer, dict[str, Any]]]:
    """A state dict for each optimizer to load: in torch's own form, in the order of its groups now."""
    by_optimizer: dict[int, tuple[Optimizer, dict[str, Any]]] = {}
    for group, settings in zip(groups, applied, strict=True):
        empty: dict[str, Any] = {"state": {}, "param_groups": []}
        _, state_dict = by_optimizer.setdefault(id(group.optimizer), (group.optimizer, empty))
        before = sum(len(earlier["params"]) for earlier in state_dict["param_groups"])
        for place, (name, parameter) in enumerate(group.parameters.items(), before):
            if name in matched.kept and matched.kept[name].state:
                state_dict["state"][place] = own_copy(matched.kept[name].state, parameter)
        places = list(range(before, before + len(group.parameters)))
        state_dict["param_groups"].append({**group.content, **settings, "params": places})
    return list(by_optimizer.values())
