r"""Does a single `\d` leave the numbers from 10 on to a fallback? LRS316."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lrspec.compiler.checks.finding import Slip
from lrspec.compiler.names import Name, Names
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import PatternHits, accepted
from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.regex.digits import is_blind
from lrspec.regex.groups import OneDigit, single_digits
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import has_literal


class _Numbered(NamedTuple):
    """A name with a number in question: the text, the name that stands for its family, and what is around the number."""

    name: Name
    text: str
    representative: Name
    around: tuple[str, str]


def one_digit(resolution: Resolution, rule: int, hit: PatternHits) -> Slip | None:
    """LRS316: a regex that selects 0 to 9 of some siblings, while all others are left to a fallback."""
    regex = hit.pattern.regex
    fallbacks = _for_the_rest(resolution, rule) if single_digits(regex) else frozenset[int]()
    if not fallbacks or hit not in resolution.selections[rule].hits:
        return None
    for digit in single_digits(regex):
        try:
            others = _others(resolution, rule, hit, digit, fallbacks)
        except SlowRegexError as slow:
            if slow.seconds is None:
                raise
            continue  # slow only with `+`, so that was not meant
        if others:
            fallback = resolution.spec.rule_names[next(iter(others.values()))]
            return Slip(
                f"`{regex[digit.start : digit.end]}` at column {digit.start + 1} of '{printable(regex)}' is one digit: "
                f"what has a number from 10 on there is left to the fallback `{fallback}`",
                r"Write `\d+` for all numbers; if only 0 to 9 are meant, select the others by a rule of their own.",
                sorted(others),
                Correction(digit.repeated(regex)),
            )
    return None


def _for_the_rest(resolution: Resolution, rule: int) -> frozenset[int]:
    """The other rules that are fallbacks for whatever is left: one whose regex has a word in it says what it is for."""
    rules, selections = resolution.spec.rules, resolution.selections
    fallbacks = [index for index, other in enumerate(rules) if other.fallback and index != rule]
    return frozenset(
        index
        for index in fallbacks
        if not any(has_literal(pattern.regex) for pattern in selections[index].regexes.selecting)
    )


def _others(
    resolution: Resolution, rule: int, hit: PatternHits, digit: OneDigit, fallbacks: frozenset[int]
) -> dict[int, int]:
    """The parameters with longer numbers, each with the fallback to which it is left; empty if one is not."""
    names, regex, path = resolution.names.judging, hit.pattern.regex, hit.pattern.path
    left_to = _left_to(resolution, rule, fallbacks)
    longer = list(_numbered(names, Pattern(digit.captured(regex, "+"), path), digit.group, names.texts, longer=True))
    open_to_it = _open_to(resolution, rule, longer)
    longer = [each for each in longer if each.name in open_to_it]
    if not any(each.representative.parameter in left_to for each in longer):
        return {}
    selected = _numbered(names, Pattern(digit.captured(regex), path), digit.group, hit.matches, longer=False)
    around = {each.around for each in selected}
    others = {
        each.name.parameter: left_to.get(each.representative.parameter) for each in longer if each.around in around
    }
    left = {parameter: fallback for parameter, fallback in others.items() if fallback is not None}
    return left if len(left) == len(others) else {}


def _numbered(
    names: Names, pattern: Pattern, group: int, among: Iterable[Name], *, longer: bool
) -> Iterator[_Numbered]:
    """The names of some families in which a group captures a whole number of one digit or, if `longer`, of several."""
    if is_blind(pattern.regex):
        matches = names.searching.matches(pattern, {name: names.texts[name] for name in among})
        spans = {name: match.span(group) for name, match in matches.items()}
        spans = {name: (start, end) for name, (start, end) in spans.items() if (end - start > 1) == longer}
        found = [(name, text, by, spans[by]) for name, text, by in names.expand(spans)]
    else:
        expanded = {name: (text, by) for name, text, by in names.expand(among)}
        matches = names.searching.matches(pattern, {name: text for name, (text, _) in expanded.items()})
        found = [(name, *expanded[name], match.span(group)) for name, match in matches.items()]
    for name, text, by, (start, end) in found:
        inside = text[max(start - 1, 0) : start].isdigit() or text[end : end + 1].isdigit()
        if start >= 0 and (end - start > 1) == longer and not inside:
            yield _Numbered(name, text, by, (text[:start], text[end:]))


def _open_to(resolution: Resolution, rule: int, numbered: Iterable[_Numbered]) -> frozenset[Name]:
    """Those of some names that a rule does not select, but might by another regex."""
    selection = resolution.selections[rule]
    out = {*selection.parameters, *(name.parameter for hit in selection.excluded for name in hit.matches)}
    texts = {each.name: each.text for each in numbered if each.representative.parameter not in out}
    return frozenset(accepted(resolution.spec.rules[rule], selection.regexes, resolution.names.judging, texts))


def _left_to(resolution: Resolution, rule: int, fallbacks: frozenset[int]) -> dict[int, int]:
    """The families on which a fallback sets what a rule sets elsewhere, or decides where the rule does, and which."""
    own = [applied.setting for applied in resolution.applied_settings if applied.rule == rule]
    axes, decides = {setting.axis for setting in own}, any(setting.decides for setting in own)
    left: dict[int, int] = {}
    for axis, on_axis in resolution.winners.items():
        for parameter, winner in on_axis.items():
            if winner.rule in fallbacks and (axis in axes or (decides and winner.setting.decides)):
                left.setdefault(parameter, winner.rule)
    return left
