"""The nodes of a document: values with the place that each has in the text, and the limits they must keep.

A spec has thousands of nodes, and few are ever pointed at: so they are tuples, and their places are 0-based indices
into the text, `end` exclusive, of which `Text.span` makes lines and columns.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from lrspec.diagnostics.diagnostic import Suggestion
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Span, Text
from lrspec.spec.limits import MAX_DEPTH, MAX_EXPANDED, MAX_KEY, MAX_NODES
from lrspec.spec.syntax.scalars import BOOLEANS_ONCE, Scalar


class ScalarNode(NamedTuple):
    """A number, a boolean, null, or text; `word` is its text, whatever that means."""

    start: int
    end: int
    value: Scalar
    word: str


class SequenceNode(NamedTuple):
    """A list."""

    start: int
    end: int
    items: tuple[Node, ...]


class Entry(NamedTuple):
    """One key of a mapping, with its value."""

    key: ScalarNode
    value: Node


class MappingNode(NamedTuple):
    """A mapping, by the words of its keys. It is not `complete` where an entry of its own could not be read."""

    start: int
    end: int
    entries: dict[str, Entry]
    complete: bool = True


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


class Problem(NamedTuple):
    """Something that is wrong with a text as a document, and what to write instead where one answer is likely."""

    code: str
    span: Span
    message: str
    suggestion: Suggestion | None = None


class Unreadable(Exception):  # noqa: N818  (not an error of ours: the reader's way to stop)
    """The text cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def to_python(node: Node) -> Any:
    """The value of a node without its places: dicts, lists and scalars."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [to_python(item) for item in node.items]
    return {key: to_python(entry.value) for key, entry in node.entries.items()}


def no_boolean(node: Node) -> str | None:
    """The first of the words that YAML 1.1 takes for booleans and YAML 1.2 for text, where it has no quotes."""
    if isinstance(node, ScalarNode):
        bare = isinstance(node.value, str) and node.end - node.start == len(node.word)
        return node.word if bare and node.word in BOOLEANS_ONCE else None
    inner = node.items if isinstance(node, SequenceNode) else [entry.value for entry in node.entries.values()]
    return next(filter(None, map(no_boolean, inner)), None)


def by_key(entries: list[Entry], text: Text, problems: list[Problem]) -> dict[str, Entry]:
    """The entries of a mapping by their keys; a key that comes again is a problem, and its first value holds.

    A key that is too long is a problem, too, and its entry is left out.
    """
    first: dict[str, Entry] = {}
    for entry in entries:
        if len(entry.key.word) > MAX_KEY:
            problems.append(_too_long(entry.key, text))
        elif first.setdefault(entry.key.word, entry) is not entry:
            problems.append(_given_again(entry.key, first[entry.key.word].key, text))
    return first


def _too_long(key: ScalarNode, text: Text) -> Problem:
    message = f"a key of more than {MAX_KEY} characters, which a spec does not have"
    return Problem("LRS101", text.span(key.start, key.end), message)


def _given_again(key: ScalarNode, first: ScalarNode, text: Text) -> Problem:
    line = text.position(first.start).line
    message = f"the key `{printable(key.word)}` is already given on line {line}\nKeep one of the two."
    return Problem("LRS102", text.span(key.start, key.end), message)


def too_deep(span: Span) -> Unreadable:
    """The problem of a document that nests deeper than a spec ever does."""
    return Unreadable(Problem("LRS101", span, f"nested deeper than {MAX_DEPTH} levels, which no spec needs"))


def too_much_text(span: Span) -> Unreadable:
    """The problem of a document that aliases make longer than a spec ever is."""
    message = f"more than {MAX_EXPANDED:,} characters (what aliases repeat counted as often as they do)"
    return Unreadable(Problem("LRS101", span, message))


def too_many(span: Span) -> Unreadable:
    """The problem of a document with more nodes than a spec ever has."""
    message = f"more than {MAX_NODES:,} values, keys and lists (aliases counted as often as they are used)"
    return Unreadable(Problem("LRS101", span, message))
