"""A cache in a folder of the user: texts that are kept between runs, each under a key.

A command works whatever is wrong with the folder or a file in it: what cannot be read is made again, and what cannot
be written is not kept. A file holds its key and a checksum, and is read only if both are right.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from lrspec.files import replace_file

_FORMAT = b"lrspec-cache 1 "  # begins each file, before the checksum of everything after the first line
_NAME = re.compile(r"[0-9a-f]{64}\.cache(\.\w+)?")  # the latter while it is written
_MOST_BYTES = 200_000_000  # of all files together


def folder() -> Path | None:
    """Return the folder of the cache: LRSPEC_CACHE_DIR, or the user's cache folder; None for a user without a home."""
    if name := os.environ.get("LRSPEC_CACHE_DIR"):
        return Path(name)
    from platformdirs import user_cache_dir  # here, since most commands need no cache

    try:
        path = Path(user_cache_dir("lrspec", appauthor=False))
    except RuntimeError:
        return None
    return path if path.is_absolute() else None  # older versions leave a `~` that stands for nothing


def read(key: str) -> str | None:
    """Return the text under a key of one line; None if there is none, or if the file is not as it was written."""
    try:
        path = _path(key)
        if path is None:
            return None
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return None
        if hasattr(os, "geteuid") and status.st_uid not in (0, os.geteuid()):
            return None  # in a shared folder others may write, too
        head, _, rest = path.read_bytes().partition(b"\n")
        stored, _, text = rest.partition(b"\n")
        return text.decode() if head == _head(rest) and stored == key.encode() else None
    except (OSError, ValueError):
        return None


def write(key: str, text: str) -> None:
    """Keep a text under a key of one line, in place of an earlier one; remove the oldest files if all are too large."""
    rest = f"{key}\n{text}".encode()
    try:
        path = _path(key)
        if path is None:
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, _head(rest) + b"\n" + rest, prefix=f"{path.name}.", private=True)
        left = _MOST_BYTES
        for file, status in sorted(_files(path.parent), key=lambda item: item[1].st_mtime_ns, reverse=True):
            left -= status.st_size
            if left < 0:
                file.unlink(missing_ok=True)
    except (OSError, ValueError):
        return


def clear() -> tuple[int, int]:
    """Remove everything that is kept, and return the number of files and of bytes; OSError if one cannot be removed."""
    place = folder()
    files = list(_files(place)) if place and place.is_dir() else []
    for path, _ in files:
        path.unlink(missing_ok=True)
    return len(files), sum(status.st_size for _, status in files)


def _path(key: str) -> Path | None:
    place = folder()
    return place and place / f"{hashlib.sha256(key.encode()).hexdigest()}.cache"


def _head(rest: bytes) -> bytes:
    return _FORMAT + hashlib.sha256(rest).hexdigest().encode()


def _files(place: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files of the cache, and no others in the folder."""
    for path in place.iterdir():
        try:
            status = path.lstat()
        except FileNotFoundError:  # another process has removed it
            continue
        if _NAME.fullmatch(path.name) and stat.S_ISREG(status.st_mode):
            yield path, status
