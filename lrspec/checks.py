"""A `Resolution` to the findings of LRS2xx: parameters left out or set twice, rules and regexes that do nothing.

One generator a diagnostic; `lrspec explain CODE` has the manual of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.axes import comparable
from lrspec.diagnostics import Finding
from lrspec.resolution import Reach, Resolution
from lrspec.source import Path
from lrspec.spec import Rule
from lrspec.wording import axis_words, count, count_parameters, list_parameters, value_words

Check = Callable[[Resolution], Iterator[Finding]]


def unmatched_parameter(resolution: Resolution) -> Iterator[Finding]:
    """LRS201: trainable parameters that no rule decides."""
    everything = range(len(resolution.inventory.parameters))
    found = [p for p in everything if resolution.trainable(p) and not resolution.decided(p)]
    if found:
        counted = count_parameters([resolution.inventory.parameters[p] for p in found], "trainable")
        verb = "is" if len(found) == 1 else "are"
        rate = "lr: 1e-3" if resolution.spec.optimizer.lr is None else "lr_mult: 1"
        yield Finding(
            "LRS201",
            ("rules",),
            f"{counted} {verb} decided by no rule\n{list_parameters(resolution.inventory, found)}\n"
            "Add a rule that sets the learning rate, or a last one for all that is left: "
            f"{{name: rest, fallback: true, {rate}}}",
            parameters=_names(resolution, found),
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
            advice = (
                "Narrow one of the two (`exclude`, `where`), or let the later one take what is left: `fallback: true`"
            )
            yield _about_setting("LRS202", resolution, later, found, message, advice)


def ladder_in_two_places(resolution: Resolution) -> Iterator[Finding]:
    """LRS202 of a ladder with itself: parameters that it puts in more than one place."""
    for reach in resolution.reaches:
        if reach.setting.axis != "layer":
            continue
        places = resolution.selections[reach.rule].places
        lost = _lost(resolution, reach.rule)
        reached = sorted({*reach.parameters, *lost})
        if found := [parameter for parameter in reached if len(places[parameter]) > 1]:
            entries = ", and in ".join(_place(place.entry, place.captures) for place in places[found[0]][:2])
            first = resolution.inventory.parameters[found[0]].name
            name = resolution.spec.rule_names[reach.rule]
            message = (
                f"the ladder of `{name}` puts {_counted(resolution, found)} in more than one place: "
                f"{first} is in {entries}"
            )
            advice = "Make the regexes of the entries exclude each other; of a tied parameter, take one name out."
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
            "Move the rule before them, narrow them, or remove it."
        )
        yield Finding("LRS204", selecting_path(rule, index), message, index, _names(resolution, selected))


def unused_pattern(resolution: Resolution) -> Iterator[Finding]:
    """LRS205: one regex of a list that selects nothing, while the rule selects something."""
    for index, _ in _required(resolution):
        selection = resolution.selections[index]
        for hit in selection.hits:
            if selection.parameters and not hit.captures:
                message = (
                    f"the regex '{hit.pattern.regex}' selects nothing, while the rule "
                    f"`{resolution.spec.rule_names[index]}` selects {count(len(selection.parameters), 'parameter')}\n"
                    "Mend or remove it; a rule that fits some models only says `optional: true`."
                )
                yield Finding("LRS205", hit.pattern.path, message, index)


def frozen_only_rule(resolution: Resolution) -> Iterator[Finding]:
    """LRS206: a rule that sets something on parameters all of which are frozen."""
    for index, rule in enumerate(resolution.spec.rules):
        selected = list(resolution.selections[index].parameters)
        sets_more = any(r.setting.axis != "freeze" for r in resolution.reaches if r.rule == index)
        if selected and sets_more and not any(resolution.trainable(parameter) for parameter in selected):
            by_spec = any(resolution.frozen_by_spec(parameter) for parameter in selected)
            message = (
                f"all that the rule `{resolution.spec.rule_names[index]}` selects is frozen"
                f"{'' if by_spec else ' by the model'}, so that it changes nothing\n"
                f"{_listed(resolution, index, selected)}\n"
                + ("Remove it, or what freezes them." if by_spec else "Remove it, or train them: `freeze: false`.")
            )
            yield Finding("LRS206", selecting_path(rule, index), message, index, _names(resolution, selected))


def join_without_layer(resolution: Resolution) -> Iterator[Finding]:
    """LRS207: parameters of a `join` for which there is no layer to share."""
    for index, selection in enumerate(resolution.selections):
        lost = _lost(resolution, index)
        for entry in sorted({selection.places[parameter][0].entry for parameter in lost}):
            for pattern, found in _by_pattern(resolution, index, entry, lost):
                captured = dict.fromkeys(selection.places[parameter][0].captures for parameter in found)
                wanted = " or ".join(_texts(texts) for texts in list(captured)[:3]) if any(captured) else ""
                which = f" whose captures begin with {wanted}" if wanted else ""
                message = (
                    f"{_counted(resolution, found)} have no layer to share: the entry before has none{which}\n"
                    f"{_listed(resolution, index, found)}\n"
                    "Let what the `join` captures be the beginning of what the entry before it captures."
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
            f"`lr: {value}` of `{names[rate_rule]}` is multiplied by the ladder of `{names[layer_rule]}` on "
            f"{_counted(resolution, parameters)}: {value} is not what would train"
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
    left = {parameter for parameter in lost if selection.places[parameter][0].entry == entry}
    for hit in selection.hits:
        if hit.entry == entry and (found := sorted(left & {name.parameter for name in hit.captures})):
            left -= set(found)
            yield hit.pattern.path, found


def _why_nothing(resolution: Resolution, index: int) -> str:
    regexes = resolution.selections[index].regexes
    parameters = resolution.inventory.parameters
    matched = sum(
        any(pattern.compiled.search(name) for pattern in regexes.selecting for name in parameter.names)
        for parameter in parameters
    )
    if not parameters:
        return "the model has no parameters"
    if matched or not regexes.entries:
        kept = matched or len(parameters)
        narrowing = " and ".join(
            f"`{key}`" for key in ("where", "exclude") if getattr(resolution.spec.rules[index], key) is not None
        )
        return f"{narrowing} leave none of {count(kept, 'parameter')}"
    beginnings = list(dict.fromkeys(parameter.name.split(".")[0] for parameter in parameters))
    more = f" and {len(beginnings) - 8:,} more" if len(beginnings) > 8 else ""
    return (
        f"no name of {count(len(parameters), 'parameter')} matches. "
        f"The names begin with {', '.join(beginnings[:8])}{more}"
    )


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


def _place(entry: int, captures: tuple[str, ...]) -> str:
    return f"entry {entry + 1} of `layers`" + (f" (captured {_texts(captures)})" if captures else "")


def _texts(captures: tuple[str, ...]) -> str:
    return ", ".join(f"'{text}'" for text in captures)
