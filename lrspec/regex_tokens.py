"""The parts of a regex as written: which characters stand for themselves, and where its single dots are.

Python has no public parser of regexes. This one knows just what two lints ask; a test compares it with Python's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<comment> \(\?\#[^)]*\) )
  | (?P<flags> \(\?[aiLmsux]*-?[imsx]*[:)] )
  | (?P<group> \( (?: \?P?<[A-Za-z_]\w*> | \?P=\w+\) | \?<?[=!] | \?> | \?\(\w+\) )? )
  | (?P<escape> \\[0-9AbBdDsSwWzZ] )
  | (?P<set> \[ \^? \]? (?: [^\]\\] | \\. )* \] )
  | (?P<quantifier> (?: [*+?] | \{ (?: \d+ (?:,\d*)? | ,\d* ) \} ) [?+]? )
  | (?P<syntax> [)|^$] )
  | (?P<dot> \. )
  | (?P<literal> \\(?: N\{[^}]*\} | x.{2} | u.{4} | U.{8} | . ) | . )
    """,
    re.VERBOSE | re.DOTALL,
)


_VERBOSE = re.compile(r"\(\?[aiLmsu]*x[aiLmsux]*[:)-]")


class Token(NamedTuple):
    """A part of a regex: its kind, and where it stands."""

    kind: str
    start: int
    end: int


def tokens(regex: str) -> Iterator[Token]:
    r"""The parts of a regex, in order; a plain letter and `\.` are `literal`."""
    for found in _TOKEN.finditer(regex):
        yield Token(found.lastgroup or "", found.start(), found.end())


def has_literal(regex: str) -> bool:
    """Whether some character of the regex stands for itself."""
    return any(token.kind == "literal" for token in tokens(regex))


def single_dots(regex: str) -> list[int]:
    """The indices of the dots that are not escaped, in a set, in a comment or quantified."""
    parts = [*_significant(regex), Token("end", len(regex), len(regex))]
    return [part.start for part, after in pairwise(parts) if part.kind == "dot" and after.kind != "quantifier"]


def _significant(regex: str) -> Iterator[Token]:
    """The parts that mean something: where `(?x)` is set, white space and comments do not."""
    verbose, comment = _VERBOSE.search(regex) is not None, False
    for token in tokens(regex):
        text = regex[token.start : token.end]
        comment = verbose and (text == "#" or (comment and text != "\n"))
        if not (comment or token.kind == "comment" or (verbose and text.isspace())):
            yield token
