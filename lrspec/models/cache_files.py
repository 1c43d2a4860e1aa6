"""A folder of the user's that keeps results from one run to the next: texts, each under a key.

Whatever is wrong with the folder or with a file in it, a command does its work: what cannot be read is made anew, and
what cannot be written is not kept. A file holds its key and a checksum, and is read only where both are right.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from lrspec.files import BESIDE, replace_file

_FORMAT = b"lrspec-cache 1 "  # begins each file, before the checksum of all that follows the first line
_NAME = re.compile(rf"[0-9a-f]{{64}}\.cache|{BESIDE.pattern}")
_MOST_BYTES = 200_000_000  # of all files together


def folder() -> Path | None:
    """Where results are kept: LRSPEC_CACHE_DIR, or the user's folder for caches; None for a user without a home."""
    if named := os.environ.get("LRSPEC_CACHE_DIR"):
        return Path(named)
    from platformdirs import user_cache_dir  # here, since most that is run needs no cache

    try:
        path = Path(user_cache_dir("lrspec", appauthor=False))
    except RuntimeError:
        return None
    return path if path.is_absolute() else None  # older versions leave a `~` that nothing stands for


def read(key: str) -> str | None:
    """The text under a key of one line; None where there is none, or where the file is not as it was written."""
    try:
        path = _path(key)
        if path is None or not _is_trusted(path.stat()):
            return None
        head, _, rest = path.read_bytes().partition(b"\n")
        stored, _, text = rest.partition(b"\n")
        return text.decode() if head == _head(rest) and stored == key.encode() else None
    except (OSError, ValueError):
        return None


def write(key: str, text: str) -> None:
    """Keep a text under a key of one line; what was there before is whole until it is replaced."""
    rest = f"{key}\n{text}".encode()
    try:
        if path := _path(key):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(path, _head(rest) + b"\n" + rest, private=True)
            _prune(path.parent)
    except (OSError, ValueError):
        return


def clear() -> tuple[int, int]:
    """Remove all that is kept, and say how many files, and how many bytes, that were.

    Raises:
        OSError: where a file cannot be removed.
    """
    place = folder()
    found = list(_files(place)) if place and place.is_dir() else []
    for path, _ in found:
        path.unlink(missing_ok=True)
    return len(found), sum(status.st_size for _, status in found)


def _path(key: str) -> Path | None:
    place = folder()
    return place and place / f"{hashlib.sha256(key.encode()).hexdigest()}.cache"


def _head(rest: bytes) -> bytes:
    return _FORMAT + hashlib.sha256(rest).hexdigest().encode()


def _is_trusted(status: os.stat_result) -> bool:
    """Whether it is a file, not too large, of the user's own or of root's: in a shared folder others may write, too."""
    ours = not hasattr(os, "geteuid") or status.st_uid in (0, os.geteuid())
    return stat.S_ISREG(status.st_mode) and status.st_size <= _MOST_BYTES and ours


def _prune(place: Path) -> None:
    """Remove the oldest files, as many as are too many."""
    left = _MOST_BYTES
    for path, status in sorted(_files(place), key=lambda found: found[1].st_mtime_ns, reverse=True):
        left -= status.st_size
        if left < 0:
            path.unlink(missing_ok=True)


def _files(place: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files of the cache, and nothing else that may lie there."""
    for path in place.iterdir():
        try:
            status = path.lstat()
        except FileNotFoundError:  # another process has removed it
            continue
        if _NAME.fullmatch(path.name) and stat.S_ISREG(status.st_mode):
            yield path, status
