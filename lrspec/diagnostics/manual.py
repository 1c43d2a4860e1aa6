"""The manual of the diagnostics: what each means and how to mend it, as `lrspec explain CODE` prints it."""

from __future__ import annotations

import re
from importlib.resources import files

from lrspec.diagnostics.codes import CODES, Code
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import nearest


class UnknownCodeError(ValueError):
    """No diagnostic is called so; the text names the nearest."""


def find(wanted: str) -> Code:
    """The diagnostic with that code or that name, in any case.

    Raises:
        UnknownCodeError: where there is none.
    """
    by_word = {word: code for code in CODES.values() for word in (code.code.lower(), code.name)}
    if found := by_word.get(wanted.strip().lower()):
        return found
    is_code = re.fullmatch(r"(?i)\s*lrs\d{3}\s*", wanted)
    near = [
        f"{by_word[word].code} ({by_word[word].name})"
        for word in nearest(wanted.lower(), [] if is_code else by_word, 1)
    ]
    hint = f": did you mean {near[0]}?" if near else ""
    raise UnknownCodeError(f"no diagnostic is called {printable(wanted)}{hint}")


def text() -> str:
    """The whole manual, in Markdown: a section for each diagnostic, in the order of their codes."""
    return files("lrspec.diagnostics").joinpath("manual.md").read_text(encoding="utf-8")


def summary(code: Code) -> str:
    """The first paragraph of the section of one diagnostic, in one line."""
    _, _, first, *_ = section(code).split("\n\n")
    return " ".join(first.split())


def section(code: Code) -> str:
    """The section of one diagnostic, in Markdown."""
    heading = f"## {code.code} {code.name}\n"
    body = text().partition(heading)[2].partition("\n## ")[0]
    return f"{heading}{body.rstrip()}\n"
