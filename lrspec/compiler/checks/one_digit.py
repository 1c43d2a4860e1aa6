r"""Does a single `\d` leave the numbers from 10 on to a fallback? LRS316."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lrspec.compiler.checks.finding import Slip
from lrspec.compiler.names import Name, Span
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import PatternHits, accepted
from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.regex.groups import OneDigit, single_digits
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import has_literal


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
            fallback, written = resolution.spec.rule_names[next(iter(others.values()))], regex[digit.start : digit.end]
            return Slip(
                f"`{written}` at column {digit.start + 1} of '{printable(regex)}' matches only one digit: "
                f"parameters with a number from 10 on are left to the fallback `{fallback}`",
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
    repeated = Pattern(digit.captured(regex, "+"), path)
    if not _longer(
        resolution, rule, repeated, digit.group, [name for name in names.texts if name.parameter in left_to]
    ):
        return {}
    longer = _longer(resolution, rule, repeated, digit.group, names.texts)
    found = names.spans(Pattern(digit.captured(regex), path), hit.matches, digit.group, least=1)
    around = {_around(span) for span in found if _is_number(span)}
    siblings = [span for span in longer if _around(span) in around]
    others = {span.name.parameter: left_to.get(span.representative.parameter) for span in siblings}
    left = {parameter: fallback for parameter, fallback in others.items() if fallback is not None}
    return left if len(left) == len(others) else {}


def _longer(resolution: Resolution, rule: int, repeated: Pattern, group: int, among: Collection[Name]) -> list[Span]:
    """The numbers of two or more digits in names that a rule would select by a regex with its digit repeated."""
    found = resolution.names.judging.spans(repeated, among, group, least=2)
    longer = [span for span in found if _is_number(span)]
    open_to_it = _open_to(resolution, rule, longer)
    return [span for span in longer if span.name in open_to_it]


def _is_number(span: Span) -> bool:
    """Return whether a span of digits is not inside a longer number."""
    before, behind = span.text[max(span.start - 1, 0) : span.start], span.text[span.end : span.end + 1]
    return not before.isdigit() and not behind.isdigit()


def _around(span: Span) -> tuple[str, str]:
    return span.text[: span.start], span.text[span.end :]


def _open_to(resolution: Resolution, rule: int, spans: Iterable[Span]) -> frozenset[Name]:
    """Those of some names that a rule does not select, but might by another regex."""
    selection = resolution.selections[rule]
    out = {*selection.parameters, *(name.parameter for hit in selection.excluded for name in hit.matches)}
    texts = {span.name: span.text for span in spans if span.representative.parameter not in out}
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
