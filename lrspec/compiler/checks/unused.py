"""Does a rule, a regex of it, or a schedule do nothing? LRS203 to LRS206, LRS215, LRS216."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lrspec.compiler.checks.finding import Compilation, Subject, put_last, selection_subject
from lrspec.compiler.checks.why_unselected import why_nothing, why_unused
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count
from lrspec.spec.language import Rule, Thaw


def unused_rule(compilation: Compilation) -> Iterator[Finding]:
    """LRS203: a rule that selects nothing."""
    resolution = compilation.resolution
    for index, _ in _required(resolution):
        if not resolution.selections[index].parameters:
            yield selection_subject(resolution, index).finding(
                "LRS203",
                f"the rule `{resolution.spec.rule_names[index]}` selects nothing: {why_nothing(resolution, index)}",
                "Fix the selector, or remove the rule; if it is only for some models, add `optional: true`.",
            )


def unused_in_every_model(resolutions: Sequence[Resolution]) -> Iterator[Finding]:
    """LRS203 for several models together: an optional rule that selects nothing in any of them."""
    for index, rule in enumerate(resolutions[0].spec.rules):
        selections = [resolution.selections[index] for resolution in resolutions]
        if rule.optional and not any(selection.parameters or selection.unknowable for selection in selections):
            yield selection_subject(resolutions[0], index).finding(
                "LRS203",
                f"the rule `{resolutions[0].spec.rule_names[index]}` is optional, and selects nothing in any of "
                f"the {len(resolutions)} models",
                "Fix the selector, or remove the rule.",
            )


def shadowed_rule(compilation: Compilation) -> Iterator[Finding]:
    """LRS204: a rule that selects parameters but sets nothing on them, since earlier rules have set it all."""
    resolution = compilation.resolution
    for index, rule in _required(resolution):
        selected = list(resolution.selections[index].parameters)
        catch_all = rule.fallback and rule.match is None and rule.layers is None and rule.where is None
        if not selected or catch_all or index in resolution.effective or resolution.lost(index):
            continue
        if _thaws_elsewhere(resolution, index, selected):
            continue
        subject, names = selection_subject(resolution, index, selected), resolution.spec.rule_names
        axes = {applied.setting.axis for applied in resolution.applied_settings if applied.rule == index}
        on_axes = [on_axis for axis, on_axis in resolution.winners.items() if rule.fallback or axis in axes]
        earlier = sorted({on_axis[p].rule for on_axis in on_axes for p in selected if p in on_axis})
        listed = ", ".join(f"`{names[winner]}`" for winner in earlier)
        yield subject.finding(
            "LRS204",
            f"the rule `{names[index]}` sets nothing on {subject.counted()} that it selects: "
            f"earlier rules have set it all ({listed})",
            put_last(resolution, earlier) or "Move this rule before those, narrow those, or remove it.",
        )


def _thaws_elsewhere(resolution: Resolution, index: int, selected: Sequence[int]) -> bool:
    """Return whether a rule freezes by layer, and parameters get nothing from it only because they are on no layer."""
    rule, ladder = resolution.spec.rules[index], resolution.ladders[index]
    if rule.fallback or not ladder or not (isinstance(rule.freeze, Thaw) and rule.freeze.by_layer):
        return False
    winners = ((p, resolution.winner("freeze", p)) for p in selected)
    return any(p not in ladder.layers and (winner is None or winner.rule > index) for p, winner in winners)


def unused_pattern(compilation: Compilation) -> Iterator[Finding]:
    """LRS205: one regex of several that selects nothing, while the rule selects something."""
    resolution = compilation.resolution
    for index, _ in _required(resolution):
        selection = resolution.selections[index]
        for hit in selection.hits:
            if selection.parameters and not hit.matches:
                selected = resolution.families.expand(selection.parameters)
                yield Subject(resolution, hit.pattern.path, index).finding(
                    "LRS205",
                    f"the regex '{printable(hit.pattern.regex)}' selects nothing, while the rule "
                    f"`{resolution.spec.rule_names[index]}` selects {count(len(selected), 'parameter')}"
                    f"{why_unused(resolution, index, hit.pattern)}",
                    "Fix or remove it; if it is only for some models, add `optional: true` to the rule.",
                )


def frozen_only_rule(compilation: Compilation) -> Iterator[Finding]:
    """LRS206: a rule that sets something on parameters all of which are frozen, and is not LRS216."""
    resolution = compilation.resolution
    for index, selected in _frozen(resolution):
        rules, by_model = _freezing(resolution, selected)
        if by_model and resolution.spec.rules[index].sets_rate:
            continue
        advice = "Remove it, or let them train: `freeze: false`."
        if rules:
            advice = f"Remove it, or exclude them from {' and '.join(rules)} (`exclude`)."
        yield selection_subject(resolution, index, selected).finding(
            "LRS206",
            f"the rule `{resolution.spec.rule_names[index]}` has no effect: everything that it selects is frozen "
            f"(by {' and '.join([*rules, *by_model])})",
            advice,
        )


def trains_nothing(compilation: Compilation) -> Iterator[Finding]:
    """LRS216: a rule that sets a rate on parameters all of which are frozen, some of them by the model."""
    resolution = compilation.resolution
    for index, selected in _frozen(resolution):
        rules, by_model = _freezing(resolution, selected)
        rule = resolution.spec.rules[index]
        if not by_model or not rule.sets_rate or rule.optional:
            continue
        exclude = f" Exclude the others from {' and '.join(rules)} (`exclude`)." if rules else ""
        yield selection_subject(resolution, index, selected).finding(
            "LRS216",
            f"the rule `{resolution.spec.rule_names[index]}` sets a rate, but trains nothing: everything that it "
            f"selects is frozen (by {' and '.join([*rules, *by_model])})",
            "To train what the model has frozen, add `freeze: false`; if the rule is for another phase of training, "
            f"add `optional: true`.{exclude}",
        )


def unused_schedule(compilation: Compilation) -> Iterator[Finding]:
    """LRS215: a schedule that no rule names and that no trained parameter has."""
    resolution = compilation.resolution
    spec, named = resolution.spec, resolution.winners.get("schedule", {})
    for name in spec.schedules or ():
        if any(rule.schedule == name for rule in spec.rules):
            continue
        by_default = (index for index in resolution.families.members if index not in named)
        if name == spec.default_schedule and any(map(resolution.trainable, by_default)):
            continue
        reason = ": the first is for what no rule gives another" if name == spec.default_schedule else ""
        yield Subject(resolution, ("schedules", name)).finding(
            "LRS215",
            f"no trained parameter has the schedule `{name}`, and no rule names it{reason}",
            f"Name it in a rule, `schedule: {name}`, or remove it.",
            at_key=True,
        )


def _frozen(resolution: Resolution) -> Iterator[tuple[int, list[int]]]:
    """The rules that set something other than `freeze` and select only frozen parameters, with these."""
    setting = {applied.rule for applied in resolution.applied_settings if applied.setting.axis != "freeze"}
    for index in sorted(setting):
        selected = list(resolution.selections[index].parameters)
        if selected and not any(resolution.trainable(parameter) for parameter in selected):
            yield index, selected


def _freezing(resolution: Resolution, frozen: Sequence[int]) -> tuple[list[str], list[str]]:
    """What freezes parameters: the rules by their names, and the model if it freezes any."""
    winners = [resolution.winner("freeze", parameter) for parameter in frozen]
    names = [f"`{resolution.spec.rule_names[rule]}`" for rule in sorted({each.rule for each in winners if each})]
    return names, ["the model"] if None in winners else []


def _required(resolution: Resolution) -> Iterator[tuple[int, Rule]]:
    """The rules that must select something: neither optional ones nor those whose selection cannot be known."""
    for index, rule in enumerate(resolution.spec.rules):
        if not rule.optional and not resolution.selections[index].unknowable:
            yield index, rule
