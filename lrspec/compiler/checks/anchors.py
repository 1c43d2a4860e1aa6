"""Does the `^` of a regex hold for one of its branches only? LRS315."""

from __future__ import annotations

from collections.abc import Collection

from lrspec.compiler.checks.excludes import dropped
from lrspec.compiler.checks.finding import Slip
from lrspec.compiler.names import Name, Span
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import PatternHits
from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.regex.branches import Branch, outermost_branches, without
from lrspec.regex.pattern import FAILURES, Pattern, compile_regex
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import tokens


def anchor_of_one_branch(resolution: Resolution, rule: int, hit: PatternHits) -> Slip | None:
    """LRS315: of the outermost branches one is anchored and another reads the same at the beginning and elsewhere.

    Not judged is what a rule for weight decay alone is about: norms, wherever they are (`^cls_token$|norm`).
    """
    regex = hit.pattern.regex
    branches = outermost_branches(regex)
    first = {branch: _first(regex, branch) for branch in branches}
    anchored = any(text in ("^", r"\A") for text in first.values())
    if not anchored or {match.start() > 0 for match in hit.matches.values()} != {True, False}:
        return None
    if _sets_only_decay(resolution, rule):
        return None
    free = [branch for branch, text in first.items() if not text]
    names = _in_question(resolution, rule, hit)
    for branch in free:
        alone = _alone(hit.pattern, branches, branch)
        if elsewhere := _elsewhere(resolution, alone, names):
            others = [other for other, text in first.items() if text not in ("^", r"\A") and other != branch]
            all_begin = all(_begins(resolution, hit, branches, other, names) for other in others)
            return _slip(regex, branch, elsewhere, _anchored(regex, branches) if all_begin else "")
    return None


def _first(regex: str, branch: Branch) -> str:
    """The anchor or lookaround with which a branch begins; empty if it begins otherwise."""
    token = next(token for token in tokens(regex) if token.start >= branch.start)
    return regex[token.start : token.end] if token.kind in ("anchor", "look") else ""


def _sets_only_decay(resolution: Resolution, rule: int) -> bool:
    return {each.setting.axis for each in resolution.applied_settings if each.rule == rule} == {"weight_decay"}


def _in_question(resolution: Resolution, rule: int, hit: PatternHits) -> Collection[Name]:
    """The names that the regex selects or, if it excludes, takes out of what the rule would select."""
    if hit not in resolution.selections[rule].excluded:
        return hit.matches
    out = dropped(resolution, rule)
    return [name for name in hit.matches if name.parameter in out]


def _elsewhere(resolution: Resolution, alone: Pattern, names: Collection[Name]) -> list[Span]:
    r"""What a branch matches elsewhere than at the beginning, always with a text that it also matches there.

    Empty if it matches other texts, too: `norm\d?` is meant for all norms.
    """
    try:
        spans = list(resolution.names.judging.spans(alone, names))
    except SlowRegexError as slow:
        if slow.seconds is None:
            raise
        return []
    beginnings = {_component(span) for span in spans if span.start == 0}
    elsewhere = [span for span in spans if span.start > 0]
    return elsewhere if all(_component(span) in beginnings for span in elsewhere) else []


def _alone(pattern: Pattern, branches: tuple[Branch, ...], branch: Branch) -> Pattern:
    """The regex with only one of its branches."""
    return Pattern(without(pattern.regex, [other for other in branches if other != branch]), pattern.path)


def _begins(
    resolution: Resolution, hit: PatternHits, branches: tuple[Branch, ...], branch: Branch, names: Collection[Name]
) -> bool:
    """Return whether a branch is found at the beginning of some name, so that an anchor would not disable it."""
    try:
        spans = resolution.names.judging.spans(_alone(hit.pattern, branches, branch), names)
        return any(span.start == 0 for span in spans)
    except SlowRegexError:
        return False


def _component(span: Span) -> str:
    """The match, up to the first dot in it."""
    return span.text[span.start : span.end].partition(".")[0]


def _slip(regex: str, branch: Branch, elsewhere: list[Span], meant: str) -> Slip:
    text = printable(regex[branch.start : branch.end].strip())
    write = f"Write '{printable(meant)}'" if meant else f"Write `^` before '{text}', too"
    return Slip(
        f"the `^` of '{printable(regex)}' applies only to its own branch: '{text}' also matches in "
        f"{printable(elsewhere[0].text)}",
        f"{write}; if '{text}' is meant wherever it stands, make it a regex of its own, in a list.",
        sorted({span.name.parameter for span in elsewhere}),
        Correction(meant) if meant else None,
    )


def _anchored(regex: str, branches: tuple[Branch, ...]) -> str:
    """The regex with one anchor for all of its branches; empty if a comment is in the way."""
    start, end = branches[0].first, branches[-1].end
    bare = regex[start:end]
    for each in reversed(branches):
        own = regex[each.start : each.end].removeprefix("^").removeprefix(r"\A")
        bare = bare[: each.start - start] + own + bare[each.end - start :]
    flags = max((token.end for token in tokens(regex) if token.kind == "flags"), default=0)
    opening, closing = ("(?:", ")") if branches[0].depth == 0 else ("", "")
    anchored = f"{regex[:flags]}^{regex[flags:start]}{opening}{bare}{closing}{regex[end:]}"
    try:
        compile_regex(anchored)
    except FAILURES:
        return ""
    return anchored
