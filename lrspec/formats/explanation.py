"""Explains the settings of one parameter: which rules select it, what each sets, and which one wins."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.families import families
from lrspec.compiler.names import Names
from lrspec.compiler.plan import Plan, PlannedParameter, Status
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.compiler.sizes import size
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import number, value_words
from lrspec.formats.table_rows import schedule_words
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter
from lrspec.regex.pattern import FAILURES, Pattern
from lrspec.regex.search import Search, SlowRegexError
from lrspec.regex.time_limit import OverdueError
from lrspec.regex.work_limit import PATIENCE, TooMuchError, Work
from lrspec.spec.axes import axis_words
from lrspec.spec.times import Time

_COMPARED = 5000  # names
_STATUS = {
    Status.trained: "trained",
    Status.frozen_by_model: "frozen by the model",
    Status.frozen_by_spec: "frozen by the spec",
    Status.unmatched: "unmatched: no rule decides its learning rate",
}
_NOT_SET = "the optimizer's own default: nothing sets it"


class UnknownParameterError(ValueError):
    """No parameter has this name; the text suggests the nearest."""


def find(inventory: Inventory, wanted: str) -> list[int]:
    """The parameter of that name, or else those that match it as a regex; raises UnknownParameterError if none do."""
    if wanted in inventory.index:
        return [inventory.index[wanted]]
    reason = ", and none matches it as a regex"
    try:
        search = Search(Work(PATIENCE))
        search.work.allow_for(inventory.columns.count_names())
        with search.work.watch():
            matching = Names(families(inventory.columns, (), (), search), search).parameters(Pattern(wanted, ()))
    except FAILURES as failure:
        matching, reason = [], f", and it is not a valid regex: {printable(str(failure))}"
    except (SlowRegexError, TooMuchError, OverdueError):
        raise UnknownParameterError(f"the regex {printable(wanted)} takes too long: repeats within repeats") from None
    if matching:
        return matching
    depth = wanted.count(".")  # comparing with every name takes too long for large models
    hint = did_you_mean(wanted, [name for name in inventory.index if name.count(".") == depth][:_COMPARED], 3)
    raise UnknownParameterError(f"no parameter is called {printable(wanted)}{reason}{hint}")


def explain(resolution: Resolution, plan: Plan, index: int) -> str:
    """The explanation of one parameter, in lines of text."""
    parameter = plan.parameters[index].parameter
    return "\n".join([printable(parameter.name) + about(parameter), *reasons(resolution, plan, index)])


def about(parameter: Parameter) -> str:
    """What is known of a parameter, to follow its name: shape, size, other names, owner, and what it is declared as."""
    shape = "" if parameter.shape is None else f" {list(parameter.shape)}, {parameter.elements:,} elements"
    tied = f", also called {', '.join(map(printable, parameter.aliases))}" if parameter.aliases else ""
    owner = f", owned by {' < '.join(map(printable, parameter.module))}" if parameter.module else ""
    declared = f", declared {', '.join(map(printable, parameter.declared))}" if parameter.declared else ""
    return shape + tied + owner + declared


def reasons(resolution: Resolution, plan: Plan, index: int) -> list[str]:
    """The settings of a parameter and where they come from, then the rules; the same for its family on a layer."""
    planned, representative = plan.parameters[index], resolution.families.representative_of[index]
    group = plan.group_of.get(planned.name)
    where = "" if plan.groups is None or group is None else f", in group {group} ({plan.groups[group].name})"
    thaws = f", frozen until {planned.freeze.value}" if isinstance(planned.freeze, Time) else ""
    lines = [f"  status          {_STATUS[planned.status]}{thaws}{where}"]
    if planned.status.trains:
        lines += _settings(resolution, planned, representative)
    return [*lines, "  rules, in order", *_rules(resolution, representative)]


def _settings(resolution: Resolution, planned: PlannedParameter, representative: int) -> Iterator[str]:
    settings, schedules = planned.settings, resolution.spec.schedules
    if settings.optimizer is not None:
        yield f"  optimizer       {settings.optimizer} ({_source(resolution, 'optimizer', representative)})"
    yield f"  learning rate   {_rate(resolution, planned, representative)}"
    if schedules and (name := settings.schedule):
        source = _source(resolution, "schedule", representative)
        yield f"  × schedule      {name} ({source}): {schedule_words(schedules[name])}"
    yield f"  weight decay    {_decay(resolution, planned, representative)}"
    for name, value in settings.options:
        yield f"  {printable(name):<15} {value_words(value)}"
    for name, value in settings.tags or ():
        yield f"  {printable(name):<15} {value_words(value)} (a tag)"


def _source(resolution: Resolution, axis: str, representative: int) -> str:
    applied = resolution.winner(axis, representative)
    return f"{axis} of {resolution.spec.rule_names[applied.rule]}" if applied else "the default"


def _rate(resolution: Resolution, planned: PlannedParameter, representative: int) -> str:
    """The learning rate as a product of factors, each with the place in the spec that it comes from."""
    if planned.settings.lr is None:
        return _NOT_SET
    factors = []
    rate, scale = resolution.winner("lr", representative), resolution.winner("scale", representative)
    if rate is None or rate.setting.key == ("lr_mult",):
        base = resolution.base_of(representative).lr or 0.0
        factors.append(f"{number(base)} ({_base(resolution, representative)}.lr)")
    if rate:
        factors.append(_factor(resolution, rate, representative))
    if layer := planned.layer:
        factors.append(f"{number(layer.mult)} ({layer.rule}: layer {layer.index}, of 0 to {layer.of - 1})")
    if scale:
        factors.append(_factor(resolution, scale, representative))
    return f"{number(planned.settings.lr)} = {' × '.join(factors)}"


def _decay(resolution: Resolution, planned: PlannedParameter, representative: int) -> str:
    if planned.settings.weight_decay is None:
        return _NOT_SET
    source = f"{_base(resolution, representative)}.weight_decay"
    if applied := resolution.winner("weight_decay", representative):
        if applied.setting.factor is not None:
            base = f"{number(resolution.base_of(representative).weight_decay or 0.0)} ({source})"
            decay = number(planned.settings.weight_decay)
            return f"{decay} = {base} × {_factor(resolution, applied, representative)}"
        source = f"{applied.setting.key[0]} of {resolution.spec.rule_names[applied.rule]}"
    return f"{number(planned.settings.weight_decay)} ({source})"


def _factor(resolution: Resolution, applied: AppliedSetting, representative: int) -> str:
    """A factor with the rule that sets it; one from shapes is written out."""
    name, key = resolution.spec.rule_names[applied.rule], applied.setting.key[0]
    sizes, factor = getattr(resolution.spec.rules[applied.rule], key), applied.setting.factor
    if factor is None:
        return f"{number(sizes)} ({key} of {name})"
    of_parameter = size(resolution.columns, representative, sizes.of)
    if of_parameter is None:
        return f"1 ({name}: no {sizes.of})"
    ratio = str(of_parameter) if sizes.base == 1 else f"({of_parameter} / {number(sizes.base)})"
    return f"{number(factor)} ({name}: {ratio} ** {number(sizes.power)}, {sizes.of})"


def _base(resolution: Resolution, representative: int) -> str:
    return spell(resolution.spec.base_path(resolution.optimizer_of(representative)))


def _rules(resolution: Resolution, representative: int) -> Iterator[str]:
    """One line per rule, in order: whether and how it selects the parameter, and what it sets on it."""
    names = resolution.spec.rule_names
    width = max(map(len, names))
    for rule, selection in enumerate(resolution.selections):
        label = f"    {names[rule]:<{width}}  "
        name = selection.parameters.get(representative)
        if name is None:
            yield f"{label}does not select it"
            continue
        where = resolution.spec.rules[rule].where
        by = "by where" if where else "as the catch-all"
        if pattern := next((hit.pattern for hit in selection.hits if name in hit.matches), None):
            alias = printable(resolution.columns.names_of(representative)[name.which])
            on_alias = f" on its alias {alias}" if name.which else ""
            by = f"by '{printable(pattern.regex)}'{' and where' if where else ''}{on_alias}"
        applied_on: dict[str, AppliedSetting] = {}  # a multiplier applies per optimizer: the parameter's own counts
        for applied in resolution.applied_settings:
            if applied.rule == rule and (representative in applied.members or applied.setting.axis not in applied_on):
                applied_on[applied.setting.axis] = applied
        effects = [_effect(resolution, applied, representative) for applied in applied_on.values()]
        yield f"{label}selects it {by}: {'; '.join(effects or ['puts it on no layer'])}"


def _effect(resolution: Resolution, applied: AppliedSetting, representative: int) -> str:
    """The effect of one setting of a rule on the parameter, in words."""
    axis, ladder = applied.setting.axis, resolution.ladders[applied.rule]
    value = "" if axis == "layer" else f" to {value_words(applied.setting.value)}"
    if axis == "layer" and ladder and representative in ladder.lost:
        return "finds no layer for it to share"
    if axis == "layer" and ladder and representative in ladder.uncounted:
        return "puts it on no layer, as it captures no number"
    if representative not in applied.members:
        return f"leaves {axis_words(axis)} as it is"
    winner = resolution.winners[axis][representative]
    if winner is applied:
        return f"sets {axis_words(axis)}{value}"
    return f"would set {axis_words(axis)}{value}, but {resolution.spec.rule_names[winner.rule]} comes first"
