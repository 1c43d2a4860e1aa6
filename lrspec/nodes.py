"""The nodes of a document: values with the span that each has in the text, and the limits they must keep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from lrspec.scalars import Scalar
from lrspec.source import Span, printable

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_KEY = 200  # characters


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A number, a boolean, null, or text."""

    span: Span
    value: Scalar


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    span: Span
    items: tuple[Node, ...]


class Entry(NamedTuple):
    """One key of a mapping, with its value."""

    key: str
    key_span: Span
    value: Node


@dataclass(frozen=True)
class MappingNode:
    """A mapping; each key once. It is not `complete` where an entry of its own could not be read."""

    span: Span
    entries: tuple[Entry, ...]
    complete: bool = True

    @cached_property
    def by_key(self) -> dict[str, Entry]:
        """The entries by their keys."""
        return {entry.key: entry for entry in self.entries}


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


class Problem(NamedTuple):
    """Something that is wrong with a text as a document."""

    code: str
    span: Span
    message: str


class Unreadable(Exception):  # noqa: N818  (not an error of ours: the reader's way to stop)
    """The text cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def plain(node: Node) -> Any:
    """The value of a node without its places: dicts, lists and scalars."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    return {entry.key: plain(entry.value) for entry in node.entries}


def mapping(span: Span, entries: list[Entry], problems: list[Problem], *, complete: bool = True) -> MappingNode:
    """A mapping of `entries`; a key that comes again is a problem, and its first value holds, and so is a long one."""
    first: dict[str, Entry] = {}
    for entry in entries:
        if len(entry.key) > MAX_KEY:
            message = f"a key of more than {MAX_KEY} characters, which a spec does not have"
            problems.append(Problem("LRS101", entry.key_span, message))
            complete = False
        elif first.setdefault(entry.key, entry) is not entry:
            line = first[entry.key].key_span.start.line
            message = f"the key `{printable(entry.key)}` is already given on line {line}\nKeep one of the two."
            problems.append(Problem("LRS102", entry.key_span, message))
    return MappingNode(span, tuple(first.values()), complete)


def too_deep(span: Span) -> Unreadable:
    """The problem of a document that nests deeper than a spec ever does."""
    return Unreadable(Problem("LRS101", span, f"nested deeper than {MAX_DEPTH} levels, which no spec needs"))


def too_many(span: Span) -> Unreadable:
    """The problem of a document with more nodes than a spec ever has."""
    message = f"more than {MAX_NODES:,} values, keys and lists (aliases counted as often as they are used)"
    return Unreadable(Problem("LRS101", span, message))
