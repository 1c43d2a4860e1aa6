"""The files of a folder, without those that git ignores."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
_NO_HOOK = ("-c", "core.fsmonitor=false")  # a repository's own settings may name a program for git to run


def files_of(folder: Path) -> Iterator[Path]:
    """Every regular file in a folder and below; where it is in a git repository, those that git does not ignore.

    Repositories inside the folder are searched as well, submodules are not. Outside of git, virtual environments are
    left out, and nothing else; links to folders are never followed.
    """
    listed = _listed_by_git(folder)
    if listed is None:
        yield from _walked(folder)
        return
    for path in listed:
        if is_file(path):
            yield path
        elif is_folder(path / ".git") and not path.is_symlink():
            yield from files_of(path)


def is_file(path: Path) -> bool:
    """Whether it is a regular file, or a link to one; what cannot be looked at is none."""
    return os.path.isfile(path)  # noqa: PTH113  (Path.is_file raises where permission is lacking)


def is_folder(path: Path) -> bool:
    """Whether it is a folder, or a link to one; what cannot be looked at is none."""
    return os.path.isdir(path)  # noqa: PTH112  (as above)


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether a path is below a folder, links followed; what cannot be opened is where its name says.

    A link can be opened and not be resolved: the system follows it, while its path is too long to be spelt out.
    """
    try:
        return path.resolve(strict=True).is_relative_to(folder.resolve())
    except FileNotFoundError:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a path that is too long, a NUL
        return not os.path.exists(path)  # noqa: PTH110  (Path.exists raises for these)


def _listed_by_git(folder: Path) -> list[Path] | None:
    """What git knows of a folder, and what it would know; None without git, or where there is no repository."""
    try:
        ran = subprocess.run(
            ["git", *_NO_HOOK, *_LIST], cwd=folder, env=_environment(), capture_output=True, check=False
        )
    except OSError:
        return None
    names = ran.stdout.split(b"\0") if ran.returncode == 0 else None
    return None if names is None else [folder / os.fsdecode(name) for name in dict.fromkeys(names) if name]


def _environment() -> dict[str, str]:
    """The environment without what a git hook sets for its own repository, which need not be that of the folder."""
    return {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}


def _walked(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if name != ".git" and not is_file(here / name / "pyvenv.cfg")]
        yield from (path for name in files if is_file(path := here / name))
