"""Text from a spec or a model, made safe to print."""

from __future__ import annotations

import re

_LONGEST = 200  # characters
_BRIEF = 119  # characters
_COMMAND = re.compile(r"(?<!\S)::|##(?=\w*\[)")


def printable(text: str) -> str:
    """The text as a message quotes it: harmless, and without what follows its first 200 characters."""
    return harmless(text[:_LONGEST]) + ("…" if len(text) > _LONGEST else "")


def brief(text: str) -> str:
    """The text of a `repr`: one harmless line, of fewer than 120 characters."""
    line = harmless(text)
    return line if len(line) <= _BRIEF else line[: _BRIEF - 1] + "…"


def harmless(text: str) -> str:
    r"""The text with whatever would move a cursor, hide something or command a log spelt out: `\x1b`, `\n`.

    GitHub's runner obeys lines of a log that begin with `::` behind blanks, and `##[` anywhere in a line; Azure's obeys
    `##vso[`, and TeamCity `##teamcity[`.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return _COMMAND.sub(lambda found: f"{found[0][0]}\\x{ord(found[0][1]):02x}{found[0][2:]}", text)
