"""The saved state of optimizers into optimizers whose groups a plan has made: by the names of the parameters.

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
        state_dict: what `optimizer.state_dict()` gave, or `get_optimizer_state_dict` of
            torch.distributed.checkpoint (flattened or not); of several optimizers a mapping of their names to these,
            or what the latter gave for all. It is not changed, and shares no memory with the optimizer afterwards.
        plan: the plan that has made the groups of the optimizer.
        old_plan: for a state dict without names, the plan that has made the groups that were saved: what
            `lrspec compile --format json` wrote, or the path of it, or a Plan.
        settings: which hold from now on, those of the spec or those that the parameters had in the checkpoint.
            `foreach`, `fused`, `capturable` and `differentiable` are never the checkpoint's.

    Where a scheduler was attached when the state was saved, the spec's learning rates become `initial_lr`, and `lr` is
    as far along the schedule as it was: make the scheduler afterwards, with `last_epoch=`. Where one is attached to
    the optimizer already, the learning rates are as it has set them.

    Raises:
        ResumeError: where the optimizer's groups are not the plan's; where the state is not an optimizer's, or has no
            names and there is no old plan, or none that fits; where tensors have other shapes than the parameters, or
            nothing could be kept; where the checkpoint's settings are wanted, and parameters of one group had
            different ones; where the optimizer refuses the state. Nothing is changed then.
        ValueError: for other `settings`.
        TypeError: for a `plan` that is none.
        OSError: where the file of the old plan cannot be read.
    """
    if settings not in ("spec", "checkpoint"):
        raise ValueError(f"settings: expected 'spec' or 'checkpoint', found {settings!r}")
    groups = present_groups(optimizer, a_plan(plan))
    old = None if old_plan is None else old_groups(old_plan)
    saved = read_state(state_dict, old, _only(groups))
    matched = match(groups, saved, plan, specs=settings == "spec")
    new = list(_new_groups(groups, matched, saved))
    hold = [each.with_the_specs() if settings == "spec" else each.with_the_checkpoints() for each in new]
    differences = tuple(difference for each in new for difference in each.differences())
    load_all(_state_dicts(groups, hold, matched))
    kept, others = _in_model_order(groups, matched, plan)
    return Resumed(kept, others, matched.reasons, settings, differences, matched.carried)


def _only(groups: Iterable[PresentGroup]) -> str | None:
    """The name of the only optimizer that the groups are of, where the spec has several."""
    names = {group.planned.settings.optimizer for group in groups}
    return names.pop() if len(names) == 1 else None


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
    groups: Sequence[PresentGroup], settings: Iterable[Mapping[str, Any]], matched: Match
) -> list[tuple[Optimizer, dict[str, Any]]]:
    """What each optimizer is to load: torch's own form, in the order of its groups now."""
    each: dict[int, tuple[Optimizer, dict[str, Any]]] = {}
    for group, hold in zip(groups, settings, strict=True):
        _, found = each.setdefault(id(group.optimizer), (group.optimizer, {"state": {}, "param_groups": []}))
        before = sum(len(each["params"]) for each in found["param_groups"])
        places = {name: before + place for place, name in enumerate(group.parameters)}
        content = {key: value for key, value in group.content.items() if key != "params"}
        found["param_groups"].append({**content, **hold, "params": list(places.values())})
        found["state"] |= {places[name]: state for name, state in _states(group, matched)}
    return list(each.values())


def _states(group: PresentGroup, matched: Match) -> Iterator[tuple[str, Any]]:
    for name, parameter in group.parameters.items():
        if name in matched.kept and matched.kept[name].state:
            yield name, own_copy(matched.kept[name].state, parameter)


def _in_model_order(
    groups: Iterable[PresentGroup], matched: Match, plan: Plan
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parameters that have kept their state, and the others."""
    names = sorted((name for group in groups for name in group.parameters), key=plan.inventory.index.__getitem__)
    kept = matched.kept.keys() - matched.bare
    return tuple(name for name in names if name in kept), tuple(name for name in names if name not in kept)
