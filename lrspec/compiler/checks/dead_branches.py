"""A `Resolution` to the findings LRS306: branches of an alternation in a regex that do nothing on the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lrspec.compiler.checks.finding import Compilation, Subject, unjudged
from lrspec.compiler.checks.why_unselected import narrowing
from lrspec.compiler.names import Effect
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import PatternHits
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.regex.branches import Branch, branches, without
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError


def regex_dead_branch(compilation: Compilation) -> Iterator[Finding]:
    """LRS306: branches of a regex without which it would do the same on the model."""
    resolution = compilation.resolution
    for use in _uses(resolution):
        dead = _dead(use) if use.effect.matches else []
        if dead is None:
            what = f"whether each branch of '{printable(use.pattern.regex)}' does something"
            yield unjudged(resolution, "LRS306", use.rule, use.pattern, what)
        elif dead:
            do, them = ("does", "it") if len(dead) == 1 else ("do", "them")
            yield Subject(resolution, use.pattern.path, use.rule).finding(
                "LRS306",
                f"{_listed(use.pattern.regex, dead)} of '{printable(use.pattern.regex)}' {do} nothing on this model: "
                f"without {them} the regex {use.does}{_taken_out(resolution, use, dead)}",
                f"Mend or remove {them}; if the rule is for several models, add `optional: true` to it.",
            )


@dataclass(frozen=True)
class _Use:
    """A regex of a rule, what it `does` in words, and its effect on names."""

    rule: int
    does: str
    effect: Effect

    @property
    def pattern(self) -> Pattern:
        """The regex."""
        return self.effect.pattern


def _uses(resolution: Resolution) -> Iterator[_Use]:
    """The regexes that have branches, in rules that select something and are not optional."""
    for rule, selection in enumerate(resolution.selections):
        if selection.parameters and not resolution.spec.rules[rule].optional:
            yield from (_selecting(resolution, rule, hit) for hit in selection.hits if _has_branches(hit.pattern))
            yield from (_excluding(resolution, rule, hit) for hit in selection.excluded if _has_branches(hit.pattern))


def _has_branches(pattern: Pattern) -> bool:
    return bool(branches(pattern.regex))


def _selecting(resolution: Resolution, rule: int, hit: PatternHits) -> _Use:
    captures = resolution.spec.rules[rule].layers is not None and hit.pattern.compiled.groups > 0
    does = "puts the same names on the same layers" if captures else "selects the same names"
    return _Use(rule, does, Effect(resolution.names.judging, hit.pattern, hit.matches, captures))


def _excluding(resolution: Resolution, rule: int, hit: PatternHits) -> _Use:
    effect = Effect(resolution.names.judging, hit.pattern, hit.matches, captures=False)
    return _Use(rule, "takes out the same names", effect)


def _dead(use: _Use) -> list[Branch] | None:
    """The branches that do nothing, and could go all at once: of those that do the same, the later ones.

    A regex matches nothing new with branches disabled, so that only the names that it matches are tried. None where
    that takes too long.
    """
    try:
        return _without_effect(use)
    except SlowRegexError:
        return None


def _without_effect(use: _Use) -> list[Branch]:
    dead: list[Branch] = []
    for branch in sorted(branches(use.pattern.regex), key=lambda branch: (branch.depth, -branch.start)):
        inside = any(branch.within(other) for other in dead)
        if not inside and _unchanged(use, [*dead, branch]):
            dead.append(branch)
    return sorted(dead, key=lambda branch: branch.start)


def _unchanged(use: _Use, disabled: list[Branch]) -> bool:
    """Whether the regex does the same with some branches disabled; not where it becomes slow by that."""
    try:
        return use.effect.is_of(_disable(use.pattern, disabled))
    except SlowRegexError as slow:
        if slow.seconds is None:
            raise
        return False


def _disable(pattern: Pattern, disabled: list[Branch]) -> Pattern:
    return Pattern(without(pattern.regex, disabled), pattern.path)


# --------------------------------------------------------------------------------------------------- wording


def _listed(regex: str, dead: list[Branch]) -> str:
    """`the branch 'b' at column 3`."""
    listed = [f"'{regex[branch.start : branch.end]}' at column {branch.start + 1}" for branch in dead]
    return f"the {'branch' if len(dead) == 1 else 'branches'} {few(listed)}"


def _taken_out(resolution: Resolution, use: _Use, dead: list[Branch]) -> str:
    """What to add where dead branches do match names, which other keys of the rule take out."""
    try:
        both = [resolution.names.judging.parameters(each) for each in (use.pattern, _disable(use.pattern, dead))]
    except SlowRegexError:
        return ""
    out = len(both[0]) - len(both[1])
    keys = narrowing(resolution, use.rule, "takes", "take")
    return (
        f"; {keys} out what {'it' if len(dead) == 1 else 'they'} would add ({count(out, 'parameter')})" if out else ""
    )
