"""A `Resolution` to the findings of LRS2xx: parameters left out or set twice, rules and regexes that do nothing.

One generator a diagnostic; `lrspec explain CODE` has the manual of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lrspec.axes import comparable
from lrspec.diagnostics import Finding
from lrspec.inventory import Parameter
from lrspec.patterns import Pattern, RuleRegexes, compile_regex
from lrspec.resolution import Reach, Resolution
from lrspec.selection import Name, Place
from lrspec.source import Path, printable
from lrspec.spec import Rule
from lrspec.wording import axis_words, count, count_parameters, list_parameters, value_words

Check = Callable[[Resolution], Iterator[Finding]]


def unmatched_parameter(resolution: Resolution) -> Iterator[Finding]:
    """LRS201: trainable parameters that no rule decides."""
    everything = range(len(resolution.inventory.parameters))
    found = [p for p in everything if resolution.trainable(p) and not resolution.decided(p)]
    if found:
        counted = count_parameters([resolution.inventory.parameters[p] for p in found], "trainable")
        rate = "lr: 1e-3" if resolution.spec.optimizer.lr is None else "lr_mult: 1"
        yield Finding(
            "LRS201",
            ("rules",),
            f"no rule decides the learning rate of {counted}\n{list_parameters(resolution.inventory, found)}\n"
            "Add a rule that sets it or freezes them, or a last one for all that is left: "
            f"{{name: rest, fallback: true, {rate}}}",
            parameters=_names(resolution, found),
            at_key=True,
        )


def overlapping_rules(resolution: Resolution) -> Iterator[Finding]:
    """LRS202: two rules that set one axis to different values."""
    for first, later, found in _contested(resolution):
        if not _equal(first, later):
            names = resolution.spec.rule_names
            values = "" if later.setting.axis == "layer" else _two_values(first, later)
            message = (
                f"`{names[first.rule]}` sets {axis_words(later.setting.axis)} of "
                f"{_counted(resolution, found)} before `{names[later.rule]}` does{values}"
            )
            advice = "Narrow one of the two (`exclude`, `where`), or put the broader one last, with `fallback: true`."
            yield _about_setting("LRS202", resolution, later, found, message, advice)


def ladder_in_two_places(resolution: Resolution) -> Iterator[Finding]:
    """LRS202 of a ladder with itself: parameters that it puts in more than one place."""
    for reach in resolution.reaches:
        if reach.setting.axis != "layer":
            continue
        selection = resolution.selections[reach.rule]
        reached = sorted({*reach.parameters, *_lost(resolution, reach.rule)})
        if found := [parameter for parameter in reached if len(selection.places[parameter]) > 1]:
            where = _where(resolution.inventory.parameters[found[0]], selection.places[found[0]])
            message = (
                f"the ladder of `{resolution.spec.rule_names[reach.rule]}` puts {_counted(resolution, found)} "
                f"in more than one place: {where}"
            )
            advice = "Let one entry only have each name; of a tied parameter, let one entry have one of its names."
            yield _about_setting("LRS202", resolution, reach, found, message, advice)


def unused_rule(resolution: Resolution) -> Iterator[Finding]:
    """LRS203: a rule that selects nothing."""
    for index, rule in _required(resolution):
        if not resolution.selections[index].parameters:
            message = (
                f"the rule `{resolution.spec.rule_names[index]}` selects nothing: {_why_nothing(resolution, index)}\n"
                "Mend what it selects by, or remove it; a rule that fits some models only says `optional: true`."
            )
            yield Finding("LRS203", selecting_path(rule, index), message, index)


def shadowed_rule(resolution: Resolution) -> Iterator[Finding]:
    """LRS204: a rule that selects parameters and sets nothing on them, since earlier rules have set it all."""
    for index, rule in _required(resolution):
        selected = list(resolution.selections[index].parameters)
        catch_all = rule.fallback and rule.match is None and rule.layers is None and rule.where is None
        if not selected or catch_all or index in resolution.effective or _lost(resolution, index):
            continue
        before = ", ".join(f"`{resolution.spec.rule_names[earlier]}`" for earlier in _setters_before(resolution, index))
        message = (
            f"the rule `{resolution.spec.rule_names[index]}` sets nothing on {_counted(resolution, selected)} "
            f"that it selects: earlier rules have set it all ({before})\n{_listed(resolution, index, selected)}\n"
            "Move this rule before those, narrow those, or remove it."
        )
        yield Finding("LRS204", selecting_path(rule, index), message, index, _names(resolution, selected))


def unused_pattern(resolution: Resolution) -> Iterator[Finding]:
    """LRS205: one regex of a list that selects nothing, while the rule selects something."""
    for index, _ in _required(resolution):
        selection = resolution.selections[index]
        for hit in selection.hits:
            if selection.parameters and not hit.captures:
                message = (
                    f"the regex '{printable(hit.pattern.regex)}' selects nothing, while the rule "
                    f"`{resolution.spec.rule_names[index]}` selects {count(len(selection.parameters), 'parameter')}"
                    f"{_taken_out(resolution, index, hit.pattern)}\n"
                    "Mend or remove it; a rule that fits some models only says `optional: true`."
                )
                yield Finding("LRS205", hit.pattern.path, message, index)


def frozen_only_rule(resolution: Resolution) -> Iterator[Finding]:
    """LRS206: a rule that sets something on parameters all of which are frozen."""
    for index, rule in enumerate(resolution.spec.rules):
        selected = list(resolution.selections[index].parameters)
        sets_more = any(r.setting.axis != "freeze" for r in resolution.reaches if r.rule == index)
        if selected and sets_more and not any(resolution.trainable(parameter) for parameter in selected):
            freezing = _freezing(resolution, selected)
            message = (
                f"all that the rule `{resolution.spec.rule_names[index]}` selects is frozen "
                f"({freezing}), so that what it sets has no effect\n{_listed(resolution, index, selected)}\n"
                "Remove it, or let them train (`freeze: false`, if the model has them frozen)."
            )
            yield Finding("LRS206", selecting_path(rule, index), message, index, _names(resolution, selected))


def join_without_layer(resolution: Resolution) -> Iterator[Finding]:
    """LRS207: parameters of a `join` for which there is no layer to share."""
    for index, selection in enumerate(resolution.selections):
        lost = _lost(resolution, index)
        for entry in sorted({selection.place(parameter).entry for parameter in lost}):
            for pattern, found in _by_pattern(resolution, index, entry, lost):
                captured = dict.fromkeys(selection.place(parameter).captures for parameter in found)
                message = (
                    f"the `join` finds no layer to share for {_counted(resolution, found)}"
                    f"{_wanted(list(captured))}\n{_listed(resolution, index, found)}\n"
                    "The entry before must select something, and capture first what the `join` captures."
                )
                yield Finding("LRS207", pattern, message, index, _names(resolution, found))


def shape_unknown(resolution: Resolution) -> Iterator[Finding]:
    """LRS208: `where` on an inventory that has names only."""
    for index, selection in enumerate(resolution.selections):
        if selection.unknowable:
            message = (
                "`where` needs shapes and modules, and these parameters are known by name only\n"
                "Save an inventory that has them: `lrspec params --model … -o model.params.json`"
            )
            yield Finding("LRS208", ("rules", index, "where"), message, index)


def redundant_setting(resolution: Resolution) -> Iterator[Finding]:
    """LRS209: a rule that sets an axis to the value that an earlier rule has given it."""
    for first, later, found in _contested(resolution):
        if _equal(first, later):
            names = resolution.spec.rule_names
            message = (
                f"`{names[later.rule]}` sets {axis_words(later.setting.axis)} of {_counted(resolution, found)} to "
                f"{value_words(later.setting.value)}, as `{names[first.rule]}` has done already"
            )
            yield _about_setting("LRS209", resolution, later, found, message, "Let one of the two rules say it.")


def scaled_absolute_lr(resolution: Resolution) -> Iterator[Finding]:
    """LRS210: an absolute `lr` that the ladder of another rule multiplies."""
    found: dict[tuple[int, int], list[int]] = {}
    for parameter in range(len(resolution.inventory.parameters)):
        rate, layer = resolution.winner("lr", parameter), resolution.winner("layer", parameter)
        if rate and layer and rate.setting.key == ("lr",) and rate.rule != layer.rule:
            found.setdefault((rate.rule, layer.rule), []).append(parameter)
    for (rate_rule, layer_rule), parameters in found.items():
        names = resolution.spec.rule_names
        later = _reach_of(resolution, "lr" if rate_rule > layer_rule else "layer", max(rate_rule, layer_rule))
        value = value_words(_reach_of(resolution, "lr", rate_rule).setting.value)
        message = (
            f"`lr: {value}` of `{names[rate_rule]}` is absolute, and on {_counted(resolution, parameters)} "
            f"the ladder of `{names[layer_rule]}` would multiply it"
        )
        advice = "Take them out of the ladder (`exclude`), or give a multiple instead: `lr_mult`, `lr_scale`"
        yield _about_setting("LRS210", resolution, later, parameters, message, advice)


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
"""Every check of a resolution."""


def selecting_path(rule: Rule, index: int) -> Path:
    """Where a rule says what it selects: its `match` or `layers`, or else the rule itself."""
    for key in ("match", "layers"):
        if getattr(rule, key) is not None:
            return ("rules", index, key)
    return ("rules", index)


# ------------------------------------------------------------------------------------------------- questions


def _required(resolution: Resolution) -> Iterator[tuple[int, Rule]]:
    """The rules that must select something: not the optional ones, nor those that cannot be judged."""
    for index, rule in enumerate(resolution.spec.rules):
        if not rule.optional and not resolution.selections[index].unknowable:
            yield index, rule


def _contested(resolution: Resolution) -> Iterator[tuple[Reach, Reach, list[int]]]:
    """Each setting that comes too late, with the one that holds and the parameters on which that is so."""
    for later in resolution.reaches:
        found: dict[int, list[int]] = {}
        winners = resolution.winners[later.setting.axis]
        for parameter in later.parameters:
            if winners[parameter] is not later:
                found.setdefault(winners[parameter].rule, []).append(parameter)
        for rule in sorted(found):
            yield _reach_of(resolution, later.setting.axis, rule), later, found[rule]


def _reach_of(resolution: Resolution, axis: str, rule: int) -> Reach:
    return next(reach for reach in resolution.reaches if reach.rule == rule and reach.setting.axis == axis)


def _equal(first: Reach, later: Reach) -> bool:
    if later.setting.axis == "layer":
        return False
    return bool(comparable(first.setting.value) == comparable(later.setting.value))


def _lost(resolution: Resolution, rule: int) -> frozenset[int]:
    ladder = resolution.ladders[rule]
    return ladder.lost if ladder else frozenset()


def _setters_before(resolution: Resolution, rule: int) -> list[int]:
    """The rules that hold what this one sets."""
    mine = [reach for reach in resolution.reaches if reach.rule == rule]
    holding = {resolution.winners[r.setting.axis][p].rule for r in mine for p in r.parameters}
    if not holding:  # a fallback rule that reaches nothing
        selected = resolution.selections[rule].parameters
        holding = {w[p].rule for w in resolution.winners.values() for p in selected if p in w and w[p].rule < rule}
    return sorted(holding)


def _by_pattern(
    resolution: Resolution, rule: int, entry: int, lost: frozenset[int]
) -> Iterator[tuple[Path, list[int]]]:
    """The lost parameters of a `join`, by the regex of it that has them."""
    selection = resolution.selections[rule]
    left = {parameter for parameter in lost if selection.place(parameter).entry == entry}
    for hit in selection.hits:
        if hit.entry == entry and (found := sorted(left & {name.parameter for name in hit.captures})):
            left -= set(found)
            yield hit.pattern.path, found


def _why_nothing(resolution: Resolution, index: int) -> str:
    regexes, parameters = resolution.selections[index].regexes, resolution.inventory.parameters
    matched = {p for pattern in regexes.selecting for p in _matched(resolution, pattern)}
    if not parameters:
        return "the model has no parameters"
    if matched or not regexes.entries:
        narrowing = [key for key in ("where", "exclude") if getattr(resolution.spec.rules[index], key) is not None]
        kept = count(len(matched) or len(parameters), "parameter")
        leaves = "leave" if len(narrowing) > 1 else "leaves"
        return f"{' and '.join(f'`{key}`' for key in narrowing)} {leaves} none of {kept}{_owners(resolution, index)}"
    return f"no name of {count(len(parameters), 'parameter')} matches. {_hint(resolution, regexes)}"


def _matched(resolution: Resolution, pattern: Pattern) -> set[int]:
    return {place for name, place in resolution.inventory.index.items() if pattern.compiled.search(name)}


def _taken_out(resolution: Resolution, index: int, pattern: Pattern) -> str:
    """What to add where a regex does match, and the rule's other keys leave nothing of it."""
    rule, matched = resolution.spec.rules[index], _matched(resolution, pattern)
    keys = " and ".join(f"`{key}`" for key in ("where", "exclude") if getattr(rule, key) is not None)
    verb = "take" if "and" in keys else "takes"
    return f": {keys} {verb} out the {count(len(matched), 'parameter')} that it matches" if matched and keys else ""


def _owners(resolution: Resolution, index: int) -> str:
    where = resolution.spec.rules[index].where
    if where is None or where.module is None:
        return ""
    owners = dict.fromkeys(parameter.module[0] for parameter in resolution.inventory.parameters if parameter.module)
    return f". The modules are {_few(list(owners))}" if owners else ""


def _hint(resolution: Resolution, regexes: RuleRegexes) -> str:
    """Why a regex may have missed: its case, a line's end, what a wrapper adds; or else what names look like."""
    names = list(resolution.inventory.index)
    for pattern in regexes.selecting:
        if any(part in pattern.regex for part in ("module", "_orig_mod", "_wrapped_")):
            return "Names are without what wrappers add (`module.`, `_orig_mod.`)."
        if pattern.regex.endswith("\n"):
            return "The regex ends in a line break, which no name has: write it on one line, in single quotes."
        if any(map(compile_regex(pattern.regex, re.IGNORECASE).search, names)):
            return "Matching is case-sensitive."
    beginnings = list(dict.fromkeys(parameter.name.split(".")[0] for parameter in resolution.inventory.parameters))
    if len(beginnings) == 1:
        return f"The names are {_few([parameter.name for parameter in resolution.inventory.parameters], 3)}"
    return f"The names begin with {_few(beginnings)}"


# --------------------------------------------------------------------------------------------------- wording


def _about_setting(
    code: str, resolution: Resolution, reach: Reach, found: list[int], message: str, advice: str
) -> Finding:
    listed = _listed(resolution, reach.rule, found)
    path: Path = ("rules", reach.rule, *reach.setting.key)
    return Finding(code, path, f"{message}\n{listed}\n{advice}", reach.rule, _names(resolution, found))


def _names(resolution: Resolution, indices: list[int]) -> tuple[str, ...]:
    return tuple(resolution.inventory.parameters[index].name for index in indices)


def _counted(resolution: Resolution, indices: list[int]) -> str:
    return count_parameters([resolution.inventory.parameters[index] for index in indices])


def _listed(resolution: Resolution, rule: int, indices: list[int]) -> str:
    return list_parameters(resolution.inventory, indices, resolution.selections[rule].parameters)


def _two_values(first: Reach, later: Reach) -> str:
    return f": {value_words(first.setting.value)} holds, not {value_words(later.setting.value)}"


def _where(parameter: Parameter, places: dict[Place, Name]) -> str:
    """The first two places of a parameter, with the names by which it is there."""
    (one, name), (other, other_name) = list(places.items())[:2]
    there = "" if name == other_name else f"by its alias {printable(parameter.names[other_name.which])} "
    return f"{printable(parameter.names[name.which])} is in {_place(one)}, and {there}in {_place(other)}"


def _place(place: Place) -> str:
    captured = f" (captured {_texts(place.captures)})" if place.captures else ""
    return f"entry {place.entry + 1} of `layers`{captured}"


def _wanted(captured: list[tuple[str, ...]]) -> str:
    """What a layer would have to begin with."""
    texts = _few([_texts(texts) for texts in captured if texts], 3)
    return f": none captured {texts} before it" if texts else ""


def _freezing(resolution: Resolution, parameters: list[int]) -> str:
    """By what parameters are frozen: rules, or the model."""
    reaches = [resolution.winner("freeze", parameter) for parameter in parameters]
    rules = sorted({reach.rule for reach in reaches if reach})
    by = [f"`{resolution.spec.rule_names[rule]}`" for rule in rules] + (["the model"] if None in reaches else [])
    return f"by {' and '.join(by)}"


def _texts(captures: tuple[str, ...]) -> str:
    return ", ".join(f"'{printable(text)}'" for text in captures)


def _few(words: list[str], most: int = 8) -> str:
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(printable(word) for word in words[:most]) + more
