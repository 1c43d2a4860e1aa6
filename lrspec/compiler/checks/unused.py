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
    """LRS206: a rule that sets something on parameters all of which are frozen."""
    resolution = compilation.resolution
    names = resolution.spec.rule_names
    setting = {applied.rule for applied in resolution.applied_settings if applied.setting.axis != "freeze"}
    for index in sorted(setting):
        selected = list(resolution.selections[index].parameters)
        if not selected or any(resolution.trainable(parameter) for parameter in selected):
            continue
        winners = [resolution.winner("freeze", parameter) for parameter in selected]
        rules = [f"`{names[rule]}`" for rule in sorted({applied.rule for applied in winners if applied})]
        advice = "Remove it, or let them train: `freeze: false`."
        if rules:
            advice = f"Remove it, or exclude them from {' and '.join(rules)} (`exclude`)."
        by_spec = all(resolution.frozen_by_spec(parameter) for parameter in selected)
        frozen_by = " and ".join(rules if by_spec else [*rules, "the model"])
        yield selection_subject(resolution, index, selected).finding(
            "LRS206",
            f"the rule `{names[index]}` has no effect: everything that it selects is frozen (by {frozen_by})",
            advice,
        )


def _required(resolution: Resolution) -> Iterator[tuple[int, Rule]]:
    """The rules that must select something: neither optional ones nor those whose selection cannot be known."""
    for index, rule in enumerate(resolution.spec.rules):
        if not rule.optional and not resolution.selections[index].unknowable:
            yield index, rule
