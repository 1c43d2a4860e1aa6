"""Reads YAML 1.2 into nodes, from PyYAML's events.

Nodes are built here rather than by PyYAML, so that depth and size are limited before anything is built, plain scalars
follow YAML 1.2, aliases count as often as they are used, and every node knows its place.
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
    TOO_DEEP,
    TOO_MANY_NODES,
    TOO_MUCH_TEXT,
    Entry,
    MappingNode,
    Node,
    Problem,
    ScalarNode,
    SequenceNode,
    Unreadable,
    by_key,
)
from lrspec.spec.syntax.scalars import plain_scalar
from lrspec.spec.syntax.yaml_errors import Complaint, explain

_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+(?:#[^\n\r]*\s+)*)+")
_TAG = re.compile(r"![^\s,\]}]*")
_QUOTED = ("'", '"', "|", ">")
_TAG_DIRECTIVE = re.compile(r"^%TAG\b|(?<=\r)%TAG\b", re.MULTILINE)
_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE


def read_yaml(text: Text, problems: list[Problem]) -> Node:
    """Return the root of the one document in `text`; problems that do not stop the reading are added to `problems`.

    Unreadable if the text is not YAML, or exceeds a limit.
    """
    content = text.content
    if content.startswith("\ufeff"):  # the parser would skip it, and lose count of the characters
        raise Unreadable(text.span(0, 1), "a second byte-order mark\nRemove it.")
    if bad := _UNPRINTABLE.search(content):
        message = f"the character U+{ord(bad.group()):04X} is not allowed in YAML\nRemove it."
        raise Unreadable(text.span(bad.start(), bad.end()), message)
    if excess := next(islice(_TAG_DIRECTIVE.finditer(content), MAX_DIRECTIVES, None), None):
        message = f"more than {MAX_DIRECTIVES} `%TAG` lines: a spec has no tags\nRemove them."
        raise Unreadable(text.span(*excess.span()), message)
    try:
        return _Reader(text, problems).document()
    except yaml.MarkedYAMLError as error:
        index = error.problem_mark.index if error.problem_mark else 0
        context_index = error.context_mark.index if error.context_mark else index
        context = (error.context or "").strip()
        raise explain(Complaint(error.problem or "it cannot be read", index, context, context_index), text) from None


class _Anchored(NamedTuple):
    """A node that aliases can repeat, with its numbers of nodes, levels and characters, aliases expanded."""

    node: Node
    size: int
    height: int
    characters: int


class _Reader:
    """Reads a stream of events: each method takes the first event of what it reads, and consumes the rest."""

    def __init__(self, text: Text, problems: list[Problem]) -> None:
        self._text = text
        self._problems = problems
        # Characters that break lines in YAML 1.1 but not in 1.2 are replaced by unused ones while the parser runs.
        breaks = [ord(character) for character in "\x85\u2028\u2029" if character in text.content]
        unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text.content)
        stand_ins = dict(zip(breaks, unused, strict=False))
        self._originals = {ord(stand_in): original for original, stand_in in stand_ins.items()}
        content = text.content.translate(stand_ins) if stand_ins else text.content
        self._next: Callable[[], Any] = _Loader(content).get_event
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
            raise Unreadable(span, "a second document: a spec is one document\nMove it to its own file.")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if type(event) is yaml.AliasEvent:
            return self._alias(event, depth)
        if event.tag is not None:
            tag = _TAG.search(self._text.content, event.start_mark.index)
            assert tag is not None
            self._problem(tag.start(), tag.end(), "a tag: a spec has no tags\nRemove it.")
        if event.anchor is None:
            return self._content(event, depth)
        self._check_name(event, "&")
        self._anchors[event.anchor] = None
        nodes, characters, deepest = self._nodes, self._characters, self._deepest
        self._deepest = depth
        node = self._content(event, depth)
        self._anchors[event.anchor] = _Anchored(
            node, self._nodes - nodes, self._deepest - depth, self._characters - characters
        )
        self._deepest = max(deepest, self._deepest)
        return node

    def _content(self, event: Any, depth: int) -> Node:
        self._count(event, 1)
        begin, end = self._begin(event), event.end_mark.index
        if type(event) is yaml.ScalarEvent:
            word = event.value.translate(self._originals) if self._originals else event.value
            value = word if event.style in _QUOTED else plain_scalar(word)
            self._characters += len(word)
            return ScalarNode(min(begin, end), end, value, word)
        if depth == MAX_DEPTH:
            raise Unreadable(self._span(event), TOO_DEEP)
        depth += 1
        self._deepest = max(self._deepest, depth)
        if type(event) is yaml.MappingStartEvent:
            return self._mapping(event, begin, depth)
        items: list[Node] = []
        while type(next_event := self._next()) is not yaml.SequenceEndEvent:
            items.append(self._node(next_event, depth))
        return SequenceNode(begin, _end(event, next_event, items[-1] if items else None), tuple(items))

    def _mapping(self, start: Any, begin: int, depth: int) -> MappingNode:
        entries: list[Entry] = []
        complete = True
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key, value = self._node(event, depth), self._node(self._next(), depth)
            if not isinstance(key, ScalarNode):  # `1` and `true` are words, too
                message = "a list or a mapping as a key: keys are words\nPut a regex in single quotes."
            elif key.word == "<<":
                message = "a merge key: a spec has no merge keys\nWrite out the settings."
            else:
                entries.append(Entry(key, value))
                continue
            self._problem(key.start, key.end, message)
            complete = False
        end = _end(start, event, entries[-1].value if entries else None)
        return MappingNode(begin, end, by_key(entries, self._text, self._problems), complete)

    def _alias(self, event: Any, depth: int) -> Node:
        self._check_name(event, "*")
        name = printable(event.anchor)
        if event.anchor not in self._anchors:
            advice = "If this is a regex, put it in single quotes."
            message = f"`*{name}` refers to an anchor that is not defined before it\n{advice}"
            raise Unreadable(self._span(event), message)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise Unreadable(self._span(event), f"`*{name}` contains itself")
        self._count(event, anchored.size)
        self._characters += anchored.characters
        if self._characters > MAX_EXPANDED:
            raise Unreadable(self._span(event), TOO_MUCH_TEXT)
        if depth + anchored.height > MAX_DEPTH:
            raise Unreadable(self._span(event), TOO_DEEP)
        self._deepest = max(self._deepest, depth + anchored.height)
        return anchored.node._replace(start=event.start_mark.index, end=event.end_mark.index)

    def _check_name(self, event: Any, sign: str) -> None:
        """Refuse a name with a `:` or a `?`: the parser ends the name there, and takes the rest for a value."""
        content = self._text.content
        end = content.index(sign + event.anchor, event.start_mark.index) + 1 + len(event.anchor)
        is_key = sign == "*" and not content[end + 1 : end + 2].strip()
        if content[end : end + 1] in (":", "?") and not is_key:
            message = (
                f"the name of an anchor cannot contain `{content[end]}`, only letters, digits, `_` and `-`\n"
                "If this is a regex, put it in single quotes."
            )
            raise Unreadable(self._text.span(end - 1 - len(event.anchor), end + 1), message)

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise Unreadable(self._span(event), TOO_MANY_NODES)

    def _problem(self, start: int, end: int, message: str) -> None:
        self._problems.append(Problem("LRS101", self._text.span(start, end), message))

    def _span(self, event: Any) -> Span:
        end = event.end_mark.index
        return self._text.span(min(self._begin(event), end), end)

    def _begin(self, event: Any) -> int:
        """Return the index where the value of an event begins, after its anchor and its tag."""
        start: int = event.start_mark.index
        if event.anchor is None and event.tag is None:
            return start
        properties = _PROPERTIES.match(self._text.content, start)
        return properties.end() if properties else start


def _end(start: Any, end: Any, last: Node | None) -> int:
    """Return where a collection ends: after its closing bracket, or where its last value does."""
    return last.end if last and not start.flow_style else end.end_mark.index
