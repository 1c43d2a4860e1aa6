"""Does a ladder give each parameter exactly one layer, and `but_last` any to freeze? LRS202, LRS207, LRS214."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.ladder import Ladder
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import Place, Selection
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import captured
from lrspec.spec.language import Thaw
from lrspec.spec.rule_regexes import RuleRegexes


def ladder_in_two_places(compilation: Compilation) -> Iterator[Finding]:
    """LRS202 of a ladder with itself: parameters that it puts in more than one place."""
    resolution = compilation.resolution
    for index, key, on_ladder in _ladders(resolution):
        all_places = resolution.selections[index].places
        twice = [parameter for parameter in sorted(on_ladder) if len(all_places[parameter]) > 1]
        if twice:
            subject = Subject(resolution, ("rules", index, key), index, resolution.families.expand(twice))
            regexes = resolution.selections[index].regexes
            (place, name), (other, other_name) = list(all_places[twice[0]].items())[:2]
            names = [printable(text) for text in resolution.columns.names_of(twice[0])]
            alias = "" if name == other_name else f"by its alias {names[other_name.which]} "
            yield subject.finding(
                "LRS202",
                f"the ladder of `{resolution.spec.rule_names[index]}` puts {subject.counted()} in more than one "
                f"place: {names[name.which]} is in {_entry(regexes, place)}, and {alias}in {_entry(regexes, other)}",
                "Make each name match one entry; for a tied parameter, let the entries match only one of its names.",
            )


def _ladders(resolution: Resolution) -> Iterator[tuple[int, str, set[int]]]:
    """The rules with a ladder, each with the key that it is for, and the parameters that it puts in a place."""
    on_layers: dict[int, set[int]] = {}
    for applied in resolution.applied_settings:
        if applied.setting.axis == "layer":
            on_layers[applied.rule] = set(applied.parameters)
    for index, ladder in enumerate(resolution.ladders):
        if ladder:
            key = "layer_decay" if index in on_layers else "freeze"
            yield index, key, on_layers.get(index, set(ladder.layers)) | resolution.lost(index)


def _entry(regexes: RuleRegexes, place: Place) -> str:
    every = regexes.every.get(place.entry)
    divided = f", divided by {every}," if every else ""
    texts = f" (captured{divided} {_texts(place.captures)})" if place.captures else ""
    return f"entry {place.entry + 1} of `layers`{texts}"


def _texts(captures: tuple[str, ...]) -> str:
    return ", ".join(f"'{printable(text)}'" for text in captures)


def join_without_layer(compilation: Compilation) -> Iterator[Finding]:
    """LRS207: parameters of a `join` that find no layer to share."""
    for subject, selection, _, lost in _by_regex(compilation.resolution, lambda ladder: ladder.lost):
        captures = dict.fromkeys(selection.place(parameter).captures for parameter in lost)
        texts = few([_texts(each) for each in captures if each], 3)
        missing = f": no layer before it captured {texts}" if texts else ""
        yield subject.finding(
            "LRS207",
            f"the `join` finds no layer to share for {subject.counted()}{missing}",
            "The entry before it must select something, and its first captures must be those of the `join`.",
        )


def number_not_captured(compilation: Compilation) -> Iterator[Finding]:
    """LRS214: regexes of an `every` whose last group captures no decimal number, in names that the ladder counts."""
    for subject, selection, pattern, uncounted in _by_regex(compilation.resolution, lambda ladder: ladder.uncounted):
        text = captured(selection.match(uncounted[0]))[-1]
        yield subject.finding(
            "LRS214",
            f"`every` divides numbers, and the last group of '{printable(pattern.regex)}' captures none in "
            f"{subject.counted()}, such as '{printable(text)}'",
            "Capture digits alone, last in the regex (`(\\d+)`), and give other names an entry of their own.",
        )


def nothing_below(compilation: Compilation) -> Iterator[Finding]:
    """LRS214 of a `but_last` by which no parameter is frozen; a ladder without layers has none to count."""
    resolution = compilation.resolution
    values: dict[int, set[bool]] = {}
    for applied in resolution.applied_settings:
        if applied.setting.axis == "freeze" and applied.parameters:
            values.setdefault(applied.rule, set()).add(applied.setting.value is False)
    for index, train_from_the_start in values.items():
        freeze, ladder = resolution.spec.rules[index].freeze, resolution.ladders[index]
        if isinstance(freeze, Thaw) and freeze.but_last and ladder and train_from_the_start == {True}:
            yield Subject(resolution, ("rules", index, "freeze", "but_last"), index).finding(
                "LRS214",
                f"`but_last: {freeze.but_last}` freezes nothing: the ladder of `{resolution.spec.rule_names[index]}` "
                f"has {count(ladder.count, 'layer')}, and no parameter below the last {freeze.but_last}",
                "Lower it, or remove `freeze`.",
            )


def _by_regex(
    resolution: Resolution, meant: Callable[[Ladder], Iterable[int]]
) -> Iterator[tuple[Subject, Selection, Pattern, list[int]]]:
    """Some parameters of each ladder, by the regexes that put them in their places."""
    for index, (selection, ladder) in enumerate(zip(resolution.selections, resolution.ladders, strict=True)):
        by_pattern: dict[Pattern, list[int]] = {}
        for parameter in sorted(meant(ladder) if ladder else ()):
            by_pattern.setdefault(selection.hit(parameter).pattern, []).append(parameter)
        for pattern, parameters in by_pattern.items():
            subject = Subject(resolution, pattern.path, index, resolution.families.expand(parameters))
            yield subject, selection, pattern, parameters
