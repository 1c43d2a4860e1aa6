"""Notes for the head of the file: what was converted, and what a spec cannot express."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.drafting.live.groups import LiveOptimizer
from lrspec.drafting.live.members import Member, Members
from lrspec.drafting.live.optimizers import renamed
from lrspec.optim.verify.schedulers import listed, schedules

_SHOWN = 3
"""The number of parameters and groups that a note names before it counts the rest."""


def remarks(members: Members) -> Iterator[str]:
    """What the spec says in another way than the groups do."""
    if scaled := [each for each in members.optimizers if each.scales]:
        already = all(each.scaled_already for each in scaled)
        yield f"`lr_scale` of the groups is {'in the rates already' if already else 'multiplied into the rates'}."
    for key in dict.fromkeys(
        key for each in members.optimizers for number in range(len(each.groups)) for key in each.moved(number)
    ):
        yield f"A scheduler moves `{key}`: the spec has what the optimizer was made with."
    if frozen := members.frozen():
        yield f"{_counted(members, frozen)} in a group, but not trainable: frozen here."


def unsaid(members: Members, used: Sequence[LiveOptimizer], optimizer: Any, scheduler: Any) -> Iterator[str]:
    """What a spec cannot say of the groups."""
    for old, new in renamed(optimizer):
        yield f"The optimizer `{printable(old)}` is called `{new}` here: names are letters, digits, `_` and `-`."
    for each in members.optimizers:
        if each.inside:
            yield f"{each.inside} around {each.described.type} is not part of a spec: wrap the optimizer yourself."
        if each not in used:
            yield f"`{each.name}` trains none of the model's parameters, and is left out."
    yield from _schedulers(members, scheduler)
    if left := members.without_group():
        them = "it" if len(left) == 1 else "them"
        yield f"{_counted(members, left)} trainable, but no optimizer had {them}: frozen here."
    yield from _groups(members)
    for each in members.optimizers:
        yield from _keys(each)


def _counted(members: Members, places: Sequence[int]) -> str:
    """`a, b and c are`, `a, b, c and 4 more are`."""
    names = [members.inventory.columns.names[place] for place in places]
    return f"{few(names, _SHOWN)} {'is' if len(names) == 1 else 'are'}"


def _schedulers(members: Members, scheduler: Any) -> Iterator[str]:
    moved = [schedule for each in members.optimizers for schedule in each.schedules]
    for schedule in (schedule for each in listed(scheduler) for schedule in schedules(each)):
        if schedule.factors is not None:
            continue
        if all(schedule.optimizer is not each.optimizer for each in moved) and schedule.optimizer is not None:
            yield f"{schedule.name} moves another optimizer: it has no say here."
        elif schedule.bases is None:
            yield f"{schedule.name} does not keep the rates that it began with: the spec has the present ones."


def _groups(members: Members) -> Iterator[str]:
    if empty := [member.optimizer.label(member.group) for member in members.empty()]:
        several = f"{count(len(empty), 'group')} have no parameters: left out ({few(empty, _SHOWN)})."
        yield several if len(empty) > 1 else f"{_capital(empty[0])} has no parameters: left out."
    for member, shapes in members.strangers.items():
        label, shown = _capital(_label(member)), few([str(shape) for shape in shapes], _SHOWN)
        yield f"{label} has {count(len(shapes), 'tensor')} that the model does not have (shape {shown}): left out."
    if members.again:
        place, again = next(iter(members.again.items()))
        name, first = printable(members.inventory.columns.names[place]), _label(members.groups[place])
        others = len(members.again) - 1
        more = f", and so {'is' if others == 1 else 'are'} {others:,} more" if others else ""
        yield f"{name} is in {first} and again in {_label(again)}{more}: the first counts."


def _keys(optimizer: LiveOptimizer) -> Iterator[str]:
    for key, value in optimizer.not_plain().items():
        yield f"`{printable(key)}` is of a kind that a spec cannot have ({type(value).__name__}): left out."
    if keys := optimizer.strange_keys():
        listed = few([f"`{key}`" for key in keys])
        subject = "is not an argument" if len(keys) == 1 else "are not arguments"
        yield f"{listed} of the groups {subject} of {printable(optimizer.described.type)}: left out."


def _label(member: Member) -> str:
    return member.optimizer.label(member.group)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
