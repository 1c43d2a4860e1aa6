"""Makes text from a spec or a model safe to print."""

from __future__ import annotations

import re

_LONGEST = 200  # characters
_BRIEF = 119  # characters
_COMMAND = re.compile(r"(?<!\S)::|##(?=\w*\[)")


def printable(text: str) -> str:
    """The text as messages quote it: escaped, and cut after 200 characters."""
    return harmless(text[:_LONGEST]) + ("…" if len(text) > _LONGEST else "")


def brief(text: str) -> str:
    """The text of a `repr`: one harmless line, of fewer than 120 characters."""
    line = harmless(text)
    return line if len(line) <= _BRIEF else line[: _BRIEF - 1] + "…"


def harmless(text: str) -> str:
    r"""Escape everything that moves a cursor, hides text or is a command in a log: `\x1b`, `\n`.

    GitHub's runner obeys log lines that begin with `::` after any blanks, and `##[` anywhere in a line. Azure obeys
    `##vso[`, TeamCity `##teamcity[`.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return _COMMAND.sub(lambda match: f"{match[0][0]}\\x{ord(match[0][1]):02x}{match[0][2:]}", text)
