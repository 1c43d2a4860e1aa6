"""Matches saved parameters with the groups that exist, and explains why some are dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, few
from lrspec.optim.live.unwrap import stepping
from lrspec.optim.resume.current_groups import PresentGroup, canonical, spelt, without_prefix
from lrspec.optim.resume.result import ResumeError
from lrspec.optim.resume.saved_state import SavedParameter
from lrspec.optim.resume.tensors import misfits
from lrspec.optim.state_keys import carried, should_have_state, why_not

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan
    from lrspec.models.inventory import Inventory

_NO_STATE = (
    "the checkpoint has no state for any parameter that this optimizer trains\n"
    "Was it saved before the first step? Then continue without it. torch.distributed.checkpoint reads nothing into an "
    "optimizer whose parameters have gradients: call `optimizer.zero_grad()` before `get_optimizer_state_dict`."
)


@dataclass(frozen=True)
class Match:
    """The saved parameters that resume, by their names in the plan, and why each of the others is dropped.

    `bare` are those that resume and had no state, though they should: no gradient has ever reached them. `carried` are
    those whose state another class of optimizers has saved, or may have saved, with words for that: `the state of Adam,
    now in AdamW`.
    """

    kept: Mapping[str, SavedParameter]
    bare: frozenset[str]
    reasons: Mapping[str, str]
    carried: Mapping[str, str]


def match(groups: Sequence[PresentGroup], saved: Sequence[SavedParameter], plan: Plan, *, specs: bool) -> Match:
    """Match saved parameters with the groups that exist; with `specs`, the settings of the spec will apply.

    ResumeError if nothing fits, or if a tensor does not have the shape of its parameter.
    """
    by_name = _by_name(saved, plan.inventory)
    group_of = {name: group for group in groups for name in group.parameters}
    reasons: dict[str, str] = {}
    for name, parameter in by_name.items():
        group = group_of.get(name)
        if group is None:
            reasons[name] = _why_unused(name, plan)
            continue
        settings = group.settings if specs else parameter.settings
        if reason := why_not(stepping(group.optimizer), settings, parameter.state, parameter.settings):
            reasons[name] = reason
    kept = {name: parameter for name, parameter in by_name.items() if name not in reasons}
    if not kept:
        raise ResumeError(_nothing_kept(reasons, plan))
    bare: set[str] = set()
    misfitting: list[str] = []
    words: dict[str, str] = {}
    for name, parameter in kept.items():
        group = group_of[name]
        optimizer, tensor = stepping(group.optimizer), group.parameters[name]
        if not parameter.state and should_have_state(optimizer, parameter.settings):
            bare.add(name)
        if shapes := ", ".join(misfits(parameter.state, tensor)):
            misfitting.append(f"{name} {list(tensor.shape)} has {shapes}")
        if saver := carried(optimizer, group.settings, parameter.state, parameter.settings):
            words[name] = f"the state of {saver}, now in {type(optimizer).__name__}"
    thawing = {plan.inventory.columns.names[place] for places in plan.thawing.values() for place in places}
    if len(bare) == len(kept) and not bare <= thawing:
        raise ResumeError(_NO_STATE)
    if misfitting:
        raise ResumeError(
            f"the saved state has other shapes than the parameters: {few(misfitting, SHOWN)}\n"
            "To restart such a parameter, remove its entry from `state` in what was saved."
        )
    return Match(kept, frozenset(bare), reasons, words)


def _by_name(saved: Sequence[SavedParameter], inventory: Inventory) -> dict[str, SavedParameter]:
    """The saved parameters, by their names in the plan; of two that are tied now, one gets the first name.

    ResumeError if two names differ only in what wrappers insert.
    """
    bare = without_prefix([parameter.name for parameter in saved], inventory)
    parameters: dict[str, SavedParameter] = {}
    for name, parameter in zip([spelt(name, inventory) for name in bare], saved, strict=True):
        other = parameters.setdefault(name, parameter)
        if other.name != parameter.name:
            raise ResumeError(
                f"the checkpoint has {few([other.name, parameter.name])}, and both are {printable(name)} apart from "
                "what wrappers insert: it is not clear which state is meant\nRename one of them, or remove it."
            )
    by_name: dict[str, SavedParameter] = {}
    for name, parameter in parameters.items():
        first = canonical(name, inventory)
        taken = first in by_name or (first != name and first in parameters)
        by_name[name if taken else first] = parameter
    return by_name


def _why_unused(name: str, plan: Plan) -> str:
    """The reason why none of the given optimizers has a parameter."""
    place = plan.inventory.index.get(name)
    if place is None:
        return "not in the plan"
    first = plan.inventory.columns.names[place]
    if first != name:
        return f"tied to {first} now"
    return "in another optimizer, or in another part of the model" if name in plan.group_of else "frozen now"


def _nothing_kept(reasons: Mapping[str, str], plan: Plan) -> str:
    if not reasons:
        return "the checkpoint has no parameters"
    if not any(name in plan.inventory.index for name in reasons):
        return f"the plan knows no parameter of the checkpoint ({few(list(reasons), SHOWN)}): it is another model's"
    listed = [
        f"{few([name for name in reasons if reasons[name] == reason], SHOWN)}: {reason}"
        for reason in list(dict.fromkeys(reasons.values()))[:SHOWN]
    ]
    lines = ["this optimizer can resume nothing from the checkpoint", *listed]
    return "\n".join([*lines, "Pass what was saved of this optimizer."])
