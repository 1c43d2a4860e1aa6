"""The file of a lock: one line a parameter, and the same bytes on every run.

There is a blank line between any two, so that git merges branches that change different rules and parameters: it takes
changes of adjacent lines for a conflict.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lrspec.files import is_file, leads_inside, read_at_most
from lrspec.models.inventory_file import MOST_BYTES
from lrspec.models.parameters import Classes
from lrspec.review.lock.lines import write
from lrspec.review.lock.lock import Lock, LockedModel
from lrspec.review.lock.reader import HEAD, LockError, parse
from lrspec.review.snapshot import GIVEN, Entry
from lrspec.spec.file_names import unreadable

_NOTE = "# Written by `lrspec lock`. `lrspec check --locked` compares it with what compiles now."
_TRAINED = "trained"


def text_of(lock: Lock) -> str:
    """Return the text of a lock."""
    blocks: list[list[str]] = [[write(HEAD, {}), _NOTE]]
    blocks += [[write(["optimizer", name], values)] for name, values in lock.optimizers.items()]
    blocks += [[write(["schedule", name], {"segments": values})] for name, values in lock.schedules.items()]
    blocks += [[write(["rule", name], {"sha256": sha256})] for name, sha256 in lock.rules.items()]
    for model in lock.models:
        blocks += _model(model)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _model(model: LockedModel) -> Iterator[list[str]]:
    snapshot = model.snapshot
    names = _class_names(snapshot.entries)
    known = any(entry.parameter.declared is not None for entry in snapshot.entries)
    values = {"args": dict(model.args), "fingerprint": model.fingerprint, "declarations": known}
    yield [write(["model", model.source], values)]
    if (snapshot.source, dict(snapshot.args)) != (model.source, dict(model.args)):
        yield [write(["inventory", snapshot.source], {"args": dict(snapshot.args)})]
    yield from ([write(["library", name], {"version": version})] for name, version in model.versions.items())
    yield from ([write(["class", name], {"names": list(classes)})] for classes, name in names.items() if classes)
    yield from ([f"  {write([entry.name], dict(_values(entry, names)))}"] for entry in snapshot.entries)


def _class_names(entries: Iterable[Entry]) -> dict[Classes, str]:
    """What each owner is called in the file: its class, with a number if there are several of that name."""
    names: dict[Classes, str] = {(): ""}
    for entry in entries:
        for owner in entry.parameter.owners:
            if owner not in names:
                same = sum(1 for other in names if other[:1] == owner[:1])
                names[owner] = owner[0] if not same else f"{owner[0]}-{same + 1}"
    return names


def _values(entry: Entry, names: Mapping[Classes, str]) -> Iterator[tuple[str, Any]]:
    """The values of a parameter's line, in order; what is usual or unknown is omitted."""
    parameter, given = entry.parameter, entry.given
    if parameter.shape is not None:
        yield "shape", list(parameter.shape)
    yield from ((key, given[key]) for key in GIVEN if key in given and (key, given[key]) != ("status", _TRAINED))
    if entry.layer is not None:
        yield "layer", list(entry.layer)
    if entry.set_by:
        yield "set_by", dict(entry.set_by)
    if not parameter.requires_grad:
        yield "requires_grad", False
    if parameter.module:
        yield "module", names[parameter.module]
    if parameter.aliases:
        yield "aliases", list(parameter.aliases)
        yield "alias_modules", [names[owner] for owner in parameter.owners[1:]]
    if parameter.declared:
        yield "declared", list(parameter.declared)


def read(path: str) -> bytes | None:
    """Return the bytes of a lock; None if there is no such file, LockError if it cannot be read or is elsewhere.

    A stranger's lock may be a link to any file, or a pipe.
    """
    if not os.path.lexists(path):
        return None
    if not is_file(Path(path)):
        raise LockError(f"{path}: not a regular file")
    if not leads_inside(Path(path), Path(path).parent):
        raise LockError(f"{path}: a link that leads out of its folder")
    try:
        with Path(path).open("rb") as file:
            data = read_at_most(file, MOST_BYTES + 1)
    except OSError as failure:
        raise LockError(f"{path}: {unreadable(path, failure)}") from None
    if len(data) > MOST_BYTES:
        raise LockError(f"{path}: more than {MOST_BYTES:,} bytes")
    return data


def load(path: str) -> Lock | None:
    """Read a lock; None if there is no such file, LockError if it cannot be read or is something else."""
    data = read(path)
    try:
        return None if data is None else parse(data.decode(), path)
    except UnicodeDecodeError:
        raise LockError(f"{path}: not UTF-8: expected a lock as `lrspec lock` writes it") from None
