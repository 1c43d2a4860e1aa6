"""JSON text to nodes.

The standard library says whether the text is JSON and what its strings mean; the places come from one expression
that finds the tokens. (A YAML reader would refuse tabs, long keys and half of the escapes.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lrspec.nodes import (
    MAX_DEPTH,
    MAX_NODES,
    Entry,
    Node,
    Problem,
    ScalarNode,
    SequenceNode,
    Unreadable,
    mapping,
    too_deep,
    too_many,
)
from lrspec.scalars import integer
from lrspec.source import Span, Text, printable

_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*+"?|[^\s{}\[\],:"]+', re.DOTALL)
"""A string that is never closed is a token, too: else the search would begin again at each quote in it."""

_HALF = re.compile("[\ud800-\udfff]")


def read_json(text: Text, problems: list[Problem]) -> Node:
    """The root of the JSON in `text`; adds to `problems` what does not stop the reading.

    Raises:
        Unreadable: where the text is not JSON, or a limit is exceeded.
    """
    _check_depth(text)
    try:
        json.loads(text.content, parse_int=integer)
    except json.JSONDecodeError as error:
        raise Unreadable(_syntax_problem(text, error)) from None
    return _Reader(text, problems).value()


def _check_depth(text: Text) -> None:
    depth = 0
    for token in _TOKEN.finditer(text.content):
        depth += (token.group() in "{[") - (token.group() in "}]")
        if depth > MAX_DEPTH:
            raise too_deep(text.span(token.start(), token.end()))


def _syntax_problem(text: Text, error: json.JSONDecodeError) -> Problem:
    content, end = text.content, len(text.content.rstrip())
    start = max(end - 1, 0) if error.pos >= end else error.pos
    here = content[start : start + 1] if start == error.pos else ""
    if "escape" in error.msg and here == "\\":
        escape = printable(content[start : start + 2])
        message = f"`{escape}` is not an escape of JSON\nWrite a backslash of a regex twice: `\\{escape}`"
        return Problem("LRS101", text.span(start, start + 2), message)
    advice = _ADVICE.get(here, "")
    if error.pos == len(content) - len(content.lstrip()):
        advice = advice or "\nA file that ends in `.json` is read as JSON."
    message = f"not JSON: {error.msg[0].lower()}{error.msg[1:]}{advice}"
    return Problem("LRS101", text.span(start, min(start + 1, len(content))), message)


_ADVICE = {
    "/": "\nJSON has no comments.",
    "#": "\nJSON has no comments.",
    "'": "\nJSON puts text in double quotes.",
}
"""What to say of a character that JSON does not have there."""


class _Reader:
    """Walks the tokens of a text that is known to be JSON."""

    def __init__(self, text: Text, problems: list[Problem]) -> None:
        self._text = text
        self._problems = problems
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(text.content)
        self._nodes = 0

    def value(self) -> Node:
        return self._value(next(self._tokens))

    def _value(self, token: re.Match[str]) -> Node:
        self._count(token)
        if token.group() == "{":
            return self._object(token)
        if token.group() == "[":
            return self._array(token)
        return ScalarNode(self._span(token, token), self._decoded(token))

    def _array(self, start: re.Match[str]) -> Node:
        items: list[Node] = []
        while (token := next(self._tokens)).group() != "]":
            if token.group() != ",":
                items.append(self._value(token))
        return SequenceNode(self._span(start, token), tuple(items))

    def _object(self, start: re.Match[str]) -> Node:
        entries: list[Entry] = []
        while (token := next(self._tokens)).group() != "}":
            if token.group() != ",":
                entries.append(self._entry(token))
        return mapping(self._span(start, token), entries, self._problems)

    def _entry(self, key: re.Match[str]) -> Entry:
        self._count(key)
        next(self._tokens)  # the colon
        return Entry(self._decoded(key), self._span(key, key), self._value(next(self._tokens)))

    def _decoded(self, token: re.Match[str]) -> Any:
        value = json.loads(token.group(), parse_int=integer)
        if isinstance(value, str) and _HALF.search(value):
            raise Unreadable(Problem("LRS101", self._span(token, token), "half of a surrogate pair, which is no text"))
        return value

    def _count(self, token: re.Match[str]) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise too_many(self._span(token, token))

    def _span(self, first: re.Match[str], last: re.Match[str]) -> Span:
        return self._text.span(first.start(), last.end())
