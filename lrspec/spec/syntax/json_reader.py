"""Reads JSON into nodes.

The standard library decides whether the text is JSON and what its strings mean; one expression finds the tokens, and
so the places. (A YAML reader would refuse tabs, long keys and half of the escapes.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lrspec.diagnostics.diagnostic import Suggestion
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Span, Text
from lrspec.spec.limits import MAX_DEPTH, MAX_NODES
from lrspec.spec.syntax.nodes import (
    TOO_DEEP,
    TOO_MANY_NODES,
    Entry,
    MappingNode,
    Node,
    Problem,
    ScalarNode,
    SequenceNode,
    Unreadable,
    by_key,
)
from lrspec.spec.syntax.scalars import Scalar, integer

_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*+"?|[^\s{}\[\],:"]+', re.DOTALL)
"""A string that is never closed is a token, too: otherwise the search would start again at each quote in it."""

_JSON_ESCAPE = re.compile(r'\\["\\/u]')
_SURROGATE = re.compile("[\ud800-\udfff]")
_ADVICE = {
    "/": "\nJSON has no comments.",
    "#": "\nJSON has no comments.",
    "'": "\nJSON strings use double quotes.",
}
"""Advice by the character that is not JSON."""


def read_json(text: Text, problems: list[Problem]) -> Node:
    """Return the root of the JSON in `text`; problems that do not stop the reading are added to `problems`.

    Unreadable if the text is not JSON, or exceeds a limit.
    """
    depth = 0
    for token in _TOKEN.finditer(text.content):
        depth += (token.group() in "{[") - (token.group() in "}]")
        if depth > MAX_DEPTH:
            raise Unreadable(text.span(token.start(), token.end()), TOO_DEEP)
    try:
        json.loads(text.content, parse_int=integer)
    except json.JSONDecodeError as error:
        raise _unreadable(text, error) from None
    return _Reader(text, problems).root()


def _unreadable(text: Text, error: json.JSONDecodeError) -> Unreadable:
    """Return a syntax error of the standard library as ours.

    A bad escape gets the suggestion to double all backslashes of its string, unless some may be meant as JSON escapes.
    """
    content, end = text.content, len(text.content.rstrip())
    start = max(end - 1, 0) if error.pos >= end else error.pos
    here = content[start : start + 1]
    if "escape" in error.msg and here == "\\" and start == error.pos:
        escape = printable(content[start : start + 2])
        message = f"`{escape}` is not a JSON escape\nDouble each backslash of a regex: `\\{escape}`."
        string = next((token for token in _TOKEN.finditer(content) if token.end() > start), None)
        suggestion = None
        if string and string[0].endswith('"') and "\n" not in string[0] and not _JSON_ESCAPE.search(string[0]):
            doubled = string[0].replace("\\", "\\\\")
            suggestion = Suggestion(doubled, text.span(string.start(), string.end()), safe=True)
        return Unreadable(text.span(start, start + 2), message, suggestion)
    before = content[:start].rstrip()
    comma = None  # versions of Python complain of the comma or of the bracket after it
    if here in ("]", "}") and before.endswith(","):
        comma = len(before) - 1
    elif here == "," and content[start + 1 :].lstrip()[:1] in ("]", "}"):
        comma = start
    if comma is not None:
        return Unreadable(text.span(comma, comma + 1), "not JSON: a comma after the last item\nRemove it.")
    advice = _ADVICE.get(here, "") if start == error.pos else ""
    if error.pos == len(content) - len(content.lstrip()):
        advice = advice or "\nA file that ends in `.json` is read as JSON."
    message = f"not JSON: {error.msg[0].lower()}{error.msg[1:]}{advice}"
    return Unreadable(text.span(start, min(start + 1, len(content))), message)


class _Reader:
    """Walks the tokens of a text that is known to be JSON."""

    def __init__(self, text: Text, problems: list[Problem]) -> None:
        self._text = text
        self._problems = problems
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(text.content)
        self._nodes = 0

    def root(self) -> Node:
        return self._value(next(self._tokens))

    def _value(self, start: re.Match[str]) -> Node:
        self._count(start)
        if start.group() == "[":
            items: list[Node] = []
            while (token := next(self._tokens)).group() != "]":
                if token.group() != ",":
                    items.append(self._value(token))
            return SequenceNode(start.start(), token.end(), tuple(items))
        if start.group() == "{":
            entries: list[Entry] = []
            while (token := next(self._tokens)).group() != "}":
                if token.group() != ",":
                    self._count(token)
                    next(self._tokens)  # the colon
                    entries.append(Entry(self._scalar(token), self._value(next(self._tokens))))
            return MappingNode(start.start(), token.end(), by_key(entries, self._text, self._problems))
        return self._scalar(start)

    def _scalar(self, token: re.Match[str]) -> ScalarNode:
        value: Scalar = json.loads(token.group(), parse_int=integer)
        if isinstance(value, str) and _SURROGATE.search(value):
            raise Unreadable(self._span(token), "unpaired surrogate")
        return ScalarNode(token.start(), token.end(), value, value if isinstance(value, str) else token.group())

    def _count(self, token: re.Match[str]) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Unreadable(self._span(token), TOO_MANY_NODES)

    def _span(self, token: re.Match[str]) -> Span:
        return self._text.span(token.start(), token.end())
