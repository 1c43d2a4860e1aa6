"""A `Resolution` to the findings of LRS2xx: parameters left out or set twice, rules and regexes that do nothing.

One generator a diagnostic; `lrspec explain CODE` has the manual of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lrspec.compiler.checks.finding import About, about_selection, about_setting
from lrspec.compiler.checks.why_unselected import why_nothing, why_unused
from lrspec.compiler.names import Name
from lrspec.compiler.resolution import Reach, Resolution
from lrspec.compiler.selection import Place
from lrspec.compiler.settings import comparable
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import axis_words, count, few, two_values, value_words
from lrspec.regex.pattern import Pattern
from lrspec.spec.language import Rule

Check = Callable[[Resolution], Iterator[Finding]]


def unmatched_parameter(resolution: Resolution) -> Iterator[Finding]:
    """LRS201: trainable parameters that no rule decides."""
    found = [first for first in resolution.kinds.members if _is_unmatched(resolution, first)]
    if found:
        about = About(resolution, ("rules",), None, resolution.kinds.expand(found))
        rate = "lr: 1e-3" if resolution.spec.bases[resolution.spec.default].lr is None else "lr_mult: 1"
        yield about.finding(
            "LRS201",
            f"no rule decides the learning rate of {about.counted('trainable')}",
            "Add a rule that sets it or freezes them; or put last, for all that is left, "
            f"`{{name: rest, fallback: true, {rate}}}`.",
            at_key=True,
        )


def overlapping_rules(resolution: Resolution) -> Iterator[Finding]:
    """LRS202: two rules that set one axis to different values."""
    for first, later, found in _contested(resolution, equal=False):
        about, names = about_setting(resolution, later, found), resolution.spec.rule_names
        yield about.finding(
            "LRS202",
            f"`{names[first.rule]}` sets {axis_words(later.setting.axis)} of {about.counted()} before "
            f"`{names[later.rule]}` does{_what_holds(resolution, first, later)}",
            _last(resolution, [first.rule])
            or "Narrow one of the two (`exclude`, `where`), or put the broader one last, with `fallback: true`.",
        )


def ladder_in_two_places(resolution: Resolution) -> Iterator[Finding]:
    """LRS202 of a ladder with itself: parameters that it puts in more than one place."""
    for reach in resolution.reaches:
        if reach.setting.axis != "layer":
            continue
        places = resolution.selections[reach.rule].places
        reached = sorted({*reach.parameters, *_lost(resolution, reach.rule)})
        if found := [parameter for parameter in reached if len(places[parameter]) > 1]:
            about = about_setting(resolution, reach, found)
            yield about.finding(
                "LRS202",
                f"the ladder of `{resolution.spec.rule_names[reach.rule]}` puts {about.counted()} in more than one "
                f"place: {_two_places(resolution.columns.names_of(found[0]), places[found[0]])}",
                "Make each name match one entry; for a tied parameter, let the entries match only one of its names.",
            )


def unused_rule(resolution: Resolution) -> Iterator[Finding]:
    """LRS203: a rule that selects nothing."""
    for index, _ in _required(resolution):
        if not resolution.selections[index].parameters:
            yield about_selection(resolution, index).finding(
                "LRS203",
                f"the rule `{resolution.spec.rule_names[index]}` selects nothing: {why_nothing(resolution, index)}",
                "Mend what it selects by, or remove it; if it is for some models only, add `optional: true`.",
            )


def unused_in_every_model(resolutions: Sequence[Resolution]) -> Iterator[Finding]:
    """LRS203 of several models together: an optional rule that selects nothing in any of them."""
    for index, rule in enumerate(resolutions[0].spec.rules):
        selections = [resolution.selections[index] for resolution in resolutions]
        if rule.optional and not any(selection.parameters or selection.unknowable for selection in selections):
            yield about_selection(resolutions[0], index).finding(
                "LRS203",
                f"the rule `{resolutions[0].spec.rule_names[index]}` is optional, and selects nothing in any of "
                f"the {len(resolutions)} models",
                "Mend what it selects by, or remove it.",
            )


def shadowed_rule(resolution: Resolution) -> Iterator[Finding]:
    """LRS204: a rule that selects parameters and sets nothing on them, since earlier rules have set it all."""
    for index, rule in _required(resolution):
        selected = list(resolution.selections[index].parameters)
        catch_all = rule.fallback and rule.match is None and rule.layers is None and rule.where is None
        if not selected or catch_all or index in resolution.effective or _lost(resolution, index):
            continue
        about, names = about_selection(resolution, index, selected), resolution.spec.rule_names
        holding = _holding(resolution, index)
        before = ", ".join(f"`{names[earlier]}`" for earlier in holding)
        yield about.finding(
            "LRS204",
            f"the rule `{names[index]}` sets nothing on {about.counted()} that it selects: "
            f"earlier rules have set it all ({before})",
            _last(resolution, holding) or "Move this rule before those, narrow those, or remove it.",
        )


def unused_pattern(resolution: Resolution) -> Iterator[Finding]:
    """LRS205: one regex of a list that selects nothing, while the rule selects something."""
    for index, _ in _required(resolution):
        selection = resolution.selections[index]
        for hit in selection.hits:
            if selection.parameters and not hit.matches:
                selected = resolution.kinds.expand(selection.parameters)
                yield About(resolution, hit.pattern.path, index).finding(
                    "LRS205",
                    f"the regex '{printable(hit.pattern.regex)}' selects nothing, while the rule "
                    f"`{resolution.spec.rule_names[index]}` selects {count(len(selected), 'parameter')}"
                    f"{why_unused(resolution, index, hit.pattern)}",
                    "Mend or remove it; if it is for some models only, add `optional: true` to the rule.",
                )


def frozen_only_rule(resolution: Resolution) -> Iterator[Finding]:
    """LRS206: a rule that sets something on parameters all of which are frozen."""
    setting = {reach.rule for reach in resolution.reaches if reach.setting.axis != "freeze"}
    for index in sorted(setting):
        selected = list(resolution.selections[index].parameters)
        if selected and not any(resolution.trainable(parameter) for parameter in selected):
            yield about_selection(resolution, index, selected).finding(
                "LRS206",
                f"all that the rule `{resolution.spec.rule_names[index]}` selects is frozen "
                f"(by {_freezing(resolution, selected)}), so that what it sets has no effect",
                _to_train(resolution, selected),
            )


def join_without_layer(resolution: Resolution) -> Iterator[Finding]:
    """LRS207: parameters of a `join` for which there is no layer to share."""
    for index in range(len(resolution.selections)):
        for pattern, found in _lost_by_pattern(resolution, index):
            about = About(resolution, pattern.path, index, resolution.kinds.expand(found))
            yield about.finding(
                "LRS207",
                f"the `join` finds no layer to share for {about.counted()}{_wanted(resolution, index, found)}",
                "The entry before must select something, and capture first what the `join` captures.",
            )


def shape_unknown(resolution: Resolution) -> Iterator[Finding]:
    """LRS208: `where` on an inventory that has names only."""
    for index, selection in enumerate(resolution.selections):
        if selection.unknowable:
            yield About(resolution, ("rules", index, "where"), index).finding(
                "LRS208",
                "`where` needs shapes and modules, and these parameters are known by name only",
                "Save an inventory that has them: `lrspec params --model … -o model.params.json`.",
            )


def redundant_setting(resolution: Resolution) -> Iterator[Finding]:
    """LRS209: a rule that sets an axis to the value that an earlier rule has given it."""
    for first, later, found in _contested(resolution, equal=True):
        about, names = about_setting(resolution, later, found), resolution.spec.rule_names
        value = "the same" if _varies(resolution, first, later) else value_words(later.setting.value)
        yield about.finding(
            "LRS209",
            f"`{names[later.rule]}` sets {axis_words(later.setting.axis)} of {about.counted()} to "
            f"{value}, as `{names[first.rule]}` has done already",
            "Let one of the two rules say it.",
        )


def scaled_absolute_lr(resolution: Resolution) -> Iterator[Finding]:
    """LRS210: an absolute `lr` that the ladder of another rule multiplies."""
    found: dict[tuple[Reach, Reach], list[int]] = {}
    for parameter, rate in resolution.winners.get("lr", {}).items():
        layer = resolution.winner("layer", parameter)
        if layer and rate.setting.key == ("lr",) and rate.rule != layer.rule:
            found.setdefault((rate, layer), []).append(parameter)
    for (rate, layer), parameters in found.items():
        later = max(rate, layer, key=lambda reach: reach.rule)
        about, names = about_setting(resolution, later, parameters), resolution.spec.rule_names
        yield about.finding(
            "LRS210",
            f"`lr: {value_words(rate.setting.value)}` of `{names[rate.rule]}` is absolute, and on {about.counted()} "
            f"the ladder of `{names[layer.rule]}` would multiply it",
            "Take them out of the ladder (`exclude`), or give a multiple instead: `lr_mult` or `lr_scale`.",
        )


CHECKS: tuple[Check, ...] = (
    unmatched_parameter,
    overlapping_rules,
    ladder_in_two_places,
    unused_rule,
    shadowed_rule,
    unused_pattern,
    frozen_only_rule,
    join_without_layer,
    shape_unknown,
    redundant_setting,
    scaled_absolute_lr,
)
"""Every check of LRS2xx."""


# ------------------------------------------------------------------------------------------------- questions


def _is_unmatched(resolution: Resolution, first: int) -> bool:
    return first not in resolution.decided and resolution.trainable(first)


def _required(resolution: Resolution) -> Iterator[tuple[int, Rule]]:
    """The rules that must select something: not the optional ones, nor those that cannot be judged."""
    for index, rule in enumerate(resolution.spec.rules):
        if not rule.optional and not resolution.selections[index].unknowable:
            yield index, rule


def _contested(resolution: Resolution, *, equal: bool) -> Iterator[tuple[Reach, Reach, list[int]]]:
    """Each setting of a rule that comes too late, with the one that holds and the parameters on which that is so.

    It has the same value as the other, or another one. A multiple has a reach for each optimizer, and is one setting.
    """
    together: dict[tuple[int, str], dict[int, tuple[Reach, Reach, list[int]]]] = {}
    for later in resolution.reaches:
        winners = resolution.winners[later.setting.axis]
        of_later = together.setdefault((later.rule, later.setting.axis), {})
        for parameter in later.parameters:
            first = winners[parameter]
            if first is not later and _equal(first, later) == equal:
                of_later.setdefault(first.rule, (first, later, []))[2].append(parameter)
    for found in together.values():
        for rule in sorted(found):
            yield found[rule]


def _equal(first: Reach, later: Reach) -> bool:
    if later.setting.axis == "layer":
        return False
    return bool(comparable(first.setting.value) == comparable(later.setting.value))


def _varies(resolution: Resolution, first: Reach, later: Reach) -> bool:
    """Whether the values of two contesting settings depend on the optimizer."""
    return len(resolution.spec.bases) > 1 and (first.setting.is_multiple or later.setting.is_multiple)


def _lost(resolution: Resolution, rule: int) -> frozenset[int]:
    ladder = resolution.ladders[rule]
    return ladder.lost if ladder else frozenset()


def _holding(resolution: Resolution, rule: int) -> list[int]:
    """The earlier rules that hold what a rule would set on what it selects."""
    axes = {reach.setting.axis for reach in resolution.reaches if reach.rule == rule}
    on_axes = resolution.winners.values() if resolution.spec.rules[rule].fallback else map(resolution.winners.get, axes)
    selected = resolution.selections[rule].parameters
    return sorted({on_axis[p].rule for on_axis in on_axes if on_axis for p in selected if p in on_axis})


def _lost_by_pattern(resolution: Resolution, rule: int) -> Iterator[tuple[Pattern, list[int]]]:
    """The parameters of `join`s without a layer, by the regex that has them."""
    found: dict[Pattern, list[int]] = {}
    for parameter in sorted(_lost(resolution, rule)):
        found.setdefault(resolution.selections[rule].hit(parameter).pattern, []).append(parameter)
    yield from found.items()


# --------------------------------------------------------------------------------------------------- wording


def _what_holds(resolution: Resolution, first: Reach, later: Reach) -> str:
    if later.setting.axis == "layer" or _varies(resolution, first, later):
        return ""
    return f": {' holds, not '.join(two_values(first.setting.value, later.setting.value))}"


def _last(resolution: Resolution, earlier: Sequence[int]) -> str:
    """What to do about an earlier rule that is a fallback; empty where none is."""
    names, rules = resolution.spec.rule_names, resolution.spec.rules
    found = [f"`{names[rule]}`" for rule in earlier if rules[rule].fallback]
    return f"Put {found[0]} last: a fallback takes what the rules before it have left." if found else ""


def _two_places(names: Sequence[str], places: dict[Place, Name]) -> str:
    """The first two places of a parameter, with the names by which it is there."""
    (one, name), (other, other_name) = list(places.items())[:2]
    there = "" if name == other_name else f"by its alias {printable(names[other_name.which])} "
    return f"{printable(names[name.which])} is in {_place(one)}, and {there}in {_place(other)}"


def _place(place: Place) -> str:
    captured = f" (captured {_texts(place.captures)})" if place.captures else ""
    return f"entry {place.entry + 1} of `layers`{captured}"


def _wanted(resolution: Resolution, rule: int, parameters: list[int]) -> str:
    """What a layer would have to have captured for some parameters of a `join`."""
    captured = dict.fromkeys(resolution.selections[rule].place(parameter).captures for parameter in parameters)
    texts = few([_texts(captures) for captures in captured if captures], 3)
    return f": none captured {texts} before it" if texts else ""


def _freezing(resolution: Resolution, parameters: list[int]) -> str:
    """By what parameters are frozen: rules, or the model."""
    by_model = [] if all(resolution.frozen_by_spec(parameter) for parameter in parameters) else ["the model"]
    return " and ".join([*_freezing_rules(resolution, parameters), *by_model])


def _freezing_rules(resolution: Resolution, parameters: list[int]) -> list[str]:
    reaches = (resolution.winner("freeze", parameter) for parameter in parameters)
    rules = sorted({reach.rule for reach in reaches if reach})
    return [f"`{resolution.spec.rule_names[rule]}`" for rule in rules]


def _to_train(resolution: Resolution, parameters: list[int]) -> str:
    """What to do about a rule on parameters that are frozen."""
    rules = _freezing_rules(resolution, parameters)
    if not rules:
        return "Remove it, or let them train: `freeze: false`."
    return f"Remove it, or let {' and '.join(rules)} leave them out (`exclude`)."


def _texts(captures: tuple[str, ...]) -> str:
    return ", ".join(f"'{printable(text)}'" for text in captures)
