"""Turns the bytes of a spec into a `Document`: its values, and the span of each in the text."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from lrspec.diagnostics.source import Path, Span, Text
from lrspec.spec.limits import MAX_BYTES, MAX_PROBLEMS
from lrspec.spec.syntax.nodes import MappingNode, Node, Problem, SequenceNode, Unreadable, to_python
from lrspec.spec.syntax.yaml_reader import read_yaml

Format: TypeAlias = Literal["yaml", "json"]

_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True)
class Document:
    """A text and what was read from it: `root` is None if one of the `problems` stopped the reading."""

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
        """Return the place of the value at `path`, or of the nearest value around it that exists."""
        node, _ = self._nearest(path)
        return self.text.span(node.start, node.end)

    def key_span(self, path: Path) -> Span:
        """Return the place of the key that `path` ends in, or of the nearest value if there is no such key."""
        parent, rest = self._nearest(path[:-1])
        if rest or not isinstance(parent, MappingNode) or path[-1] not in parent.entries:
            return self.span(path)
        key = parent.entries[str(path[-1])].key
        return self.text.span(key.start, key.end)

    def is_incomplete(self, path: Path) -> bool:
        """Return whether there is a mapping at `path` with an entry that could not be read."""
        node, rest = self._nearest(path)
        return not rest and isinstance(node, MappingNode) and not node.complete

    def _nearest(self, path: Path) -> tuple[Node, Path]:
        """Return the last node that exists along `path`, and the rest of the path from there."""
        assert self.root is not None
        node = self.root
        for depth, step in enumerate(path):
            if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            elif isinstance(node, MappingNode) and step in node.entries:
                node = node.entries[str(step)].value
            else:
                return node, path[depth:]
        return node, ()


def format_of(path: str) -> Format:
    """Return the format of a file by its extension: `.json` is JSON, anything else is YAML."""
    return "json" if path.lower().endswith(".json") else "yaml"


def parse(data: bytes, path: str, format: Format) -> Document:
    """Read a document; `path` is its name in reports. Problems are in the result, nothing is raised."""
    text, root = Text(""), None
    problems: list[Problem] = []
    stop: tuple[Problem, ...] = ()
    try:
        if len(data) > MAX_BYTES:
            raise Unreadable(text.span(0, 0), f"file too large: a spec may have at most {MAX_BYTES:,} bytes")
        content = data.removeprefix(codecs.BOM_UTF8)
        text = Text(content.decode(errors="replace"))
        try:
            content.decode()
        except UnicodeDecodeError as error:
            start = len(content[: error.start].decode())
            encoding = next((name for mark, name in _OTHER_ENCODINGS if data.startswith(mark)), None)
            problem = f"the file is in {encoding}" if encoding else f"unexpected byte 0x{content[error.start]:02x}"
            raise Unreadable(text.span(start, start + 1), f"not UTF-8: {problem}\nSave the file as UTF-8.") from None
        if format == "json":
            from lrspec.spec.syntax.json_reader import read_json  # here, since most specs are YAML

            root = read_json(text, problems)
        else:
            root = read_yaml(text, problems)
    except Unreadable as unreadable:
        stop = (unreadable.problem,)
    digest = hashlib.sha256(data).hexdigest()
    return Document(path, format, text, digest, root, (*problems[:MAX_PROBLEMS], *stop))
