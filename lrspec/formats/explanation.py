"""Why a parameter gets what it gets: every rule that has it, what each sets on it, and what holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lrspec.compiler.families import families
from lrspec.compiler.names import Names
from lrspec.compiler.plan import Plan, PlannedParameter, Status
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import number, value_words
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter
from lrspec.regex.pattern import FAILURES, Pattern
from lrspec.regex.search import Search, SlowRegexError
from lrspec.regex.time_limit import OverdueError
from lrspec.regex.work_limit import PATIENCE, TooMuchError, Work
from lrspec.spec.axes import axis_words

_COMPARED = 5000  # names
_STATUS = {
    Status.trained: "trained",
    Status.frozen_by_model: "frozen by the model",
    Status.frozen_by_spec: "frozen by the spec",
    Status.unmatched: "unmatched: no rule decides its learning rate",
}


class UnknownParameterError(ValueError):
    """No parameter is called so; the text names the nearest."""


def find(inventory: Inventory, wanted: str) -> list[int]:
    """The parameter of that name, aliases included; or else those that the regex matches by any name.

    Raises:
        UnknownParameterError: where there is none.
    """
    if wanted in inventory.index:
        return [inventory.index[wanted]]
    why = ", nor matches it as a regex"
    try:
        search = Search(Work(PATIENCE))
        search.work.allow_for(inventory.columns.count_names())
        with search.work.watch():
            found = Names(families(inventory.columns, (), (), search), search).parameters(Pattern(wanted, ()))
    except FAILURES as failure:
        found, why = [], f", and as a regex it is wrong: {printable(str(failure))}"
    except (SlowRegexError, TooMuchError, OverdueError):
        raise UnknownParameterError(f"the regex {printable(wanted)} takes too long: repeats within repeats") from None
    if found:
        return found
    depth = wanted.count(".")  # comparing with all names takes too long where there are many
    hint = did_you_mean(wanted, [name for name in inventory.index if name.count(".") == depth][:_COMPARED], 3)
    raise UnknownParameterError(f"no parameter is called {printable(wanted)}{why}{hint}")


def explain(resolution: Resolution, plan: Plan, index: int) -> str:
    """The explanation of one parameter, in lines of text."""
    planned, first = plan.parameters[index], resolution.families.representative_of[index]
    lines = [_heading(planned.parameter), f"  status          {_status(plan, planned)}"]
    if planned.status.trains:
        if resolution.spec.optimizers is not None:
            lines.append(f"  optimizer       {_optimizer(resolution, first)}")
        lines.append(f"  learning rate   {_rate(resolution, planned, first)}")
        lines.append(f"  weight decay    {_decay(resolution, planned, first)}")
        lines += [f"  {printable(name):<15} {value_words(value)}" for name, value in planned.settings.options]
    return "\n".join([*lines, *_rules(resolution, first)])


def _heading(parameter: Parameter) -> str:
    shape = "" if parameter.shape is None else f" {list(parameter.shape)}, {parameter.elements:,} elements"
    tied = f", also called {', '.join(map(printable, parameter.aliases))}" if parameter.aliases else ""
    owner = f", owned by {' < '.join(map(printable, parameter.module))}" if parameter.module else ""
    return printable(parameter.name) + shape + tied + owner


def _status(plan: Plan, planned: PlannedParameter) -> str:
    place = plan.group_of.get(planned.name)
    if plan.groups is None or place is None:
        return _STATUS[planned.status]
    return f"{_STATUS[planned.status]}, in group {place} ({plan.groups[place].name})"


def _optimizer(resolution: Resolution, first: int) -> str:
    applied = resolution.winner("optimizer", first)
    by = f"optimizer of {resolution.spec.rule_names[applied.rule]}" if applied else "the default"
    return f"{resolution.optimizer_of(first)} ({by})"


def _rate(resolution: Resolution, planned: PlannedParameter, first: int) -> str:
    if planned.settings.lr is None:
        return "the optimizer's own default: nothing sets it"
    factors = " × ".join(_factors(resolution, planned, first))
    return f"{number(planned.settings.lr)} = {factors}"


def _factors(resolution: Resolution, planned: PlannedParameter, first: int) -> Iterator[str]:
    names, optimizer = resolution.spec.rule_names, resolution.base_of(first)
    rate, scale = resolution.winner("lr", first), resolution.winner("scale", first)
    if rate is None or rate.setting.key == ("lr_mult",):
        yield f"{number(optimizer.lr or 0.0)} ({_base(resolution, first)}.lr)"
    if rate:
        key = rate.setting.key[0]
        yield f"{number(getattr(resolution.spec.rules[rate.rule], key))} ({key} of {names[rate.rule]})"
    if planned.layer:
        layer = planned.layer
        yield f"{number(layer.mult)} ({layer.rule}: layer {layer.index}, of 0 to {layer.of - 1})"
    if scale:
        yield f"{number(scale.setting.value)} (lr_scale of {names[scale.rule]})"


def _base(resolution: Resolution, first: int) -> str:
    return spell(resolution.spec.base_path(resolution.optimizer_of(first)))


def _decay(resolution: Resolution, planned: PlannedParameter, first: int) -> str:
    applied = resolution.winner("weight_decay", first)
    if planned.settings.weight_decay is None:
        return "the optimizer's own default: nothing sets it"
    by = (
        f"{applied.setting.key[0]} of {resolution.spec.rule_names[applied.rule]}"
        if applied
        else f"{_base(resolution, first)}.weight_decay"
    )
    return f"{number(planned.settings.weight_decay)} ({by})"


def _rules(resolution: Resolution, first: int) -> Iterator[str]:
    """What every rule has to say about the parameter, in the order of the rules."""
    names = resolution.spec.rule_names
    width = max(len(name) for name in names)
    yield "  rules, in order"
    for rule, selection in enumerate(resolution.selections):
        label = f"    {names[rule]:<{width}}  "
        if first not in selection.parameters:
            yield label + "does not select it"
            continue
        settings = [_setting(resolution, applied, first) for applied in _applied_settings(resolution, rule, first)]
        yield f"{label}selects it {_by(resolution, rule, first)}: {'; '.join(settings)}"


def _applied_settings(resolution: Resolution, rule: int, first: int) -> Iterable[AppliedSetting]:
    """What a rule sets, an axis each: of a multiple, which has a reach for each optimizer, that of the parameter's."""
    found: dict[str, AppliedSetting] = {}
    for applied in resolution.applied_settings:
        if applied.rule == rule and (first in applied.members or applied.setting.axis not in found):
            found[applied.setting.axis] = applied
    return found.values()


def _by(resolution: Resolution, rule: int, first: int) -> str:
    selection = resolution.selections[rule]
    name = selection.parameters[first]
    alias = f" on its alias {printable(resolution.columns.names_of(first)[name.which])}" if name.which else ""
    regex = next((printable(hit.pattern.regex) for hit in selection.hits if name in hit.matches), None)
    narrowed = " and where" if resolution.spec.rules[rule].where else ""
    return f"by '{regex}'{narrowed}{alias}" if regex is not None else "by where" if narrowed else "as the catch-all"


def _setting(resolution: Resolution, applied: AppliedSetting, first: int) -> str:
    words = axis_words(applied.setting.axis)
    value = "" if applied.setting.axis == "layer" else f" to {value_words(applied.setting.value)}"
    ladder = resolution.ladders[applied.rule]
    if applied.setting.axis == "layer" and ladder and first in ladder.lost:
        return "finds no layer for it to share"
    if first not in applied.members:
        return f"leaves {words} as it is"
    winner = resolution.winners[applied.setting.axis][first]
    if winner is applied:
        return f"sets {words}{value}"
    return f"would set {words}{value}, but {resolution.spec.rule_names[winner.rule]} comes first"
