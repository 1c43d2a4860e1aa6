"""Reads a spec from a file or a text: a document first, then the spec that it holds."""

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
from lrspec.diagnostics.source import Span
from lrspec.spec.language import Spec
from lrspec.spec.limits import MAX_BYTES
from lrspec.spec.locate import locate
from lrspec.spec.override import overridden
from lrspec.spec.syntax.document import Document, Format, format_of, parse
from lrspec.spec.validation.validate import validate

StrPath: TypeAlias = str | os.PathLike[str]

ENOUGH = MAX_BYTES + 1
"""As many bytes of a file as need be read: one more than a spec may have."""


@dataclass(frozen=True)
class SpecFile:
    """A spec, with the document that it was read from."""

    spec: Spec
    document: Document
    overrides: tuple[tuple[str, Any], ...] = ()
    """What was set in place of what the document says: paths such as `optimizer.lr`, with values."""

    @property
    def path(self) -> str:
        """What reports call it."""
        return self.document.path

    def override(self, values: Mapping[str, Any]) -> SpecFile:
        """The spec with other values at some paths, as for a sweep: `{"rules.head.lr_mult": 5}`.

        A path is made of keys with dots between, a rule going by its name. Plans of such a spec say what was replaced.

        Raises:
            OverrideError: for a path that does not exist, or a value that may not stand there.
        """
        document, spec = overridden(self.document, self.spec, values)
        return SpecFile(spec, document, tuple({**dict(self.overrides), **values}.items()))

    def model_span(self, index: int) -> Span:
        """Where it names the model of that place in `spec.sources`."""
        listed = isinstance(self.spec.models, tuple)
        return self.document.span(("models", index) if listed else ("models",))


@dataclass(frozen=True)
class Reading:
    """What came of reading a spec: `spec` is None where the diagnostics have an error."""

    document: Document
    spec: Spec | None
    diagnostics: tuple[Diagnostic, ...]

    def file(self) -> SpecFile:
        """The spec with its document.

        Raises:
            SpecError: where it has errors.
        """
        if self.spec is None:
            raise SpecError(self.diagnostics, self.document.text)
        return SpecFile(self.spec, self.document)


def load(path: StrPath) -> SpecFile:
    """Read a spec from a file: JSON if it ends in `.json`, YAML otherwise.

    Raises:
        SpecError: where it is not a spec; everything that is wrong is in its `diagnostics`.
        OSError: where the file cannot be read.
    """
    return read_file(path).file()


def loads(text: str, format: Format = "yaml", *, path: str = "<text>") -> SpecFile:
    """Read a spec from a text; `path` is what reports call it.

    Raises:
        SpecError: where it is not a spec; everything that is wrong is in its `diagnostics`.
        ValueError: for another format.
    """
    if format not in ("yaml", "json"):
        raise ValueError(f"format: expected 'yaml' or 'json', found {format!r}")
    return read(text.encode(errors="surrogatepass"), path, format).file()


def read_file(path: StrPath) -> Reading:
    """Read a spec from a file, as `load` does; what is wrong is in the result.

    Raises:
        OSError: where the file cannot be read.
    """
    name = os.fspath(path)
    return read(read_bytes(name), name, format_of(name))


def read_bytes(path: str) -> bytes:
    """The bytes of a file, or as many of them as need be read.

    Raises:
        OSError: where it cannot be read, or is a named pipe.
    """
    _refuse_pipe(path)
    with Path(path).open("rb") as file:
        return file.read(ENOUGH)


def _refuse_pipe(name: str) -> None:
    """A named pipe would block until somebody writes to it; what is below /dev/ is open already."""
    mode = Path(name).stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or name.startswith("/dev/")):
        raise OSError(errno.EINVAL, "not a regular file (`-` reads standard input)", name)


def read(data: bytes, path: str, format: Format) -> Reading:
    """Read a spec from the bytes of a file; what is wrong is in the result."""
    document = parse(data, path, format)
    problems = [
        Diagnostic(p.code, Severity.error, p.message, path, p.span, suggestion=p.suggestion) for p in document.problems
    ]
    if document.root is None:
        return Reading(document, None, ordered(problems))
    spec, findings = validate(document)
    diagnostics = ordered([*problems, *locate(findings, document, None)])
    assert spec is not None or diagnostics
    return Reading(document, None if diagnostics else spec, diagnostics)
