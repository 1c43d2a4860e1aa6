"""Which saved parameters go on, in which groups, and why the others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, few
from lrspec.optim.resume.current_groups import PresentGroup, canonical, spelt, without_prefix
from lrspec.optim.resume.result import ResumeError
from lrspec.optim.resume.saved_state import SavedParameter
from lrspec.optim.resume.tensors import misfits
from lrspec.optim.state_keys import carried, should_have_state, stepping, why_not

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan
    from lrspec.models.inventory import Inventory


_NO_STATE = (
    "the checkpoint has no state of any parameter that this optimizer trains\n"
    "Was it saved before the first step? Then go on without it. torch.distributed.checkpoint reads nothing into an "
    "optimizer whose parameters have gradients: call `optimizer.zero_grad()` before `get_optimizer_state_dict`."
)


@dataclass(frozen=True)
class Match:
    """The saved parameters that go on, by their names in the plan, and why each of the others is dropped.

    `bare` are those that go on and had no state, though they should: no gradient has ever reached them. `carried` are
    those whose state another class of optimizers has saved, or may have, with words for that.
    """

    kept: Mapping[str, SavedParameter]
    bare: frozenset[str]
    reasons: Mapping[str, str]
    carried: Mapping[str, str]


def match(groups: Sequence[PresentGroup], saved: Sequence[SavedParameter], plan: Plan, *, specs: bool) -> Match:
    """Match what was saved with the groups that there are; `specs` says whether the settings of the spec will hold.

    Raises:
        ResumeError: where nothing fits, or a tensor has another shape than its parameter.
    """
    by_name = _by_name(saved, plan.inventory)
    group_of = {name: group for group in groups for name in group.parameters}
    reasons: dict[str, str] = {}
    for name, each in by_name.items():
        if reason := _why_dropped(group_of[name], each, specs=specs) if name in group_of else _why_unused(name, plan):
            reasons[name] = reason
    kept = {name: each for name, each in by_name.items() if name not in reasons}
    if not kept:
        raise ResumeError(_nothing(reasons, plan))
    bare = frozenset(name for name, each in kept.items() if _is_bare(group_of[name], each))
    if len(bare) == len(kept):
        raise ResumeError(_NO_STATE)
    _refuse_other_shapes(kept, group_of)
    words = {name: _carried(group_of[name], each) for name, each in kept.items()}
    return Match(kept, bare, reasons, {name: each for name, each in words.items() if each})


def _by_name(saved: Sequence[SavedParameter], inventory: Inventory) -> dict[str, SavedParameter]:
    """What was saved under the names of the plan; of two that are one parameter now, its first name's.

    Raises:
        ResumeError: where two names are one but for what wrappers put into them.
    """
    bare = without_prefix([each.name for each in saved], inventory)
    names = [spelt(name, inventory) for name in bare]
    _refuse_one_name_of_two(names, saved)
    every = set(names)
    found: dict[str, SavedParameter] = {}
    for name, each in zip(names, saved, strict=True):
        known = canonical(name, inventory)
        taken = known in found or (known != name and known in every)
        found[name if taken else known] = each
    return found


def _refuse_one_name_of_two(names: Sequence[str], saved: Sequence[SavedParameter]) -> None:
    first: dict[str, str] = {}
    for name, each in zip(names, saved, strict=True):
        if (other := first.setdefault(name, each.name)) != each.name:
            raise ResumeError(
                f"the checkpoint has {few([other, each.name])}, and both are {printable(name)} but for what wrappers "
                "put into names: it is not clear which state is meant\nRename one of them, or take it out."
            )


def _why_dropped(group: PresentGroup, saved: SavedParameter, *, specs: bool) -> str:
    settings = _settings(group) if specs else saved.settings
    return why_not(stepping(group.optimizer), settings, saved.state, saved.settings)


def _carried(group: PresentGroup, saved: SavedParameter) -> str:
    """`the state of Adam, now in AdamW`, or nothing where a parameter goes on in the class that it was in."""
    optimizer = stepping(group.optimizer)
    saver = carried(optimizer, _settings(group), saved.state, saved.settings)
    return f"the state of {saver}, now in {type(optimizer).__name__}" if saver else ""


def _settings(group: PresentGroup) -> Mapping[str, Any]:
    return {**group.content, **group.planned.settings.group_keys()}


def _is_bare(group: PresentGroup, saved: SavedParameter) -> bool:
    return not saved.state and should_have_state(stepping(group.optimizer), saved.settings)


def _why_unused(name: str, plan: Plan) -> str:
    """Why no optimizer that was given has a parameter."""
    place = plan.inventory.index.get(name)
    if place is None:
        return "not in the plan"
    first = plan.inventory.columns.names[place]
    if first != name:
        return f"tied to {first} now"
    if name not in plan.group_of:
        return "frozen now"
    return "in another optimizer, or in another part of the model"


def _nothing(reasons: Mapping[str, str], plan: Plan) -> str:
    if not reasons:
        return "the checkpoint has no parameters"
    if not any(name in plan.inventory.index for name in reasons):
        return f"the plan knows no parameter of the checkpoint ({few(list(reasons), SHOWN)}): it is another model's"
    listed = [
        f"{few([name for name in reasons if reasons[name] == reason], SHOWN)}: {reason}"
        for reason in dict.fromkeys(reasons.values())
    ]
    return "\n".join(
        [
            "nothing of the checkpoint goes on in this optimizer",
            *listed[:SHOWN],
            "Give what was saved of this optimizer.",
        ]
    )


def _refuse_other_shapes(kept: Mapping[str, SavedParameter], group_of: Mapping[str, PresentGroup]) -> None:
    wrong = [
        f"{name} {list(parameter.shape)} has {', '.join(found)}"
        for name, each in kept.items()
        if (found := list(misfits(each.state, parameter := group_of[name].parameters[name])))
    ]
    if wrong:
        raise ResumeError(
            f"the saved state has other shapes than the parameters: {few(wrong, SHOWN)}\n"
            "To begin such a parameter anew, take its entry out of `state` in what was saved."
        )
