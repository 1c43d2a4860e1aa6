"""The parts of a regex as written: which characters stand for themselves, and where its single dots are.

Python has no public parser of regexes. This one knows just what the lints ask; a test compares it with Python's own.
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
"""What means nothing where `(?x)` is set: white space, and a comment to the end of its line."""

OPENING = frozenset({"conditional", "look", "atomic", "group"})
"""The kinds of parts that a `)` ends."""


class Token(NamedTuple):
    """A part of a regex: its kind, and where it stands."""

    kind: str
    start: int
    end: int


def tokens(regex: str) -> Iterator[Token]:
    r"""The parts of a regex that mean something, in order; a plain letter and `\.` are `literal`."""
    verbose, at = [False], 0
    while at < len(regex):
        found = (verbose[-1] and _BLANK.match(regex, at)) or _TOKEN.match(regex, at)
        assert found, "any character is a literal, if nothing else"
        kind, at = found.lastgroup or "blank", found.end()
        if kind == "flags":
            verbose[-1] |= "x" in found[0]
        elif kind in OPENING:
            verbose.append(_is_verbose(found[0], verbose[-1]) if kind == "group" else verbose[-1])
        elif kind == "close" and len(verbose) > 1:
            verbose.pop()
        if kind not in ("blank", "comment"):
            yield Token(kind, found.start(), found.end())


def _is_verbose(opening: str, outside: bool) -> bool:
    """Whether `(?x)` holds in a group that begins with `(`, `(?:`, `(?x:`, `(?-x:` or `(?P<name>`."""
    on, _, off = ("" if opening.startswith("(?P") else opening).partition("-")
    return (outside or "x" in on) and "x" not in off


@lru_cache(maxsize=512)
def has_literal(regex: str) -> bool:
    """Whether some character of the regex stands for itself."""
    return any(token.kind == "literal" for token in tokens(regex))


@lru_cache(maxsize=512)
def single_dots(regex: str) -> tuple[int, ...]:
    """The indices of the dots that are not escaped, in a set, in a comment or quantified."""
    parts = [*tokens(regex), Token("end", len(regex), len(regex))]
    dots = (part.start for part, after in pairwise(parts) if part.kind == "dot" and after.kind != "quantifier")
    return tuple(dots)
