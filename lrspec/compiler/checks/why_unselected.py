"""Why a rule, or a regex of it, selects nothing, as far as the names can tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import did_you_mean, nearest
from lrspec.diagnostics.wording import count, few
from lrspec.models.walk import WRAPPED
from lrspec.regex.pattern import FAILURES, Pattern
from lrspec.regex.search import SlowRegexError
from lrspec.regex.tokens import tokens
from lrspec.spec.rule_regexes import RuleRegexes
from lrspec.spec.syntax.scalars import single_quoted

_KEYS = ("where", "exclude")
_COMPARING = 8  # two words takes as long as to search a name so many times

_EATEN = {
    "\0": ("a NUL", "0"),
    "\a": ("a bell", "a"),
    "\b": ("a backspace", "b"),
    "\t": ("a tab", "t"),
    "\n": ("a line break", "n"),
    "\v": ("a vertical tab", "v"),
    "\f": ("a form feed", "f"),
    "\r": ("a carriage return", "r"),
    "\x1b": ("an escape", "e"),
    "\x85": ("a next line", "N"),
    "\xa0": ("a no-break space", "_"),
    "\u2028": ("a line separator", "L"),
    "\u2029": ("a paragraph separator", "P"),
}
"""What YAML makes in double quotes of a backslash and a letter, by what comes of it."""


def why_nothing(resolution: Resolution, rule: int) -> str:
    """Why a rule selects nothing."""
    regexes, names = resolution.selections[rule].regexes, resolution.columns.names
    if not names:
        return "the model has no parameters"
    matched = _matched(resolution, rule, regexes.selecting)
    if matched or not regexes.entries:
        kept = count(len(matched or names), "parameter")
        return f"{narrowing(resolution, rule, 'leaves', 'leave')} none of {kept}{_owners(resolution, rule)}"
    return f"no name of {count(len(names), 'parameter')} matches. {_hint(resolution, regexes)}"


def why_unused(resolution: Resolution, rule: int, pattern: Pattern) -> str:
    """What to add about one regex that selects nothing: what takes out all that it matches, or why it has missed."""
    if matched := _matched(resolution, rule, [pattern]):
        keys = narrowing(resolution, rule, "takes", "take")
        return f": {keys} out the {count(len(matched), 'parameter')} that it matches"
    return "".join(f". {reason}" for reason in islice(_reasons(resolution, pattern), 1))


def _matched(resolution: Resolution, rule: int, patterns: Iterable[Pattern]) -> set[int]:
    """The parameters that regexes match and other keys of the rule take out; none where to tell takes too long."""
    if all(getattr(resolution.spec.rules[rule], key) is None for key in _KEYS):
        return set()
    try:
        judging = resolution.names.judging
        return {parameter for pattern in patterns for parameter in judging.parameters(pattern)}
    except SlowRegexError:
        return set()


def narrowing(resolution: Resolution, rule: int, one: str, two: str) -> str:
    """The keys that narrow a rule, with a verb for one of them or for two."""
    keys = [f"`{key}`" for key in _KEYS if getattr(resolution.spec.rules[rule], key) is not None]
    return f"{' and '.join(keys)} {one if len(keys) == 1 else two}"


def _owners(resolution: Resolution, rule: int) -> str:
    where = resolution.spec.rules[rule].where
    if where is None or where.module is None:
        return ""
    columns = resolution.columns
    owners = dict.fromkeys(columns.owners[first][0] for first in resolution.families.members if columns.owners[first])
    return f". The modules are {few(list(owners))}{_meant_module(where.module, list(owners))}" if owners else ""


def _meant_module(regex: str, owners: list[str]) -> str:
    """What to add about a `where.module` that is in the name of no class: `nn.LayerNorm`, or a slip."""
    last = regex.rpartition(".")[2]
    if last != regex and any(last in owner for owner in owners):
        return f"; a class is known by its own name alone, '{printable(last)}'"
    return did_you_mean(regex, owners)


def _hint(resolution: Resolution, regexes: RuleRegexes) -> str:
    """A likely reason why the regexes have missed, or else what the names look like."""
    names, beginnings = resolution.columns.names, resolution.names.beginnings
    looks = f"begin with {few(beginnings)}" if len(beginnings) > 1 else f"are {few(names, 3)}"
    reasons = (reason for pattern in regexes.selecting for reason in _reasons(resolution, pattern))
    return next(reasons, f"The names {looks}")


def _reasons(resolution: Resolution, pattern: Pattern) -> Iterator[str]:
    wrapping = [word for word in WRAPPED if word in pattern.regex]
    if wrapping and not any(_is_in_a_name(resolution, word) for word in wrapping):
        yield f"Names are without what wrappers add, such as `{wrapping[0]}.`"
    if pattern.regex.endswith("\n"):
        yield "The regex ends in a line break, which no name has: write it on one line, in single quotes"
    if eaten := _control_character(pattern):
        yield (
            f"The regex has {eaten} in it, as in double quotes YAML reads the backslash itself: put the regex in "
            "single quotes (in JSON, double the backslash)"
        )
    if _matches(resolution, pattern, pattern.regex, re.IGNORECASE):
        yield "Matching is case-sensitive"
    if _matches(resolution, pattern, (inner := pattern.regex.strip("/"))):
        yield f"Without the slashes it matches: '{printable(inner)}'"
    pieces = [piece.strip() for piece in pattern.regex.split(",")]
    if any(_matches(resolution, pattern, piece) for piece in pieces if piece):
        yield f"Several regexes are a list: [{', '.join(single_quoted(printable(piece)) for piece in pieces if piece)}]"
    yield from _misspelt(resolution, pattern)


def _control_character(pattern: Pattern) -> str:
    """The first character that was probably meant as an escape of the regex; empty for none."""
    texts = (pattern.regex[token.start : token.end] for token in tokens(pattern.regex) if token.kind == "literal")
    for text in texts:
        if text in _EATEN:
            name, letter = _EATEN[text]
            return f"{name} (`\\{letter}`)"
        if unicodedata.category(text[0]) == "Cc":
            return f"the control character `{printable(text)}`"
    return ""


def _misspelt(resolution: Resolution, pattern: Pattern) -> Iterator[str]:
    """A word of a regex that is in no name, while one of a name is near."""
    components = resolution.names.components
    for word in re.findall(r"[A-Za-z_]\w{3,}", re.sub(r"\\.", " ", pattern.regex)):
        missing = not _is_in_a_name(resolution, word) and resolution.names.work.affords(_COMPARING * len(components))
        if missing and (near := nearest(word, components, 1)):
            yield f"No name has '{printable(word)}': did you mean '{printable(near[0])}'?"


def _is_in_a_name(resolution: Resolution, word: str) -> bool:
    """Whether a word is a part of a name; to be sure of it where to tell takes too long."""
    components = resolution.names.components
    if not components or not resolution.names.work.affords(len(components)):
        return True
    return any(word in component for component in components)


def _matches(resolution: Resolution, pattern: Pattern, other: str, flags: int = 0) -> bool:
    """Whether another regex in place of one that matches no name would match some; not where it is slow."""
    if other == "" or (other == pattern.regex and not flags):
        return False
    try:
        return bool(resolution.names.judging.parameters(Pattern(other, pattern.path, flags)))
    except (SlowRegexError, *FAILURES):
        return False
