"""The nodes of a document: values with their places in the text, and the limits on them.

A spec has thousands of nodes, but few are ever reported. So nodes are tuples, and their places are 0-based indices into
the text, with `end` exclusive; `Text.span` turns these into lines and columns.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from lrspec.diagnostics.diagnostic import Suggestion
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Span, Text
from lrspec.spec.limits import MAX_DEPTH, MAX_EXPANDED, MAX_KEY, MAX_NODES
from lrspec.spec.syntax.scalars import BOOLEANS_ONCE, Scalar

TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
TOO_MANY_NODES = f"more than {MAX_NODES:,} values, keys and lists (with aliases expanded)"
TOO_MUCH_TEXT = f"more than {MAX_EXPANDED:,} characters (with aliases expanded)"


class ScalarNode(NamedTuple):
    """A number, a boolean, null, or a string; `word` is its text in any case."""

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
    """A key of a mapping and its value."""

    key: ScalarNode
    value: Node


class MappingNode(NamedTuple):
    """A mapping, with its entries by the words of their keys; not `complete` if an entry could not be read."""

    start: int
    end: int
    entries: dict[str, Entry]
    complete: bool = True


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


class Problem(NamedTuple):
    """Something wrong with a text as a document, with a suggestion if one answer is likely."""

    code: str
    span: Span
    message: str
    suggestion: Suggestion | None = None


class Unreadable(Exception):  # noqa: N818  (not an error of ours: how a reader stops)
    """Stops the reading of a text, for a problem of syntax (LRS101)."""

    def __init__(self, span: Span, message: str, suggestion: Suggestion | None = None) -> None:
        super().__init__(message)
        self.problem = Problem("LRS101", span, message, suggestion)


def to_python(node: Node) -> Any:
    """Return the value of a node without its places: dicts, lists and scalars."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [to_python(item) for item in node.items]
    return {key: to_python(entry.value) for key, entry in node.entries.items()}


def no_boolean(node: Node) -> str | None:
    """Return the first unquoted word that is a boolean in YAML 1.1 and a string in YAML 1.2, or None."""
    if isinstance(node, ScalarNode):
        bare = isinstance(node.value, str) and node.end - node.start == len(node.word)
        return node.word if bare and node.word in BOOLEANS_ONCE else None
    values = node.items if isinstance(node, SequenceNode) else [entry.value for entry in node.entries.values()]
    return next(filter(None, map(no_boolean, values)), None)


def by_key(entries: list[Entry], text: Text, problems: list[Problem]) -> dict[str, Entry]:
    """Return the entries of a mapping by their keys.

    A repeated key is a problem, and its first value counts. A key that is too long is one, too, and is dropped.
    """
    known: dict[str, Entry] = {}
    for entry in entries:
        key, word = entry.key, entry.key.word
        if len(word) > MAX_KEY:
            message = f"a key longer than {MAX_KEY} characters"
            problems.append(Problem("LRS101", text.span(key.start, key.end), message))
        elif known.setdefault(word, entry) is not entry:
            line = text.position(known[word].key.start).line
            message = f"the key `{printable(word)}` is already given on line {line}\nKeep one of the two."
            problems.append(Problem("LRS102", text.span(key.start, key.end), message))
    return known
