"""Bytes of a spec to a `Document`: its values, and the span that each of them has in the text."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from lrspec.diagnostics.source import Path, Span, Text
from lrspec.spec.limits import MAX_BYTES, MAX_PROBLEMS
from lrspec.spec.syntax.json_reader import read_json
from lrspec.spec.syntax.nodes import Entry, MappingNode, Node, Problem, SequenceNode, Unreadable, to_python
from lrspec.spec.syntax.yaml_reader import read_yaml

Format: TypeAlias = Literal["yaml", "json"]


@dataclass(frozen=True)
class Document:
    """A text that has been read, or not: `root` is None where `problems` tell what stopped the reading."""

    path: str
    format: Format
    text: Text
    sha256: str
    root: Node | None
    problems: tuple[Problem, ...]

    @cached_property
    def value(self) -> Any:
        """The content as dicts, lists and scalars."""
        return to_python(self.root) if self.root else None

    def span(self, path: Path) -> Span:
        """The place of the value at `path`, or of the nearest value around it that exists."""
        return self._span(self._nearest(path)[0])

    def key_span(self, path: Path) -> Span:
        """The place of the key that `path` ends in, or of the nearest value where there is no such key."""
        parent, rest = self._nearest(path[:-1])
        entry = _entry(parent, path[-1]) if not rest else None
        return self._span(entry.key) if entry else self.span(path)

    def is_incomplete(self, path: Path) -> bool:
        """Whether there is a mapping at `path` of which some entry could not be read."""
        node, rest = self._nearest(path)
        return not rest and isinstance(node, MappingNode) and not node.complete

    def _span(self, node: Node) -> Span:
        return self.text.span(node.start, node.end)

    def _nearest(self, path: Path) -> tuple[Node, Path]:
        """The last node that exists on the way along `path`, and what is left of the way there."""
        assert self.root is not None
        node = self.root
        for done, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                return node, path[done:]
            node = child
        return node, ()


def format_of(path: str) -> Format:
    """The format that a file's ending says: `.json` is JSON, all else is YAML."""
    return "json" if path.lower().endswith(".json") else "yaml"


def parse(data: bytes, path: str, format: Format) -> Document:
    """Read a document; `path` is what reports call it. Problems are in the result, nothing is raised."""
    digest = hashlib.sha256(data).hexdigest()
    if len(data) > MAX_BYTES:
        problem = Problem("LRS101", Text("").span(0, 0), f"larger than {MAX_BYTES:,} bytes, which no spec is")
        return Document(path, format, Text(""), digest, None, (problem,))
    try:
        text = Text(data.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        return _not_utf8(data, error, path, format, digest)
    problems: list[Problem] = []
    try:
        root = (read_json if format == "json" else read_yaml)(text, problems)
    except Unreadable as stop:
        return Document(path, format, text, digest, None, (*problems[:MAX_PROBLEMS], stop.problem))
    return Document(path, format, text, digest, root, tuple(problems[:MAX_PROBLEMS]))


def _not_utf8(data: bytes, error: UnicodeDecodeError, path: str, format: Format, digest: str) -> Document:
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    good = data[start : start + error.start].decode()
    text = Text(good + data[start + error.start :].decode(errors="replace"))
    what = f"the byte 0x{error.object[error.start]:02x} does not belong here"
    if other := next((name for mark, name in _OTHER_ENCODINGS if data.startswith(mark)), None):
        what = f"the file is in {other}"
    message = f"not UTF-8: {what}\nSave the file as UTF-8."
    problem = Problem("LRS101", text.span(len(good), len(good) + 1), message)
    return Document(path, format, text, digest, None, (problem,))


_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, SequenceNode) and isinstance(step, int):
        return node.items[step] if step < len(node.items) else None
    entry = _entry(node, step)
    return entry.value if entry else None


def _entry(node: Node, step: str | int) -> Entry | None:
    return node.entries.get(step) if isinstance(node, MappingNode) and isinstance(step, str) else None
