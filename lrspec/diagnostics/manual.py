"""The manual of the diagnostics, as `lrspec explain CODE` prints it: what each means, and how to fix it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from lrspec.diagnostics.codes import CODES, Code
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import nearest


class UnknownCodeError(ValueError):
    """No diagnostic has this code or name; the text suggests the nearest."""


def find(wanted: str) -> Code:
    """The diagnostic with this code or name, in upper or lower case; raises UnknownCodeError if there is none."""
    codes = reversed(CODES.values())  # of two with one name, the first counts: that of a spec
    by_word = {word: code for code in codes for word in (code.code.lower(), code.name)}
    if code := by_word.get(wanted.strip().lower()):
        return code
    hint = ""
    if not re.fullmatch(r"(?i)\s*lrs\d{3}\s*", wanted):  # one code is not a slip for another
        for word in nearest(wanted.lower(), by_word, 1):
            hint = f": did you mean {by_word[word].code} ({by_word[word].name})?"
    raise UnknownCodeError(f"no diagnostic is called {printable(wanted)}{hint}")


@cache
def text() -> str:
    """The whole manual in Markdown, with one section per diagnostic, in the order of the codes."""
    return files("lrspec.diagnostics").joinpath("manual.md").read_text(encoding="utf-8")


def summary(code: Code) -> str:
    """The first paragraph of a diagnostic's section, on one line."""
    _heading, _severity, paragraph, *_ = section(code).split("\n\n")
    return " ".join(paragraph.split())


def section(code: Code) -> str:
    """The section of a diagnostic, in Markdown."""
    heading = f"## {code.code} {code.name}\n"
    body = text().partition(heading)[2].partition("\n## ")[0]
    return f"{heading}{body.rstrip()}\n"
