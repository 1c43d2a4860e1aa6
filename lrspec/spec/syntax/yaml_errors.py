"""What a YAML parser complains of, in the words of whoever wrote the spec.

PyYAML has two parsers, libyaml's and its own, which word their complaints differently; both are understood here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lrspec.diagnostics.diagnostic import Suggestion
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Text
from lrspec.spec.syntax.nodes import Problem
from lrspec.spec.syntax.scalars import single_quoted

_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\\n\r]|\\[^\n\r])*)"')
_FITS_NOTHING = r"expected key|<block end>|'-' indicator"
_QUOTES = "Regexes belong in single quotes."


@dataclass(frozen=True, slots=True)
class Complaint:
    """A parser's complaint: what and where, and in the middle of what, as far as it says; indices are 0-based."""

    problem: str
    index: int
    context: str
    context_index: int


def problem_of(complaint: Complaint, text: Text) -> Problem:
    """The complaint as a problem of the document, at the place where a person would look for it."""
    if "unknown escape" in complaint.problem:
        return _escape(complaint, text)
    at_tab = "a tab: " if text.content[complaint.index : complaint.index + 1] == "\t" else ""
    subject = f"{at_tab}{complaint.problem} | {complaint.context}"
    if re.search(_FITS_NOTHING, subject) and (closing := _closed_before(text, complaint.index)):
        message = (
            f"the value has ended with the `{closing}` before this\nIf it is a regex, put all of it in single quotes."
        )
        return _at(text, complaint.index, message)
    for pattern, message, at_context in _KNOWN:
        if re.search(pattern, subject):
            index = complaint.context_index if at_context else complaint.index
            line = text.position(complaint.context_index).line
            character = printable(text.content[index : index + 1])
            return _at(text, index, message.format(character=character, line=line))
    context = f"{complaint.context}, " if complaint.context else ""
    return _at(text, complaint.index, f"not YAML: {printable(context + complaint.problem)}")


_KNOWN = (
    (
        r"end of stream.*quoted",
        "this quote is never closed\nClose it; within single quotes write one twice: `''`.",
        True,
    ),
    (r"scanning an alias", "`*` begins an alias in YAML, and no name follows\n" + _QUOTES, True),
    (r"scanning an anchor", "`&` begins an anchor in YAML, and no name follows\n" + _QUOTES, True),
    (
        r"',' or '[]}]'",
        "expected `,` or a closing bracket: the one that opens on line {line} is still open here\n"
        "Is a bracket missing, or the quotes around a regex?",
        False,
    ),
    (r"flow node", "a value is missing here, or a bracket before it is never closed\n" + _QUOTES, False),
    (r"mapping values are not allowed", "`: ` inside a value, or the line is indented too far\n" + _QUOTES, False),
    (r"could not find expected ':'", "no `: ` after this key\nA colon is followed by a space.", True),
    (
        _FITS_NOTHING,
        "this fits nothing above it: its indentation is off, or the value before it has ended already\n"
        "The keys of one mapping begin in the same column. " + _QUOTES,
        False,
    ),
    (r"\btab\b", "a tab: YAML indents with spaces\nReplace the tab by spaces.", False),
    (r"sequence entries are not allowed", "`- ` cannot begin a list here\nPut it on a line of its own.", False),
    (r"cannot start any token|node content", "`{character}` cannot begin a value\n" + _QUOTES, False),
)
"""What a complaint contains, what it means, and whether its place is where its context began."""


def _closed_before(text: Text, index: int) -> str:
    """The bracket or quote that ends a value right before `index`, on the same line."""
    before = text.content[:index].rstrip(" ")[-1:]
    return before if before in ("]", "}", "'", '"') else ""


def _escape(complaint: Complaint, text: Text) -> Problem:
    index = text.content.rfind("\\", 0, complaint.index + 1)
    escape = printable(text.content[index : index + 2])
    message = (
        f"`{escape}` in double quotes: YAML itself reads the backslash there, and knows no `{escape}`\n"
        "Put the regex in single quotes."
    )
    return Problem("LRS101", text.span(index, index + 2), message, _in_single_quotes(complaint.context_index, text))


def _in_single_quotes(start: int, text: Text) -> Suggestion | None:
    """The same characters in single quotes; none where a backslash written twice leaves two readings."""
    found = _DOUBLE_QUOTED.match(text.content, start)
    if found is None or "\\\\" in found[1]:
        return None
    quoted = single_quoted(found[1].replace('\\"', '"'))
    return Suggestion(quoted, text.span(found.start(), found.end()), safe=True)


def _at(text: Text, index: int, message: str) -> Problem:
    end = len(text.content.rstrip())
    start = min(index, max(end - 1, 0)) if index >= end else index
    return Problem("LRS101", text.span(start, min(start + 1, len(text.content))), message)
