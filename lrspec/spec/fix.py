"""Applies safe suggestions to a spec: those that cannot change which parameters a rule selects."""

from __future__ import annotations

import codecs
from pathlib import Path

from lrspec.files import write_file
from lrspec.spec.load import read, read_bytes
from lrspec.spec.syntax.document import format_of

_MAX_ROUNDS, _MAX_BYTES_READ = 100, 10 * 2**20
"""Limits on reading a spec again and again: YAML that cannot be read shows only its first mistake."""


def fix_file(path: str) -> int:
    """Apply the safe suggestions of a spec to its file, atomically, and return their number; OSError if that fails."""
    fixed, count = fix(read_bytes(path), path)
    if count:
        write_file(Path(path), fixed)
    return count


def fix(data: bytes, path: str) -> tuple[bytes, int]:
    """Return the bytes of a spec with its safe suggestions applied, and the number of these."""
    count = 0
    for _ in range(min(_MAX_ROUNDS, 1 + _MAX_BYTES_READ // (len(data) + 1))):
        reading = read(data, path, format_of(path))
        suggestions = {diagnostic.suggestion for diagnostic in reading.diagnostics}
        safe = [suggestion for suggestion in suggestions if suggestion and suggestion.safe]
        if not safe:
            break
        text, pieces, end = reading.document.text, list[str](), 0
        for suggestion in sorted(safe, key=lambda suggestion: suggestion.span):
            pieces += [text.content[end : text.index(suggestion.span.start)], suggestion.replacement]
            end = text.index(suggestion.span.end)
        fixed = "".join([*pieces, text.content[end:]]).encode()
        data = codecs.BOM_UTF8 + fixed if data.startswith(codecs.BOM_UTF8) else fixed
        count += len(safe)
    return data, count
