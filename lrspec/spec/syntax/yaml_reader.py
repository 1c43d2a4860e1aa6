"""YAML 1.2 text to nodes, by way of PyYAML's events.

Nodes are built here and not by PyYAML, so that depth and size are bounded before anything is built, plain scalars
follow YAML 1.2, aliases are counted as often as they are used, and every node knows its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import yaml

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Span, Text
from lrspec.spec.limits import MAX_DEPTH, MAX_DIRECTIVES, MAX_EXPANDED, MAX_NODES
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
    too_much_text,
)
from lrspec.spec.syntax.scalars import plain_scalar
from lrspec.spec.syntax.yaml_errors import Complaint, problem_of

_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+(?:#[^\n\r]*\s+)*)+")
_TAG = re.compile(r"![^\s,\]}]*")
_QUOTED = ("'", '"', "|", ">")
_SECOND = "a second document: a spec is one document\nPut it into a file of its own."
_WRONG_NAME = (
    "the name of an anchor ends before the `{character}`: it is made of letters, digits, `_` and `-`\n"
    "If this is a regex, put it in single quotes."
)
_TAG_DIRECTIVE = re.compile(r"^%TAG\b|(?<=\r)%TAG\b", re.MULTILINE)

_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE


def read_yaml(text: Text, problems: list[Problem]) -> Node:
    """The root of the one document in `text`; adds to `problems` what does not stop the reading.

    Raises:
        Unreadable: where the text is not YAML, or a limit is exceeded.
    """
    if text.content.startswith("\ufeff"):  # the parser would pass over it, and lose count of the characters
        raise Unreadable(Problem("LRS101", text.span(0, 1), "a second byte-order mark\nRemove it."))
    if bad := _UNPRINTABLE.search(text.content):
        message = f"the character U+{ord(bad.group()):04X} cannot stand in YAML\nRemove it."
        raise Unreadable(Problem("LRS101", text.span(bad.start(), bad.end()), message))
    if too_many_directives := next(islice(_TAG_DIRECTIVE.finditer(text.content), MAX_DIRECTIVES, None), None):
        message = f"more than {MAX_DIRECTIVES} `%TAG` lines: a spec has no tags\nRemove them."
        raise Unreadable(Problem("LRS101", text.span(*too_many_directives.span()), message))
    try:
        return _Reader(text, problems).document()
    except yaml.MarkedYAMLError as error:
        raise Unreadable(problem_of(_complaint(error), text)) from None


class _Anchored(NamedTuple):
    """A node that aliases can use, with the number of its nodes, levels and characters, aliases expanded."""

    node: Node
    size: int
    height: int
    characters: int


class _Reader:
    """Reads one stream of events; every method takes the event that it is about and consumes its own."""

    def __init__(self, text: Text, problems: list[Problem]) -> None:
        self._text = text
        self._problems = problems
        breaks = _stand_ins(text.content)
        self._originals = {ord(stand_in): original for original, stand_in in breaks.items()}
        self._next: Callable[[], Any] = _Loader(text.content.translate(breaks) if breaks else text.content).get_event
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._characters = 0
        self._deepest = 0

    def document(self) -> Node:
        self._next()  # the start of the stream
        if type(self._next()) is yaml.StreamEndEvent:
            return ScalarNode(0, 0, None, "")
        root = self._node(self._next(), 0)
        self._next()  # the end of the document
        event = self._next()
        if type(event) is not yaml.StreamEndEvent:
            span = self._text.span(event.start_mark.index, event.end_mark.index)
            raise Unreadable(Problem("LRS101", span, _SECOND))
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if type(event) is yaml.AliasEvent:
            return self._alias(event, depth)
        if event.tag is not None:
            self._problems.append(Problem("LRS101", self._tag_span(event), "a tag: a spec has none\nRemove it."))
        if event.anchor is not None:
            return self._anchored(event, depth)
        return self._unanchored(event, depth)

    def _anchored(self, event: Any, depth: int) -> Node:
        self._check_name(event, "&")
        self._anchors[event.anchor] = None
        before, deepest, characters = self._nodes, self._deepest, self._characters
        self._deepest = depth
        node = self._unanchored(event, depth)
        self._anchors[event.anchor] = _Anchored(
            node, self._nodes - before, self._deepest - depth, self._characters - characters
        )
        self._deepest = max(deepest, self._deepest)
        return node

    def _unanchored(self, event: Any, depth: int) -> Node:
        self._count(event, 1)
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if depth == MAX_DEPTH:
            raise too_deep(self._span(event))
        self._deepest = max(self._deepest, depth + 1)
        return self._sequence(event, depth + 1) if kind is yaml.SequenceStartEvent else self._mapping(event, depth + 1)

    def _scalar(self, event: Any) -> ScalarNode:
        word = event.value.translate(self._originals) if self._originals else event.value
        value = word if event.style in _QUOTED else plain_scalar(word)
        self._characters += len(word)
        end = event.end_mark.index
        return ScalarNode(min(self._begin(event), end), end, value, word)

    def _alias(self, event: Any, depth: int) -> Node:
        self._check_name(event, "*")
        if event.anchor not in self._anchors:
            message = (
                f"`*{printable(event.anchor)}` refers to an anchor that is not defined before it\n"
                "If this is a regex, put it in single quotes."
            )
            raise Unreadable(Problem("LRS101", self._span(event), message))
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise Unreadable(Problem("LRS101", self._span(event), f"`*{printable(event.anchor)}` contains itself"))
        self._count(event, anchored.size)
        self._characters += anchored.characters
        if self._characters > MAX_EXPANDED:
            raise too_much_text(self._span(event))
        if depth + anchored.height > MAX_DEPTH:
            raise too_deep(self._span(event))
        self._deepest = max(self._deepest, depth + anchored.height)
        return anchored.node._replace(start=event.start_mark.index, end=event.end_mark.index)

    def _check_name(self, event: Any, sign: str) -> None:
        """Refuse a name with a `:` or a `?` in it: the parser ends the name there, and takes the rest for a value."""
        content = self._text.content
        end = content.index(sign + event.anchor, event.start_mark.index) + 1 + len(event.anchor)
        is_key = sign == "*" and not content[end + 1 : end + 2].strip()
        if content[end : end + 1] in (":", "?") and not is_key:
            span = self._text.span(end - 1 - len(event.anchor), end + 1)
            raise Unreadable(Problem("LRS101", span, _WRONG_NAME.format(character=content[end])))

    def _sequence(self, start: Any, depth: int) -> SequenceNode:
        items: list[Node] = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            items.append(self._node(event, depth))
        end = _end(start, event, items[-1] if items else None)
        return SequenceNode(self._begin(start), end, tuple(items))

    def _mapping(self, start: Any, depth: int) -> MappingNode:
        entries: list[Entry] = []
        complete = True
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key, value = self._node(event, depth), self._node(self._next(), depth)
            if isinstance(key, ScalarNode) and key.word != "<<":
                entries.append(Entry(key, value))
            else:
                self._problems.append(Problem("LRS101", self._text.span(key.start, key.end), _wrong_key(key)))
                complete = False
        end = _end(start, event, entries[-1].value if entries else None)
        return MappingNode(self._begin(start), end, by_key(entries, self._text, self._problems), complete)

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise too_many(self._span(event))

    def _tag_span(self, event: Any) -> Span:
        found = _TAG.search(self._text.content, event.start_mark.index)
        assert found is not None
        return self._text.span(found.start(), found.end())

    def _span(self, event: Any) -> Span:
        end = event.end_mark.index
        return self._text.span(min(self._begin(event), end), end)

    def _begin(self, event: Any) -> int:
        """Where the value of an event begins, behind its anchor and its tag."""
        start: int = event.start_mark.index
        if event.anchor is None and event.tag is None:
            return start
        found = _PROPERTIES.match(self._text.content, start)
        return found.end() if found else start


def _end(start: Any, end: Any, last: Node | None) -> int:
    """Where a collection ends: one in brackets with them, one without where its last value does."""
    return last.end if last and not start.flow_style else end.end_mark.index


def _wrong_key(key: Node) -> str:
    """What is wrong with a key that is no word; `1` and `true` are words there, too."""
    if isinstance(key, ScalarNode):
        return "a merge key: a spec has none\nWrite the settings out."
    return "a list or a mapping as a key: keys are words\nPut a regex in single quotes."


def _stand_ins(content: str) -> dict[int, str]:
    """Characters that break lines in YAML 1.1 but not in 1.2, each with one that does not occur and stands in."""
    found = [ord(character) for character in "\x85\u2028\u2029" if character in content]
    unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in content)
    return dict(zip(found, unused, strict=False))


def _complaint(error: yaml.MarkedYAMLError) -> Complaint:
    at = error.problem_mark.index if error.problem_mark else 0
    context_at = error.context_mark.index if error.context_mark else at
    return Complaint(error.problem or "it cannot be read", at, (error.context or "").strip(), context_at)
