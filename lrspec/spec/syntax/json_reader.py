"""JSON text to nodes.

The standard library says whether the text is JSON and what its strings mean; the places come from one expression
that finds the tokens. (A YAML reader would refuse tabs, long keys and half of the escapes.)
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
    Entry,
    MappingNode,
    Node,
    Problem,
    ScalarNode,
    SequenceNode,
    Unreadable,
    by_key,
    too_deep,
    too_many,
)
from lrspec.spec.syntax.scalars import Scalar, integer

_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*+"?|[^\s{}\[\],:"]+', re.DOTALL)
"""A string that is never closed is a token, too: else the search would begin again at each quote in it."""

_MEANT_ESCAPE = re.compile(r'\\["\\/u]')
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
        return Problem("LRS101", text.span(start, start + 2), message, _backslashes_twice(text, start))
    comma = _trailing_comma(content, start)
    if comma is not None:
        message = "not JSON: a comma behind the last item\nRemove it."
        return Problem("LRS101", text.span(comma, comma + 1), message)
    advice = _ADVICE.get(here, "")
    if error.pos == len(content) - len(content.lstrip()):
        advice = advice or "\nA file that ends in `.json` is read as JSON."
    message = f"not JSON: {error.msg[0].lower()}{error.msg[1:]}{advice}"
    return Problem("LRS101", text.span(start, min(start + 1, len(content))), message)


def _trailing_comma(content: str, index: int) -> int | None:
    """Where a comma stands before a closing bracket: versions of Python complain of the one or of the other."""
    before = content[:index].rstrip()
    if content[index : index + 1] in ("]", "}") and before.endswith(","):
        return len(before) - 1
    trailing = content[index : index + 1] == "," and content[index + 1 :].lstrip()[:1] in ("]", "}")
    return index if trailing else None


def _backslashes_twice(text: Text, index: int) -> Suggestion | None:
    """The string around `index` with each backslash twice; none where some may be meant as escapes of JSON."""
    around = next((token for token in _TOKEN.finditer(text.content) if token.end() > index), None)
    string = around.group() if around else ""
    if around is None or "\n" in string or not string.endswith('"') or _MEANT_ESCAPE.search(string):
        return None
    return Suggestion(string.replace("\\", "\\\\"), text.span(around.start(), around.end()), safe=True)


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
        return self._scalar(token)

    def _array(self, start: re.Match[str]) -> Node:
        items: list[Node] = []
        while (token := next(self._tokens)).group() != "]":
            if token.group() != ",":
                items.append(self._value(token))
        return SequenceNode(start.start(), token.end(), tuple(items))

    def _object(self, start: re.Match[str]) -> Node:
        entries: list[Entry] = []
        while (token := next(self._tokens)).group() != "}":
            if token.group() != ",":
                entries.append(self._entry(token))
        return MappingNode(start.start(), token.end(), by_key(entries, self._text, self._problems))

    def _entry(self, key: re.Match[str]) -> Entry:
        self._count(key)
        next(self._tokens)  # the colon
        return Entry(self._scalar(key), self._value(next(self._tokens)))

    def _scalar(self, token: re.Match[str]) -> ScalarNode:
        value: Scalar = json.loads(token.group(), parse_int=integer)
        if isinstance(value, str) and _HALF.search(value):
            raise Unreadable(Problem("LRS101", self._span(token), "half of a surrogate pair, which is no text"))
        word = value if isinstance(value, str) else token.group()
        return ScalarNode(token.start(), token.end(), value, word)

    def _count(self, token: re.Match[str]) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise too_many(self._span(token))

    def _span(self, token: re.Match[str]) -> Span:
        return self._text.span(token.start(), token.end())
