"""Does the `^` of a regex hold for one of its branches only? LRS315."""

from __future__ import annotations

from collections.abc import Mapping

from lrspec.compiler.checks.excludes import dropped
from lrspec.compiler.checks.finding import Slip
from lrspec.compiler.names import Name
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import PatternHits
from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.regex.branches import Branch, outermost_branches, without
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import tokens


def anchor_of_one_branch(resolution: Resolution, rule: int, hit: PatternHits) -> Slip | None:
    """LRS315: of the outermost branches one is anchored and another reads the same at the beginning and elsewhere.

    Not judged is what a rule for weight decay alone is about: norms, wherever they are (`^cls_token$|norm`).
    """
    regex = hit.pattern.regex
    branches = outermost_branches(regex)
    first = {branch: _first(regex, branch) for branch in branches}
    if not any(text in ("^", r"\A") for text in first.values()) or _sets_only_decay(resolution, rule):
        return None
    free = [branch for branch, text in first.items() if not text]
    texts = _in_question(resolution, rule, hit)
    for branch in free:
        alone = Pattern(without(regex, [other for other in branches if other != branch]), hit.pattern.path)
        elsewhere = _elsewhere(resolution, alone, texts)
        if elsewhere:
            return _slip(resolution, regex, branches, branch, elsewhere)
    return None


def _first(regex: str, branch: Branch) -> str:
    """The anchor or lookaround with which a branch begins; empty if it begins otherwise."""
    token = next(token for token in tokens(regex) if token.start >= branch.start)
    return regex[token.start : token.end] if token.kind in ("anchor", "look") else ""


def _sets_only_decay(resolution: Resolution, rule: int) -> bool:
    return {each.setting.axis for each in resolution.applied_settings if each.rule == rule} == {"weight_decay"}


def _in_question(resolution: Resolution, rule: int, hit: PatternHits) -> dict[Name, str]:
    """The names that the regex selects or, if it excludes, takes out of what the rule would select."""
    texts = {name: match.string for name, match in hit.matches.items()}
    if hit in resolution.selections[rule].excluded:
        out = dropped(resolution, rule)
        texts = {name: text for name, text in texts.items() if name.parameter in out}
    return texts


def _elsewhere(resolution: Resolution, alone: Pattern, texts: Mapping[Name, str]) -> dict[Name, str]:
    """The names that a branch matches elsewhere than at the beginning, always with a text that it also matches there.

    Empty if it matches other texts, too: `norm\\d?` is meant for all norms.
    """
    try:
        matches = resolution.names.judging.searching.matches(alone, texts)
    except SlowRegexError as slow:
        if slow.seconds is None:
            raise
        return {}
    read = {name: match[0].partition(".")[0] for name, match in matches.items()}
    beginnings = {read[name] for name, match in matches.items() if match.start() == 0}
    elsewhere = {name: texts[name] for name, match in matches.items() if match.start() > 0}
    return elsewhere if all(read[name] in beginnings for name in elsewhere) else {}


def _slip(
    resolution: Resolution, regex: str, branches: tuple[Branch, ...], branch: Branch, elsewhere: dict[Name, str]
) -> Slip:
    start, end = branches[0].first, branches[-1].end
    bare = "|".join(regex[each.start : each.end].removeprefix("^").removeprefix(r"\A") for each in branches)
    meant = f"{regex[:start]}^(?:{bare}){regex[end:]}"
    text = printable(regex[branch.start : branch.end])
    return Slip(
        f"the `^` of '{printable(regex)}' is for its own branch only: '{text}' also matches in "
        f"{printable(next(iter(elsewhere.values())))}",
        f"Write '{printable(meant)}'; if '{text}' is meant wherever it stands, make it a regex of its own, in a list.",
        resolution.families.expand({name.parameter for name in elsewhere}),
        Correction(meant),
    )
