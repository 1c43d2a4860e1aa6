"""Writes into a spec what was surely meant, where that cannot change what is selected; all else stays as it is."""

from __future__ import annotations

import codecs
from pathlib import Path

from lrspec.diagnostics.diagnostic import Suggestion
from lrspec.diagnostics.source import Text
from lrspec.files import write_file
from lrspec.spec.load import Reading, read, read_bytes
from lrspec.spec.syntax.document import format_of

_ROUNDS, _MOST_READ = 100, 10 * 2**20
"""How often a spec is read again, since YAML that cannot be read shows its first mistake only; and bytes in all."""


def fix_file(path: str) -> int:
    """Write the safe suggestions of a spec into its file, and return how many; the file is whole at every moment.

    Raises:
        OSError: where it cannot be read or written.
    """
    fixed, count = fix(read_bytes(path), path)
    if count:
        write_file(Path(path), fixed)
    return count


def fix(data: bytes, path: str) -> tuple[bytes, int]:
    """The bytes of a spec with its safe suggestions written, and how many these were."""
    count = 0
    for _ in range(min(_ROUNDS, 1 + _MOST_READ // (len(data) + 1))):
        reading = read(data, path, format_of(path))
        safe = _safe(reading)
        if not safe:
            break
        data = _prefix(data) + _written(reading.document.text, safe).encode()
        count += len(safe)
    return data, count


def _safe(reading: Reading) -> list[Suggestion]:
    found = (diagnostic.suggestion for diagnostic in reading.diagnostics)
    return sorted({each for each in found if each and each.safe}, key=lambda each: each.span)


def _written(text: Text, suggestions: list[Suggestion]) -> str:
    pieces, done = [], 0
    for each in suggestions:
        pieces += [text.content[done : text.index(each.span.start)], each.replacement]
        done = text.index(each.span.end)
    return "".join([*pieces, text.content[done:]])


def _prefix(data: bytes) -> bytes:
    """The byte-order mark, where there is one."""
    return codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
