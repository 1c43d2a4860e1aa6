"""Writes files so that they are whole or not there, and says in words what the system refuses."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TextIO


def system_reason(failure: OSError, otherwise: str) -> str:
    """Why the system has refused something, in its words; `otherwise` where it has none."""
    return (failure.strerror or otherwise).lower()


def hush(stream: TextIO) -> None:
    """Let a stream that cannot be written go nowhere, so that the last flush is silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_file(path: Path, content: bytes) -> None:
    """Write beside, then rename; into devices and pipes, which cannot be renamed over, directly."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".lrspec.")
    beside = Path(name)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  (a handle, not a path)
            file.write(content)
        _copy_mode(target, beside)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _copy_mode(target: Path, beside: Path) -> None:
    """The mode of the file that is replaced, or that of a new one."""
    if target.exists():
        shutil.copymode(target, beside)
        return
    umask = os.umask(0)
    os.umask(umask)
    beside.chmod(0o666 & ~umask)
