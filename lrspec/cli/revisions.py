"""Reads files as they are in a revision of git, as `REV:PATH` names them."""

from __future__ import annotations

import os
import posixpath
import subprocess
from pathlib import Path
from typing import NamedTuple

from lrspec.cli.options import CannotRun
from lrspec.diagnostics.escape import printable
from lrspec.files import is_file

_GIT = ("git", "-c", "core.fsmonitor=false")  # a repository's own settings may name a program for git to run


class RevisionFile(NamedTuple):
    """A file in a revision; `path` is relative to the top of the repository, and the index is the revision ``."""

    revision: str
    path: str

    @property
    def folder(self) -> str:
        """The folder of the file, as the path is."""
        return posixpath.dirname(self.path)

    def beside(self, name: str) -> RevisionFile | None:
        """Return the file of that name, relative to the folder; None if it is not in the repository."""
        path = posixpath.normpath(posixpath.join(self.folder, name))
        return None if path.startswith(("/", "..")) else RevisionFile(self.revision, path)

    def read(self, most: int) -> bytes | None:
        """Return the content of the file; None if the revision has no such file, CannotRun if it is too large."""
        name = f"{self.revision}:{self.path}"
        size = _git("cat-file", "-s", name)
        content = _git("cat-file", "blob", name) if size.returncode == 0 and int(size.stdout) <= most else None
        if size.returncode == 0 and content is None:
            raise CannotRun(f"{printable(name)}: larger than {most:,} bytes")
        return content.stdout if content and content.returncode == 0 else None

    def missing(self) -> str:
        """Return what to say if the revision has no such file: its path begins at the top, unless it begins with ./."""
        where = f"revision `{printable(self.revision)}`" if self.revision else "the index"
        words = f"{where} has no file `{printable(self.path)}`"
        here = f"{self.revision}:{posixpath.join(_asked('--show-prefix'), self.path)}"
        is_here = _git("cat-file", "-t", here).stdout == b"blob\n"
        return f"{words}: did you mean `{printable(self.revision)}:./{printable(self.path)}`?" if is_here else words


def revision_file(name: str) -> RevisionFile | None:
    """Return what `REV:PATH` names; None if it is the path of a file, or has no colon."""
    revision, colon, path = name.partition(":")
    if not colon or is_file(Path(name)):
        return None
    if revision.startswith("-") or "\0" in name or not path:
        raise CannotRun(f"{printable(name)}: expected a file, or REV:PATH of git, such as HEAD~1:net.lrspec.yaml")
    sought = ("--verify", "--quiet", "--end-of-options", revision) if revision else ("--git-dir",)
    if (found := _git("rev-parse", *sought)).returncode:
        raise CannotRun(f"{printable(name)}: {_reason(found) or f'git knows no revision `{printable(revision)}`'}")
    if path.startswith(("./", "../")):
        path = posixpath.normpath(posixpath.join(_asked("--show-prefix"), path))
    return RevisionFile(revision, posixpath.normpath(path))


def working_tree() -> Path:
    """Return the top of the repository."""
    return Path(_asked("--show-toplevel"))


def _asked(question: str) -> str:
    return os.fsdecode(_git("rev-parse", question).stdout).rstrip("\n")


def _reason(ran: subprocess.CompletedProcess[bytes]) -> str:
    """What git says, in one line."""
    lines = ran.stderr.decode(errors="replace").strip().splitlines()
    return printable(lines[0].removeprefix("fatal: ")) if lines else ""


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run([*_GIT, *arguments], env=environment, capture_output=True, check=False)
    except OSError:
        raise CannotRun("git is needed to read REV:PATH, and cannot be run") from None
