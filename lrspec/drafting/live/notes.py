"""Notes for the head of the file: what was converted, and what a spec cannot express."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.members import Members
from lrspec.optim.live.optimizers import renamings
from lrspec.optim.live.schedules import Schedule
from lrspec.optim.live.values import is_tag

_SHOWN = 3
"""The number of parameters and groups that a note names before it counts the rest."""


def remarks(members: Members) -> Iterator[str]:
    """What the spec says in another way than the groups do."""
    if scaled := [each for each in members.optimizers if each.scales]:
        already = all(each.scaled_already for each in scaled)
        yield f"`lr_scale` of the groups is {'in the rates already' if already else 'multiplied into the rates'}."
    yield from dict.fromkeys(f"The learning rates are the `max_lr` of {who}." for who in _cycles(members))
    for key in dict.fromkeys(key for each in members.optimizers for key in each.scheduled_options()):
        yield f"A scheduler moves `{key}`, so the spec has the value that the optimizer was made with."
    if frozen := members.frozen():
        yield f"{_names_and_verb(members, frozen)} in a group, but not trainable: frozen here."


def _cycles(members: Members) -> Iterator[str]:
    """Yield who has the heights of a cycle: schedulers, or the groups alone if there is no scheduler."""
    for each in members.optimizers:
        yield from (schedule.name for schedule in each.schedules if schedule.is_height)
        if not each.schedules and any("max_lr" in group for group in each.groups):
            yield "the groups"


def omissions(
    members: Members, used: Sequence[LiveOptimizer], optimizer: Any, schedules: Sequence[Schedule]
) -> Iterator[str]:
    """What a spec cannot say of the groups."""
    for old, new in renamings(optimizer):
        yield f"The optimizer `{printable(old)}` is called `{new}` here: names are letters, digits, `_` and `-`."
    for each in members.optimizers:
        if each.inside:
            yield f"{each.inside} around {each.signature.type} is not part of a spec: wrap the optimizer yourself."
        if each not in used:
            yield f"`{each.name}` trains none of the model's parameters, and is omitted."
    yield from _schedulers(members, schedules)
    if left := members.without_group():
        them = "it" if len(left) == 1 else "them"
        yield f"{_names_and_verb(members, left)} trainable, but no optimizer had {them}: frozen here."
    yield from _groups(members)
    for each in members.optimizers:
        yield from _keys(each, members.tags)


def _names_and_verb(members: Members, places: Sequence[int]) -> str:
    """`a, b and c are`, `a, b, c and 4 more are`."""
    names = [members.inventory.columns.names[place] for place in places]
    return f"{few(names, _SHOWN)} {'is' if len(names) == 1 else 'are'}"


def _schedulers(members: Members, schedules: Sequence[Schedule]) -> Iterator[str]:
    moved = [schedule for each in members.optimizers for schedule in each.schedules]
    for schedule in schedules:
        if schedule.factors is not None:
            continue
        if all(schedule.optimizer is not each.optimizer for each in moved) and schedule.optimizer is not None:
            yield f"{schedule.name} moves another optimizer: it has no say here."
        elif schedule.bases is None:
            yield f"{schedule.name} does not keep the rates that it began with: the spec has the present ones."


def _groups(members: Members) -> Iterator[str]:
    if empty := [member.label for member in members.empty()]:
        several = f"{count(len(empty), 'group')} have no parameters: omitted ({few(empty, _SHOWN)})."
        yield several if len(empty) > 1 else f"{_capital(empty[0])} has no parameters: omitted."
    for member, shapes in members.strangers.items():
        label, shown = _capital(member.label), few([str(shape) for shape in shapes], _SHOWN)
        yield f"{label} has {count(len(shapes), 'tensor')} that the model does not have (shape {shown}): omitted."
    if members.again:
        place, again = next(iter(members.again.items()))
        name, first = printable(members.inventory.columns.names[place]), members.groups[place].label
        others = len(members.again) - 1
        more = f", and so {'is' if others == 1 else 'are'} {others:,} more" if others else ""
        yield f"{name} is in {first} and again in {again.label}{more}: the first counts."


def _keys(optimizer: LiveOptimizer, tags: Collection[Any]) -> Iterator[str]:
    if optimizer.lost:
        names, verb = few([f"`{name}`" for name in optimizer.lost]), "is" if len(optimizer.lost) == 1 else "are"
        yield f"{names} of {printable(optimizer.signature.type)} {verb} not in its groups: omitted."
    others = [(key, value) for group in optimizer.others for key, value in group.items()]
    unfit: dict[str, Any] = {}
    for key, value in others:
        if key in tags and not is_tag(value):
            unfit.setdefault(key, value)
    for key, value in {**optimizer.unfit_options(), **unfit}.items():
        yield f"`{printable(key)}` is of a kind that a spec cannot have ({type(value).__name__}): omitted."
    if keys := dict.fromkeys(key for key, _ in others if key not in tags):
        names, type_ = few([f"`{key}`" for key in keys]), printable(optimizer.signature.type)
        what = f"is not an argument of {type_}, and cannot be a tag"
        if len(keys) > 1:
            what = f"are not arguments of {type_}, and cannot be tags"
        yield f"{names} of the groups {what}: omitted."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
