"""Reads a spec from a file or a string: first the document, then the spec in it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.diagnostic import Diagnostic, ordered
from lrspec.diagnostics.errors import SpecError
from lrspec.diagnostics.escape import brief
from lrspec.diagnostics.source import Span
from lrspec.diagnostics.wording import count
from lrspec.spec.language import Spec
from lrspec.spec.limits import MAX_BYTES
from lrspec.spec.locate import locate
from lrspec.spec.override import overridden
from lrspec.spec.plain_values import document_of
from lrspec.spec.syntax.document import Document, Format, format_of, parse
from lrspec.spec.validation.validate import validate

StrPath: TypeAlias = str | os.PathLike[str]
SpecSource: TypeAlias = StrPath | Mapping[str, Any]
"""What a spec can be read from: the path of a file, or a mapping of plain values."""

ENOUGH = MAX_BYTES + 1
"""The most bytes of a file that are read: one more than a spec may have."""


@dataclass(frozen=True)
class SpecFile:
    """A spec and the document that it was read from."""

    spec: Spec
    document: Document
    overrides: tuple[tuple[str, Any], ...] = ()
    """The values that replaced those of the document, with their paths, such as `optimizer.lr`."""
    replaced: Spec | None = None
    """The spec as the document has it, if values of it were replaced."""

    def __repr__(self) -> str:
        return brief(f"<SpecFile: {count(len(self.spec.rules), 'rule')} of {self.path}>")

    @property
    def path(self) -> str:
        """The name of the spec in reports."""
        return self.document.path

    @property
    def text(self) -> str:
        """The text that it was read from."""
        return self.document.text.content

    def override(self, values: Mapping[str, Any]) -> SpecFile:
        """Return the spec with other values at some paths, as for a sweep: `{"rules.head.lr_mult": 5}`.

        A path is made of keys joined by dots, with the name of a rule as its key. Plans of the result record what was
        replaced.

        Raises:
            OverrideError: if a path does not exist, or a value is not allowed there.
        """
        document, spec = overridden(self.document, self.spec, values)
        overrides = tuple({**dict(self.overrides), **values}.items())
        return SpecFile(spec, document, overrides, self.written)

    @property
    def written(self) -> Spec:
        """The spec as the document has it, without overrides."""
        return self.replaced or self.spec

    def model_span(self, index: int) -> Span:
        """Return the place of the model at `index` of `spec.sources`."""
        listed = isinstance(self.spec.models, tuple)
        return self.document.span(("models", index) if listed else ("models",))


@dataclass(frozen=True)
class Reading:
    """The result of reading a spec: `spec` is None if the diagnostics have an error."""

    document: Document
    spec: Spec | None
    diagnostics: tuple[Diagnostic, ...]

    def file(self) -> SpecFile:
        """Return the spec with its document; SpecError if it has errors."""
        if self.spec is None:
            raise SpecError(self.diagnostics, self.document.text)
        return SpecFile(self.spec, self.document)


def load(path: SpecSource) -> SpecFile:
    """Read a spec from a file: JSON if it ends in `.json`, YAML otherwise. Or from a mapping of plain values.

    A mapping, OmegaConf's too, is read as the JSON text that it would be written as, with an indent of 2: the places of
    findings are in that text, and their messages begin with the path to the value.

    Raises:
        SpecError: if it is not a valid spec; its `diagnostics` have everything that is wrong.
        OSError: if the file cannot be read.
        TypeError: if a mapping has other values than mappings, lists, tuples, text, numbers, booleans and None.
    """
    if isinstance(path, Mapping):
        return _reading(document_of(path)).file()
    return read_file(path).file()


def loads(text: str, format: Format = "yaml", *, path: str = "<text>") -> SpecFile:
    """Read a spec from a string; `path` is its name in reports.

    Raises:
        SpecError: if it is not a valid spec; its `diagnostics` have everything that is wrong.
        ValueError: if the format is neither.
    """
    if format not in ("yaml", "json"):
        raise ValueError(f"format: expected 'yaml' or 'json', found {format!r}")
    return read(text.encode(errors="surrogatepass"), path, format).file()


def read_file(path: StrPath) -> Reading:
    """Read a spec from a file as `load` does, but return its errors in the result; OSError if it cannot be read."""
    name = os.fspath(path)
    return read(read_bytes(name), name, format_of(name))


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file, at most `ENOUGH`.

    OSError if it cannot be read, or is a named pipe, which would block until somebody writes to it.
    """
    mode = Path(path).stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or path.startswith("/dev/")):  # below /dev/ it is open already
        raise OSError(errno.EINVAL, "not a regular file (`-` reads standard input)", path)
    with Path(path).open("rb") as file:
        return file.read(ENOUGH)


def read(data: bytes, path: str, format: Format) -> Reading:
    """Read a spec from the bytes of a file; its errors are in the result."""
    return _reading(parse(data, path, format))


def _reading(document: Document) -> Reading:
    path = document.path
    problems = [
        Diagnostic(problem.code, Severity.error, problem.message, path, problem.span, suggestion=problem.suggestion)
        for problem in document.problems
    ]
    if document.root is None:
        return Reading(document, None, ordered(problems))
    spec, findings = validate(document)
    diagnostics = ordered([*problems, *locate(findings, document, None)])
    assert spec is not None or diagnostics
    return Reading(document, None if diagnostics else spec, diagnostics)
