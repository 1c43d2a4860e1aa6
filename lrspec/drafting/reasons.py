"""Explains each rule for `lrspec init --explain`: what it sets, of which parameters, in which groups."""

from __future__ import annotations

from collections.abc import Sequence

from lrspec.compiler.plan import Plan, PlannedParameter
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count
from lrspec.drafting.rules import DraftRule
from lrspec.spec.axes import axis_words


def reasons(plan: Plan, rules: Sequence[DraftRule]) -> str:
    """Return a paragraph for each rule."""
    members: dict[str, list[PlannedParameter]] = {rule.name: [] for rule in rules}
    for planned in plan.parameters:
        for name in dict.fromkeys(planned.set_by.values()):
            members[name].append(planned)
    return "\n".join(_paragraph(plan, rule, members[rule.name]) for rule in rules)


def _paragraph(plan: Plan, rule: DraftRule, members: list[PlannedParameter]) -> str:
    axes = dict.fromkeys(axis for each in members for axis, name in each.set_by.items() if name == rule.name)
    groups = {plan.group_of[each.name] for each in members if each.name in plan.group_of}
    lines = [f"{rule.name}: {rule.comment}" if rule.comment else rule.name]
    lines.append(
        f"  sets {', '.join(map(axis_words, axes)) or 'nothing'} of {_listed([each.name for each in members])}"
    )
    lines.append(f"  {_numbered(sorted(groups))}" if groups else "  in no group")
    return "\n".join(lines)


def _listed(names: list[str]) -> str:
    if not names:
        return "no parameter"
    shown = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
    return f"{count(len(names), 'parameter')}: {printable(shown)}"


def _numbered(groups: list[int]) -> str:
    """`in groups 0 to 3, 7`, by their numbers in the plan."""
    ranges: list[list[int]] = []
    for group in groups:
        if ranges and group == ranges[-1][-1] + 1:
            ranges[-1][1:] = [group]
        else:
            ranges.append([group])
    words = ", ".join(" to ".join(map(str, each)) for each in ranges)
    return f"in group{'' if len(groups) == 1 else 's'} {words}"
