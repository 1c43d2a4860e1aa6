"""Does every branch of an alternation in a regex, and every member of a class, do something on the model? LRS306."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject, unjudged
from lrspec.compiler.checks.why_unselected import narrowing
from lrspec.compiler.names import Effect
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count, few
from lrspec.regex.branches import Branch, Part, branches, without
from lrspec.regex.classes import Member, members, repeats, up_to
from lrspec.regex.pattern import Pattern
from lrspec.regex.search import SlowRegexError


def regex_dead_branch(compilation: Compilation) -> Iterator[Finding]:
    """LRS306: branches of a regex, and members of its classes, without which it would do the same on the model."""
    resolution = compilation.resolution
    for rule, effect, same in _uses(resolution):
        pattern, regex = effect.pattern, effect.pattern.regex
        try:
            dead = _dead_parts(effect)
        except SlowRegexError:
            what = f"whether each branch of '{printable(regex)}' does something"
            if not branches(regex):
                what = f"whether each character in the brackets of '{printable(regex)}' does something"
            yield unjudged(resolution, "LRS306", rule, pattern, what)
            continue
        if dead:
            do, them = ("does", "it") if len(dead) == 1 else ("do", "them")
            yield Subject(resolution, pattern.path, rule).finding(
                "LRS306",
                f"{_listed(regex, dead)} of '{printable(regex)}' {do} nothing on this model: "
                f"without {them} the regex {same}{_taken_out(resolution, rule, pattern, dead)}",
                f"Fix or remove {them}; if the rule is for several models, add `optional: true` to it.",
            )


def _listed(regex: str, dead: list[Part]) -> str:
    """The dead parts, branches first, each with its column."""
    lists: list[str] = []
    for kind, noun, plural in ((Branch, "branch", "branches"), (Member, "character", "characters")):
        parts = [part for part in dead if isinstance(part, kind)]
        if parts:
            places = few([f"'{regex[part.start : part.end]}' at column {part.start + 1}" for part in parts])
            lists.append(f"the {noun if len(parts) == 1 else plural} {places}")
    return " and ".join(lists)


def _uses(resolution: Resolution) -> Iterator[tuple[int, Effect, str]]:
    """The regexes with parts to judge that match something, of rules that select something and are not optional.

    Each comes with its rule and its effect on names, and with words for what it still does without its dead parts.
    """
    judging = resolution.names.judging
    for index, selection in enumerate(resolution.selections):
        rule = resolution.spec.rules[index]
        if not selection.parameters or rule.optional:
            continue
        for hit, does in [*((h, "selects") for h in selection.hits), *((h, "takes out") for h in selection.excluded)]:
            pattern = hit.pattern
            if hit.matches and (branches(pattern.regex) or members(pattern.regex)):
                captures = does == "selects" and rule.layers is not None and pattern.compiled.groups > 0
                same = "puts the same names on the same layers" if captures else f"{does} the same names"
                yield index, Effect(judging, pattern, hit.matches, captures), same


def _dead_parts(effect: Effect) -> list[Part]:
    """The parts that do nothing and could go all at once; of parts that do the same, the later ones.

    Without some of its parts a regex matches no further names, so only those that it matches are tried. SlowRegexError
    if all regexes together take too long.
    """
    regex, dead = effect.pattern.regex, list[Part]()
    outer_first = sorted(branches(regex), key=lambda branch: (branch.depth, -branch.start))
    parts: list[Part] = [*outer_first, *reversed(members(regex))]
    for part in parts:
        if any(isinstance(outer, Branch) and outer.has(part) for outer in dead):
            continue
        try:
            if effect.is_of(_reduced(effect.pattern, [*dead, part])) and not _begins_something(effect, part):
                dead.append(part)
        except SlowRegexError as slow:
            if slow.seconds is None:
                raise  # else the regex is slow only without this part, so the part does something
    return sorted(dead, key=lambda part: part.start)


def _begins_something(effect: Effect, part: Part) -> bool:
    """Return whether a member of a class finds something without what follows the class: `k` in `[qkv]_proj`."""
    regex, path = effect.pattern.regex, effect.pattern.path
    if isinstance(part, Branch) or repeats(regex, part):
        return False
    return bool(effect.names.parameters(Pattern(up_to(regex, part), path)))


def _reduced(pattern: Pattern, dead: list[Part]) -> Pattern:
    return Pattern(without(pattern.regex, dead), pattern.path)


def _taken_out(resolution: Resolution, rule: int, pattern: Pattern, dead: list[Part]) -> str:
    """A clause on the parameters that dead parts match but other keys of the rule take out; empty if none."""
    judging = resolution.names.judging
    try:
        matched, kept = judging.parameters(pattern), judging.parameters(_reduced(pattern, dead))
    except SlowRegexError:
        return ""
    if len(matched) == len(kept):
        return ""
    keys, they = narrowing(resolution, rule, "takes", "take"), "it" if len(dead) == 1 else "they"
    return f"; {keys} out what {they} would add ({count(len(matched) - len(kept), 'parameter')})"
