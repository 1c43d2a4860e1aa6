"""Writes files whole or not at all, reads them up to a limit, tests them, and words why the system refuses."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import BinaryIO, TextIO

from lrspec.interrupts import undoing

_PIECE = 2**20  # bytes


def system_reason(failure: OSError, otherwise: str) -> str:
    """Return the reason for which the system has refused something; `otherwise` if it gives none."""
    return (failure.strerror or otherwise).lower()


def hush(stream: TextIO) -> None:
    """Let a stream that cannot be written lead nowhere, so that the last flush is silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def read_at_most(file: BinaryIO, most: int) -> bytes:
    """Return what a file has, up to so many bytes; `file.read(most)` takes memory for all of these first."""
    content = bytearray()
    while piece := file.read(min(_PIECE, most - len(content))):
        content += piece
    return bytes(content)


def write_file(path: Path, content: bytes) -> None:
    """Write to where a path leads; devices and pipes directly, since they cannot be replaced (see `replace_file`)."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
    else:
        replace_file(target, content)


def replace_file(path: Path, content: bytes, *, prefix: str = ".lrspec.", private: bool = False) -> None:
    """Write beside the file, then rename: it is unchanged or has all of the content, whatever happens.

    A `private` file is for the user alone. Any other keeps its mode; a new one is for everybody that the umask admits.
    """
    import shutil  # here, since most commands write no file

    beside = path.with_name(f"{prefix}{os.urandom(8).hex()}")
    with undoing(partial(beside.unlink, missing_ok=True)):
        with open(beside, "xb", opener=partial(os.open, mode=0o600)) as file:
            file.write(content)
        if not private and path.exists():
            shutil.copymode(path, beside)
        elif not private:
            umask = os.umask(0)
            os.umask(umask)
            beside.chmod(0o666 & ~umask)
        beside.replace(path)


def leads_inside(path: Path, folder: Path) -> bool:
    """Return whether a path is below a folder, links followed; a path that cannot be opened is where its name says.

    A link may open and yet not resolve: the system follows it, but its path is too long to write out.
    """
    try:
        return path.resolve(strict=True).is_relative_to(folder.resolve())
    except FileNotFoundError:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a path that is too long, a NUL
        return not os.path.exists(path)  # noqa: PTH110  (Path.exists raises for these)


def is_file(path: Path) -> bool:
    """Return whether it is a regular file or a link to one; False if that cannot be read."""
    return os.path.isfile(path)  # noqa: PTH113  (Path.is_file raises where permission is lacking)


def is_folder(path: Path) -> bool:
    """Return whether it is a folder or a link to one; False if that cannot be read."""
    return os.path.isdir(path)  # noqa: PTH112  (as above)
