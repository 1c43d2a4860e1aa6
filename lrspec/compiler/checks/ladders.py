"""Has every parameter of a ladder one layer? LRS202, LRS207."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lrspec.compiler.checks.finding import Compilation, Subject, setting_subject
from lrspec.compiler.names import Name
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import Place
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import few
from lrspec.regex.pattern import Pattern


def ladder_in_two_places(compilation: Compilation) -> Iterator[Finding]:
    """LRS202 of a ladder with itself: parameters that it puts in more than one place."""
    resolution = compilation.resolution
    for applied in resolution.applied_settings:
        if applied.setting.axis != "layer":
            continue
        places = resolution.selections[applied.rule].places
        reached = sorted({*applied.parameters, *resolution.lost(applied.rule)})
        if found := [parameter for parameter in reached if len(places[parameter]) > 1]:
            subject = setting_subject(resolution, applied, found)
            yield subject.finding(
                "LRS202",
                f"the ladder of `{resolution.spec.rule_names[applied.rule]}` puts {subject.counted()} in more than one "
                f"place: {_two_places(resolution.columns.names_of(found[0]), places[found[0]])}",
                "Make each name match one entry; for a tied parameter, let the entries match only one of its names.",
            )


def join_without_layer(compilation: Compilation) -> Iterator[Finding]:
    """LRS207: parameters of a `join` for which there is no layer to share."""
    resolution = compilation.resolution
    for index in range(len(resolution.selections)):
        for pattern, found in _lost_by_pattern(resolution, index):
            subject = Subject(resolution, pattern.path, index, resolution.families.expand(found))
            yield subject.finding(
                "LRS207",
                f"the `join` finds no layer to share for {subject.counted()}{_wanted(resolution, index, found)}",
                "The entry before must select something, and capture first what the `join` captures.",
            )


def _lost_by_pattern(resolution: Resolution, rule: int) -> Iterator[tuple[Pattern, list[int]]]:
    """The parameters of `join`s without a layer, by the regex that has them."""
    found: dict[Pattern, list[int]] = {}
    for parameter in sorted(resolution.lost(rule)):
        found.setdefault(resolution.selections[rule].hit(parameter).pattern, []).append(parameter)
    yield from found.items()


def _two_places(names: Sequence[str], places: dict[Place, Name]) -> str:
    """The first two places of a parameter, with the names by which it is there."""
    (one, name), (other, other_name) = list(places.items())[:2]
    there = "" if name == other_name else f"by its alias {printable(names[other_name.which])} "
    return f"{printable(names[name.which])} is in {_place(one)}, and {there}in {_place(other)}"


def _place(place: Place) -> str:
    captured = f" (captured {_texts(place.captures)})" if place.captures else ""
    return f"entry {place.entry + 1} of `layers`{captured}"


def _texts(captures: tuple[str, ...]) -> str:
    return ", ".join(f"'{printable(text)}'" for text in captures)


def _wanted(resolution: Resolution, rule: int, parameters: list[int]) -> str:
    """What a layer would have to have captured for some parameters of a `join`."""
    captured = dict.fromkeys(resolution.selections[rule].place(parameter).captures for parameter in parameters)
    texts = few([_texts(captures) for captures in captured if captures], 3)
    return f": none captured {texts} before it" if texts else ""
