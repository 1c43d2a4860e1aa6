"""Does every branch of an alternation in a regex do something on the model? LRS306."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject, unjudged
from lrspec.compiler.checks.why_unselected import narrowing
from lrspec.compiler.names import Effect
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.regex.branches import Branch, branches, without
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError


def regex_dead_branch(compilation: Compilation) -> Iterator[Finding]:
    """LRS306: branches of a regex without which it would do the same on the model."""
    resolution = compilation.resolution
    for rule, effect, same in _uses(resolution):
        pattern, regex = effect.pattern, effect.pattern.regex
        try:
            dead = _dead_branches(effect)
        except SlowRegexError:
            what = f"whether each branch of '{printable(regex)}' does something"
            yield unjudged(resolution, "LRS306", rule, pattern, what)
            continue
        if dead:
            listed = few([f"'{regex[branch.start : branch.end]}' at column {branch.start + 1}" for branch in dead])
            branch, do, them = ("branch", "does", "it") if len(dead) == 1 else ("branches", "do", "them")
            yield Subject(resolution, pattern.path, rule).finding(
                "LRS306",
                f"the {branch} {listed} of '{printable(regex)}' {do} nothing on this model: "
                f"without {them} the regex {same}{_taken_out(resolution, rule, pattern, dead)}",
                f"Fix or remove {them}; if the rule is for several models, add `optional: true` to it.",
            )


def _uses(resolution: Resolution) -> Iterator[tuple[int, Effect, str]]:
    """The regexes with branches that match something, of rules that select something and are not optional.

    Each comes with its rule and its effect on names, and with words for what it still does without its dead branches.
    """
    judging = resolution.names.judging
    for index, selection in enumerate(resolution.selections):
        rule = resolution.spec.rules[index]
        if not selection.parameters or rule.optional:
            continue
        for hit in selection.hits:
            if hit.matches and branches(hit.pattern.regex):
                captures = rule.layers is not None and hit.pattern.compiled.groups > 0
                same = "puts the same names on the same layers" if captures else "selects the same names"
                yield index, Effect(judging, hit.pattern, hit.matches, captures), same
        for hit in selection.excluded:
            if hit.matches and branches(hit.pattern.regex):
                yield index, Effect(judging, hit.pattern, hit.matches, captures=False), "takes out the same names"


def _dead_branches(effect: Effect) -> list[Branch]:
    """The branches that do nothing and could go all at once; of branches that do the same, the later ones.

    With branches disabled a regex matches no further names, so only those that it matches are tried. SlowRegexError if
    all regexes together take too long.
    """
    dead: list[Branch] = []
    for branch in sorted(branches(effect.pattern.regex), key=lambda branch: (branch.depth, -branch.start)):
        if any(branch.within(outer) for outer in dead):
            continue
        try:
            if effect.is_of(_disable(effect.pattern, [*dead, branch])):
                dead.append(branch)
        except SlowRegexError as slow:
            if slow.seconds is None:
                raise  # else the regex is slow only without this branch, so the branch does something
    return sorted(dead, key=lambda branch: branch.start)


def _disable(pattern: Pattern, disabled: list[Branch]) -> Pattern:
    return Pattern(without(pattern.regex, disabled), pattern.path)


def _taken_out(resolution: Resolution, rule: int, pattern: Pattern, dead: list[Branch]) -> str:
    """A clause on the parameters that dead branches match but other keys of the rule take out; empty if none."""
    judging = resolution.names.judging
    try:
        matched, kept = judging.parameters(pattern), judging.parameters(_disable(pattern, dead))
    except SlowRegexError:
        return ""
    if len(matched) == len(kept):
        return ""
    keys, they = narrowing(resolution, rule, "takes", "take"), "it" if len(dead) == 1 else "they"
    return f"; {keys} out what {they} would add ({count(len(matched) - len(kept), 'parameter')})"
