"""Explains why a rule, or one of its regexes, selects nothing, as far as the names show."""

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
from lrspec.spec.syntax.scalars import single_quoted

_KEYS = ("where", "exclude")
_COMPARING = 8  # comparing two words takes as long as searching so many names

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
"""The characters that YAML makes of a backslash and a letter in double quotes."""


def why_nothing(resolution: Resolution, rule: int) -> str:
    """The reason why a rule selects nothing."""
    regexes, columns = resolution.selections[rule].regexes, resolution.columns
    names, where = columns.names, resolution.spec.rules[rule].where
    if not names:
        return "the model has no parameters"
    matched = _matched(resolution, rule, regexes.selecting)
    if regexes.entries and not matched:
        reasons = (reason for pattern in regexes.selecting for reason in _reasons(resolution, pattern))
        beginnings = list(dict.fromkeys(name.partition(".")[0] for name in names))
        looks = f"begin with {few(beginnings)}" if len(beginnings) > 1 else f"are {few(names, 3)}"
        return f"no name of {count(len(names), 'parameter')} matches. {next(reasons, f'The names {looks}')}"
    left = f"{narrowing(resolution, rule, 'leaves', 'leave')} none of {count(len(matched or names), 'parameter')}"
    if where is None or where.module is None:
        return left
    classes = [columns.owners[index] for index in resolution.families.members]
    owners = list(dict.fromkeys(owner[0] for owner in classes if owner))
    if not owners:
        return left
    last = where.module.rpartition(".")[2]
    hint = did_you_mean(where.module, owners)
    if last != where.module and any(last in owner for owner in owners):
        hint = f"; a class is known only by its own name, '{printable(last)}'"
    return f"{left}. The modules are {few(owners)}{hint}"


def why_unused(resolution: Resolution, rule: int, pattern: Pattern) -> str:
    """The reason why one regex selects nothing, to end a sentence: keys that take out its matches, or a slip."""
    if matched := _matched(resolution, rule, [pattern]):
        keys = narrowing(resolution, rule, "takes", "take")
        return f": {keys} out the {count(len(matched), 'parameter')} that it matches"
    return "".join(f". {reason}" for reason in why_no_name(resolution, pattern))


def why_no_name(resolution: Resolution, pattern: Pattern) -> Iterator[str]:
    """The likeliest reason, if any is known, why a regex matches no name."""
    return islice(_reasons(resolution, pattern), 1)


def _matched(resolution: Resolution, rule: int, patterns: Iterable[Pattern]) -> set[int]:
    """The parameters that regexes match and other keys of the rule take out; none if finding them takes too long."""
    if all(getattr(resolution.spec.rules[rule], key) is None for key in _KEYS):
        return set()
    try:
        judging = resolution.names.judging
        return {parameter for pattern in patterns for parameter in judging.parameters(pattern)}
    except SlowRegexError:
        return set()


def narrowing(resolution: Resolution, rule: int, one: str, two: str) -> str:
    """The keys that narrow a rule, and a verb: `one` for a single key, `two` for both."""
    keys = [f"`{key}`" for key in _KEYS if getattr(resolution.spec.rules[rule], key) is not None]
    return f"{' and '.join(keys)} {one if len(keys) == 1 else two}"


def _reasons(resolution: Resolution, pattern: Pattern) -> Iterator[str]:
    """Likely reasons why a regex matches no name, the surest first."""
    wrapping = [word for word in WRAPPED if word in pattern.regex]
    if wrapping and not any(_is_in_a_name(resolution, word) for word in wrapping):
        yield f"Names do not contain what wrappers add, such as `{wrapping[0]}.`"
    if pattern.regex.endswith("\n"):
        yield "The regex ends in a line break, but no name has one: write it on one line, in single quotes"
    if eaten := _control_character(pattern):
        yield (
            f"The regex contains {eaten}: in double quotes YAML itself reads the backslash, so put the regex in single "
            "quotes (in JSON, double the backslash)"
        )
    if _matches(resolution, pattern, pattern.regex, re.IGNORECASE):
        yield "Matching is case-sensitive"
    inner = pattern.regex.strip("/")
    if _matches(resolution, pattern, inner):
        yield f"Without the slashes it matches: '{printable(inner)}'"
    pieces = [piece.strip() for piece in pattern.regex.split(",")]
    if any(_matches(resolution, pattern, piece) for piece in pieces if piece):
        yield f"Several regexes are a list: [{', '.join(single_quoted(printable(piece)) for piece in pieces if piece)}]"
    components = resolution.names.components
    for word in re.findall(r"[A-Za-z_]\w{3,}", re.sub(r"\\.", " ", pattern.regex)):
        missing = not _is_in_a_name(resolution, word) and resolution.names.work.affords(_COMPARING * len(components))
        if missing and (near := nearest(word, components, 1)):
            yield f"No name has '{printable(word)}': did you mean '{printable(near[0])}'?"


def _control_character(pattern: Pattern) -> str:
    """The first character that was probably meant as an escape sequence of the regex; empty if there is none."""
    texts = (pattern.regex[token.start : token.end] for token in tokens(pattern.regex) if token.kind == "literal")
    for text in texts:
        if text in _EATEN:
            name, letter = _EATEN[text]
            return f"{name} (`\\{letter}`)"
        if unicodedata.category(text[0]) == "Cc":
            return f"the control character `{printable(text)}`"
    return ""


def _is_in_a_name(resolution: Resolution, word: str) -> bool:
    """Return whether a word is part of a name, or whether finding out takes too long."""
    components = resolution.names.components
    if not components or not resolution.names.work.affords(len(components)):
        return True
    return any(word in component for component in components)


def _matches(resolution: Resolution, pattern: Pattern, other: str, flags: int = 0) -> bool:
    """Return whether another regex in place of one that matches no name would match some; False if it is slow."""
    if other == "" or (other == pattern.regex and not flags):
        return False
    try:
        return bool(resolution.names.judging.parameters(Pattern(other, pattern.path, flags)))
    except (SlowRegexError, *FAILURES):
        return False
