"""Explains a YAML parser's complaints in the words of a spec's author.

PyYAML has two parsers, libyaml's and its own, which word their complaints differently; both are understood here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lrspec.diagnostics.diagnostic import Suggestion
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Text
from lrspec.spec.syntax.nodes import Unreadable
from lrspec.spec.syntax.scalars import single_quoted

_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\\n\r]|\\[^\n\r])*)"')
_FITS_NOTHING = r"expected key|<block end>|'-' indicator"
_QUOTES = "Regexes belong in single quotes."
_KNOWN = (
    (
        r"end of stream.*quoted",
        "this quote is never closed\nClose it; inside single quotes, write a quote twice: `''`.",
        True,
    ),
    (r"scanning an alias", "`*` starts an alias in YAML, but no name follows\n" + _QUOTES, True),
    (r"scanning an anchor", "`&` starts an anchor in YAML, but no name follows\n" + _QUOTES, True),
    (
        r"',' or '[]}]'",
        "expected `,` or a closing bracket: the one opened on line {line} is not closed yet\n"
        "Is a bracket missing, or the quotes around a regex?",
        False,
    ),
    (r"flow node", "a value is missing here, or a bracket before it is never closed\n" + _QUOTES, False),
    (r"mapping values are not allowed", "`: ` inside a value, or the line is indented too far\n" + _QUOTES, False),
    (r"could not find expected ':'", "no `: ` after this key\nPut a space after the colon.", True),
    (
        _FITS_NOTHING,
        "this does not fit what is above it: wrong indentation, or the value before it has already ended\n"
        "The keys of a mapping start in the same column. " + _QUOTES,
        False,
    ),
    (r"\btab\b", "a tab: YAML indents with spaces\nReplace the tab with spaces.", False),
    (r"sequence entries are not allowed", "`- ` cannot start a list here\nPut it on its own line.", False),
    (r"cannot start any token|node content", "`{character}` cannot start a value\n" + _QUOTES, False),
)
"""A pattern of complaints, the message for them, and whether its place is that of the complaint's context."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A parser's complaint: the problem, and the context that it occurred in, if given; indices are 0-based."""

    problem: str
    index: int
    context: str
    context_index: int


def explain(complaint: Complaint, text: Text) -> Unreadable:
    """Return the complaint as a problem of the document, at the place where a person would look for it.

    An unknown escape gets the suggestion of single quotes, unless a backslash written twice leaves two readings.
    """
    index = complaint.index
    if "unknown escape" in complaint.problem:
        index = text.content.rfind("\\", 0, index + 1)
        escape = printable(text.content[index : index + 2])
        message = f"`{escape}` is not an escape in YAML's double quotes\nPut the regex in single quotes."
        string, suggestion = _DOUBLE_QUOTED.match(text.content, complaint.context_index), None
        if string and "\\\\" not in string[1]:
            quoted = single_quoted(string[1].replace('\\"', '"'))
            suggestion = Suggestion(quoted, text.span(string.start(), string.end()), safe=True)
        return Unreadable(text.span(index, index + 2), message, suggestion)
    at_tab = "a tab: " if text.content[index : index + 1] == "\t" else ""
    subject = f"{at_tab}{complaint.problem} | {complaint.context}"
    before = text.content[:index].rstrip(" ")[-1:]
    if before in ("]", "}", "'", '"') and re.search(_FITS_NOTHING, subject):
        advice = "If it is a regex, put the whole regex in single quotes."
        return _at(text, index, f"the value already ended with the `{before}` before this\n{advice}")
    for pattern, message, at_context in _KNOWN:
        if re.search(pattern, subject):
            index = complaint.context_index if at_context else index
            line = text.position(complaint.context_index).line
            character = printable(text.content[index : index + 1])
            return _at(text, index, message.format(character=character, line=line))
    context = f"{complaint.context}, " if complaint.context else ""
    return _at(text, index, f"not YAML: {printable(context + complaint.problem)}")


def _at(text: Text, index: int, message: str) -> Unreadable:
    end = len(text.content.rstrip())
    start = max(end - 1, 0) if index >= end else index
    return Unreadable(text.span(start, min(start + 1, len(text.content))), message)
