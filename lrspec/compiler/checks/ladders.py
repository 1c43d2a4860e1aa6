"""Does every parameter of a ladder have exactly one layer? LRS202, LRS207."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject, setting_subject
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.compiler.selection import Place
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import few
from lrspec.regex.pattern import Pattern


def ladder_in_two_places(compilation: Compilation) -> Iterator[Finding]:
    """LRS202 of a ladder with itself: parameters that it puts in more than one place."""
    resolution = compilation.resolution
    for applied, parameters in _of_ladders(resolution):
        all_places = resolution.selections[applied.rule].places
        on_ladder = sorted({*parameters, *resolution.lost(applied.rule)})
        twice = [parameter for parameter in on_ladder if len(all_places[parameter]) > 1]
        if twice:
            subject = setting_subject(resolution, applied, twice)
            (place, name), (other, other_name) = list(all_places[twice[0]].items())[:2]
            names = [printable(text) for text in resolution.columns.names_of(twice[0])]
            alias = "" if name == other_name else f"by its alias {names[other_name.which]} "
            yield subject.finding(
                "LRS202",
                f"the ladder of `{resolution.spec.rule_names[applied.rule]}` puts {subject.counted()} in more than one "
                f"place: {names[name.which]} is in {_entry(place)}, and {alias}in {_entry(other)}",
                "Make each name match one entry; for a tied parameter, let the entries match only one of its names.",
            )


def _of_ladders(resolution: Resolution) -> Iterator[tuple[AppliedSetting, list[int]]]:
    """The setting of each ladder, which is its `freeze` if it has no `layer_decay`, with all parameters."""
    of_rules: dict[int, tuple[AppliedSetting, list[int]]] = {}
    for applied in resolution.applied_settings:
        rule = resolution.spec.rules[applied.rule]
        if rule.layers and applied.setting.axis == ("freeze" if rule.layer_decay is None else "layer"):
            of_rules.setdefault(applied.rule, (applied, []))[1].extend(applied.parameters)
    yield from of_rules.values()


def _entry(place: Place) -> str:
    captured = f" (captured {_texts(place.captures)})" if place.captures else ""
    return f"entry {place.entry + 1} of `layers`{captured}"


def _texts(captures: tuple[str, ...]) -> str:
    return ", ".join(f"'{printable(text)}'" for text in captures)


def join_without_layer(compilation: Compilation) -> Iterator[Finding]:
    """LRS207: parameters of a `join` that find no layer to share."""
    resolution = compilation.resolution
    for index, selection in enumerate(resolution.selections):
        by_pattern: dict[Pattern, list[int]] = {}
        for parameter in sorted(resolution.lost(index)):
            by_pattern.setdefault(selection.hit(parameter).pattern, []).append(parameter)
        for pattern, lost in by_pattern.items():
            subject = Subject(resolution, pattern.path, index, resolution.families.expand(lost))
            captured = dict.fromkeys(selection.place(parameter).captures for parameter in lost)
            texts = few([_texts(captures) for captures in captured if captures], 3)
            missing = f": no layer before it captured {texts}" if texts else ""
            yield subject.finding(
                "LRS207",
                f"the `join` finds no layer to share for {subject.counted()}{missing}",
                "The entry before it must select something, and its first captures must be those of the `join`.",
            )
