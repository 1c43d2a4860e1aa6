"""Does a rule, or a regex of it, do nothing? LRS203 to LRS206."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lrspec.compiler.checks.finding import Compilation, Subject, put_last, selection_subject
from lrspec.compiler.checks.why_unselected import why_nothing, why_unused
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count
from lrspec.spec.language import Rule


def unused_rule(compilation: Compilation) -> Iterator[Finding]:
    """LRS203: a rule that selects nothing."""
    resolution = compilation.resolution
    for index, _ in _required(resolution):
        if not resolution.selections[index].parameters:
            yield selection_subject(resolution, index).finding(
                "LRS203",
                f"the rule `{resolution.spec.rule_names[index]}` selects nothing: {why_nothing(resolution, index)}",
                "Mend what it selects by, or remove it; if it is for some models only, add `optional: true`.",
            )


def unused_in_every_model(resolutions: Sequence[Resolution]) -> Iterator[Finding]:
    """LRS203 of several models together: an optional rule that selects nothing in any of them."""
    for index, rule in enumerate(resolutions[0].spec.rules):
        selections = [resolution.selections[index] for resolution in resolutions]
        if rule.optional and not any(selection.parameters or selection.unknowable for selection in selections):
            yield selection_subject(resolutions[0], index).finding(
                "LRS203",
                f"the rule `{resolutions[0].spec.rule_names[index]}` is optional, and selects nothing in any of "
                f"the {len(resolutions)} models",
                "Mend what it selects by, or remove it.",
            )


def shadowed_rule(compilation: Compilation) -> Iterator[Finding]:
    """LRS204: a rule that selects parameters and sets nothing on them, since earlier rules have set it all."""
    resolution = compilation.resolution
    for index, rule in _required(resolution):
        selected = list(resolution.selections[index].parameters)
        catch_all = rule.fallback and rule.match is None and rule.layers is None and rule.where is None
        if not selected or catch_all or index in resolution.effective or resolution.lost(index):
            continue
        subject, names = selection_subject(resolution, index, selected), resolution.spec.rule_names
        holding = _holding(resolution, index)
        before = ", ".join(f"`{names[earlier]}`" for earlier in holding)
        yield subject.finding(
            "LRS204",
            f"the rule `{names[index]}` sets nothing on {subject.counted()} that it selects: "
            f"earlier rules have set it all ({before})",
            put_last(resolution, holding) or "Move this rule before those, narrow those, or remove it.",
        )


def unused_pattern(compilation: Compilation) -> Iterator[Finding]:
    """LRS205: one regex of a list that selects nothing, while the rule selects something."""
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
                    "Mend or remove it; if it is for some models only, add `optional: true` to the rule.",
                )


def frozen_only_rule(compilation: Compilation) -> Iterator[Finding]:
    """LRS206: a rule that sets something on parameters all of which are frozen."""
    resolution = compilation.resolution
    setting = {applied.rule for applied in resolution.applied_settings if applied.setting.axis != "freeze"}
    for index in sorted(setting):
        selected = list(resolution.selections[index].parameters)
        if selected and not any(resolution.trainable(parameter) for parameter in selected):
            yield selection_subject(resolution, index, selected).finding(
                "LRS206",
                f"all that the rule `{resolution.spec.rule_names[index]}` selects is frozen "
                f"(by {_freezing(resolution, selected)}), so that what it sets has no effect",
                _to_train(resolution, selected),
            )


def _required(resolution: Resolution) -> Iterator[tuple[int, Rule]]:
    """The rules that must select something: not the optional ones, nor those that cannot be judged."""
    for index, rule in enumerate(resolution.spec.rules):
        if not rule.optional and not resolution.selections[index].unknowable:
            yield index, rule


def _holding(resolution: Resolution, rule: int) -> list[int]:
    """The earlier rules that hold what a rule would set on what it selects."""
    axes = {applied.setting.axis for applied in resolution.applied_settings if applied.rule == rule}
    on_axes = resolution.winners.values() if resolution.spec.rules[rule].fallback else map(resolution.winners.get, axes)
    selected = resolution.selections[rule].parameters
    return sorted({on_axis[p].rule for on_axis in on_axes if on_axis for p in selected if p in on_axis})


def _freezing(resolution: Resolution, parameters: list[int]) -> str:
    """By what parameters are frozen: rules, or the model."""
    by_model = [] if all(resolution.frozen_by_spec(parameter) for parameter in parameters) else ["the model"]
    return " and ".join([*_freezing_rules(resolution, parameters), *by_model])


def _freezing_rules(resolution: Resolution, parameters: list[int]) -> list[str]:
    applied_settings = (resolution.winner("freeze", parameter) for parameter in parameters)
    rules = sorted({applied.rule for applied in applied_settings if applied})
    return [f"`{resolution.spec.rule_names[rule]}`" for rule in rules]


def _to_train(resolution: Resolution, parameters: list[int]) -> str:
    """What to do about a rule on parameters that are frozen."""
    rules = _freezing_rules(resolution, parameters)
    if not rules:
        return "Remove it, or let them train: `freeze: false`."
    return f"Remove it, or let {' and '.join(rules)} leave them out (`exclude`)."
