"""YAML 1.2 text to nodes, by way of PyYAML's events.

Nodes are built here and not by PyYAML, so that depth and size are bounded before anything is built, plain scalars
follow YAML 1.2, aliases are counted as often as they are used, and every node knows its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

import yaml

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
from lrspec.scalars import plain_scalar
from lrspec.source import Span, Text, printable
from lrspec.yaml_errors import Complaint, problem_of

_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+(?:#[^\n\r]*\s+)*)+")
_TAG = re.compile(r"![^\s,\]}]*")
_QUOTED = ("'", '"', "|", ">")
_TAG_DIRECTIVE = re.compile(r"^%TAG\b|(?<=\r)%TAG\b", re.MULTILINE)
_MOST_DIRECTIVES = 100  # the parser compares each with all before it
_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE


def read_yaml(text: Text, problems: list[Problem]) -> Node:
    """The root of the one document in `text`; adds to `problems` what does not stop the reading.

    Raises:
        Unreadable: where the text is not YAML, or a limit is exceeded.
    """
    if bad := _UNPRINTABLE.search(text.content):
        message = f"the character U+{ord(bad.group()):04X} cannot stand in YAML\nRemove it."
        raise Unreadable(Problem("LRS101", text.span(bad.start(), bad.end()), message))
    if too_many_directives := next(islice(_TAG_DIRECTIVE.finditer(text.content), _MOST_DIRECTIVES, None), None):
        message = f"more than {_MOST_DIRECTIVES} `%TAG` lines: a spec has no tags\nRemove them."
        raise Unreadable(Problem("LRS101", text.span(*too_many_directives.span()), message))
    try:
        return _Reader(text, problems).document()
    except yaml.MarkedYAMLError as error:
        raise Unreadable(problem_of(_complaint(error), text)) from None


class _Built(NamedTuple):
    """A node with the number of its nodes and of its levels, aliases expanded, and a scalar's text as it is written."""

    node: Node
    size: int
    height: int
    word: str


class _Reader:
    """Reads one stream of events; every method takes the event that it is about and consumes its own."""

    def __init__(self, text: Text, problems: list[Problem]) -> None:
        self._text = text
        self._problems = problems
        self._breaks = _stand_ins(text.content)
        self._events: Iterator[Any] = yaml.parse(text.content.translate(self._breaks), Loader=_Loader)
        self._anchors: dict[str, _Built | None] = {}
        self._nodes = 0

    def document(self) -> Node:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return ScalarNode(self._text.span(0, 0), None)
        root = self._built(next(self._events), 0)
        next(self._events)  # the end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise Unreadable(Problem("LRS101", self._span(event), "a second document: a spec is one document"))
        return root.node

    def _built(self, event: Any, depth: int) -> _Built:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if event.tag is not None:
            self._problems.append(Problem("LRS101", self._tag_span(event), "a tag: a spec has none\nRemove it."))
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        before = self._nodes
        self._count(event, 1)
        node, height = self._node(event, depth)
        word = self._word(event) if isinstance(event, yaml.ScalarEvent) else ""
        built = _Built(node, self._nodes - before, height, word)
        if event.anchor is not None:
            self._anchors[event.anchor] = built
        return built

    def _node(self, event: Any, depth: int) -> tuple[Node, int]:
        if isinstance(event, yaml.ScalarEvent):
            word = self._word(event)
            return ScalarNode(self._span(event), word if event.style in _QUOTED else plain_scalar(word)), 0
        if depth == MAX_DEPTH:
            raise too_deep(self._span(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth + 1)
        return self._mapping(event, depth + 1)

    def _word(self, event: Any) -> str:
        """The text of a scalar, with the characters in it for which others stand in."""
        text: str = event.value
        return text.translate({ord(stand_in): original for original, stand_in in self._breaks.items()})

    def _alias(self, event: Any, depth: int) -> _Built:
        if event.anchor not in self._anchors:
            message = (
                f"`*{printable(event.anchor)}` refers to an anchor that is not defined before it\n"
                "If this is a regex, put it in single quotes."
            )
            raise Unreadable(Problem("LRS101", self._span(event), message))
        built = self._anchors[event.anchor]
        if built is None:
            raise Unreadable(Problem("LRS101", self._span(event), f"`*{printable(event.anchor)}` contains itself"))
        self._count(event, built.size)
        if depth + built.height > MAX_DEPTH:
            raise too_deep(self._span(event))
        return built._replace(node=replace(built.node, span=self._span(event)))

    def _sequence(self, start: Any, depth: int) -> tuple[Node, int]:
        items: list[_Built] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._built(event, depth))
        last = items[-1].node.span if items else None
        node = SequenceNode(self._collection_span(start, event, last), tuple(item.node for item in items))
        return node, 1 + max((item.height for item in items), default=0)

    def _mapping(self, start: Any, depth: int) -> tuple[Node, int]:
        entries: list[Entry] = []
        height, complete = 0, True
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._built(event, depth)
            value = self._built(next(self._events), depth)
            height = max(height, key.height, value.height)
            if wrong := _wrong_key(key):
                self._problems.append(Problem("LRS101", key.node.span, wrong))
                complete = False
            else:
                entries.append(Entry(key.word, key.node.span, value.node))
        last = entries[-1].value.span if entries else None
        span = self._collection_span(start, event, last)
        return mapping(span, entries, self._problems, complete=complete), 1 + height

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

    def _collection_span(self, start: Any, end: Any, last: Span | None) -> Span:
        """A collection in brackets ends with them; one without ends where its last value does."""
        begin = self._text.position(self._begin(start))
        if start.flow_style or last is None:
            return Span(begin, self._text.position(end.end_mark.index))
        return Span(begin, last.end)

    def _begin(self, event: Any) -> int:
        """Where the value of an event begins, behind its anchor and its tag."""
        start: int = event.start_mark.index
        has_properties = getattr(event, "tag", None) or getattr(event, "anchor", None)
        found = _PROPERTIES.match(self._text.content, start) if has_properties else None
        return found.end() if found else start


def _wrong_key(key: _Built) -> str | None:
    """What is wrong with a key; keys are taken as they are written: `1` and `true` are words there, too."""
    if not isinstance(key.node, ScalarNode):
        return "a list or a mapping as a key: keys are words\nPut a regex in single quotes."
    return "a merge key: a spec has none\nWrite the settings out." if key.word == "<<" else None


def _stand_ins(content: str) -> dict[int, str]:
    """Characters that break lines in YAML 1.1 but not in 1.2, each with one that does not occur and stands in."""
    found = [ord(character) for character in "\x85\u2028\u2029" if character in content]
    unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in content)
    return dict(zip(found, unused, strict=False))


def _complaint(error: yaml.MarkedYAMLError) -> Complaint:
    at = error.problem_mark.index if error.problem_mark else 0
    context_at = error.context_mark.index if error.context_mark else at
    return Complaint(error.problem or "it cannot be read", at, (error.context or "").strip(), context_at)
