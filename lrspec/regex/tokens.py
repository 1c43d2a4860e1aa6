"""Splits a regex into its tokens as written: which characters stand for themselves, and where the single dots are.

Python has no public parser of regexes. This one knows only what the lints need; a test compares it with Python's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<comment> \(\?\# (?: \\. | [^\\)] )* \) )
  | (?P<flags> \(\?[aiLmsux]+\) )
  | (?P<reference> \(\?P=[^)]*\) )
  | (?P<conditional> \(\?\([^)]*\) )
  | (?P<look> \(\?<?[=!] )
  | (?P<atomic> \(\?> )
  | (?P<group> \( (?: \?P<[^>]*> | \?[aiLmsux]*(?:-[imsx]+)?: )? )
  | (?P<close> \) )
  | (?P<bar> \| )
  | (?P<anchor> [$^] | \\[AbBzZ] )
  | (?P<escape> \\[0-9dDsSwW] )
  | (?P<set> \[ \^? \]? (?: [^\]\\] | \\. )* \] )
  | (?P<quantifier> (?: [*+?] | \{ (?: [0-9]+ (?:,[0-9]*)? | ,[0-9]* ) \} ) [?+]? )
  | (?P<dot> \. )
  | (?P<literal> \\(?: N\{[^}]*\} | x.{2} | u.{4} | U.{8} | . ) | . )
    """,
    re.VERBOSE | re.DOTALL,
)

_BLANK = re.compile(r"[ \t\n\r\v\f]+|\#(?:\\.|[^\\\n])*", re.DOTALL)
"""Ignored where `(?x)` is set: white space, and a comment to the end of its line."""

OPENING = frozenset({"conditional", "look", "atomic", "group"})  # the kinds of tokens that a `)` closes


class Token(NamedTuple):
    """A part of a regex: its kind, and its place."""

    kind: str
    start: int
    end: int


def tokens(regex: str) -> Iterator[Token]:
    r"""Yield the tokens of a regex in order, without comments; a plain letter and `\.` are `literal`."""
    verbose, position = [False], 0  # whether `(?x)` holds, for each open group
    while position < len(regex):
        match = _BLANK.match(regex, position) if verbose[-1] else None
        match = match or _TOKEN.match(regex, position)
        assert match, "any character is a literal, if nothing else"
        kind, position = match.lastgroup or "blank", match.end()
        if kind == "flags":
            verbose[-1] |= "x" in match[0]
        elif kind in OPENING:
            inside = verbose[-1]
            if kind == "group" and not match[0].startswith("(?P"):  # `(`, `(?:`, `(?x:` or `(?-x:`
                on, _, off = match[0].partition("-")
                inside = (inside or "x" in on) and "x" not in off
            verbose.append(inside)
        elif kind == "close" and len(verbose) > 1:
            verbose.pop()
        if kind not in ("blank", "comment"):
            yield Token(kind, match.start(), match.end())


def plain_tokens(regex: str) -> Iterator[tuple[Token, int]]:
    """Yield the tokens outside of lookarounds, conditionals and atomic groups, and the number of groups around each."""
    plain = [True]  # whether the regex, and each open group, is none of these
    for token in tokens(regex):
        if token.kind == "close":
            plain.pop()
        if plain[-1]:
            yield token, len(plain) - 1
        if token.kind in OPENING:
            plain.append(plain[-1] and token.kind == "group")


def backtracks(regex: str) -> bool:
    """Return whether a regex backtracks into all that it has matched: it has no `(?>…)`, and no `a*+`."""
    return not any(
        token.kind == "atomic" or (token.kind == "quantifier" and regex[token.start + 1 : token.end].endswith("+"))
        for token in tokens(regex)
    )


@lru_cache(maxsize=512)
def has_literal(regex: str) -> bool:
    """Return whether some character of the regex stands for itself."""
    return any(token.kind == "literal" for token in tokens(regex))


@lru_cache(maxsize=512)
def single_dots(regex: str) -> tuple[int, ...]:
    """Return the indices of the dots that are not escaped, in a set, in a comment or quantified."""
    parts = [*tokens(regex), Token("end", len(regex), len(regex))]
    return tuple(part.start for part, after in pairwise(parts) if part.kind == "dot" and after.kind != "quantifier")
