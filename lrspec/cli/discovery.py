"""What a command works on where its words leave it open: the specs of folders, the model of a spec."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lrspec.files import is_file, is_folder, leads_inside
from lrspec.spec.language import ModelSource, Spec
from lrspec.spec.syntax.scalars import BOOLEANS_ONCE, plain_scalar

ENDINGS = (".lrspec.yaml", ".lrspec.yml", ".lrspec.json")
"""What the names of specs end in, or are."""


class UndecidedError(ValueError):
    """There is none, or more than one; the text says which there are to choose from."""


def find_spec(folder: Path) -> str:
    """The name of the spec in a folder: `.lrspec.yaml`, or the only one of any name.

    Raises:
        UndecidedError: where there is none, or where there are several.
    """
    own = [name for name in ENDINGS if is_file(folder / name)]
    others = sorted(path.name for ending in ENDINGS for path in folder.glob(f"*{ending}") if _is_named_spec(path))
    if len(own or others) == 1:
        return (own or others)[0]
    if not own and not others:
        raise UndecidedError(f"no spec here: name one, or call it {', '.join(ENDINGS)}")
    raise UndecidedError(f"several specs here: name one of {', '.join(own or others)}")


def _is_named_spec(path: Path) -> bool:
    return is_file(path) and not path.name.startswith(".")


def find_specs(paths: Iterable[str]) -> list[str]:
    """The specs that paths name: files as they are, folders searched; each once, a folder's sorted by name.

    What git ignores is left out of folders, and so are links that lead out of them, but not where they are named.

    Raises:
        UndecidedError: where there is none in a folder.
    """
    found: dict[str, str] = {}
    for path in paths:
        for spec in _specs_below(path) if is_folder(Path(path)) else [path]:
            found.setdefault(os.path.normpath(spec), spec)
    return list(found.values())


def _specs_below(folder: str) -> list[str]:
    found = [path.as_posix() for path in files_of(Path(folder)) if path.name.endswith(ENDINGS)]
    inside = sorted(path for path in found if _is_here(Path(path), Path(folder)))
    if not inside:
        raise UndecidedError(
            f"no spec in {folder}: specs are called .lrspec.yaml or NAME.lrspec.yaml (.yml, .json); "
            "what git ignores is not searched"
        )
    return inside


def _is_here(path: Path, folder: Path) -> bool:
    """Whether a file is in the folder, or a link to one that is: others are not for the folder's author to show."""
    return not path.is_symlink() or leads_inside(path, folder)


def only_model(spec: Spec, folder: Path) -> ModelSource:
    """The one model that a spec in that folder names.

    Raises:
        UndecidedError: where it names none, or several.
    """
    if not spec.sources:
        raise UndecidedError("no model: the spec names none; give --model or --params")
    choices = dict.fromkeys(_words(model, folder) for model in spec.sources)
    if len(choices) > 1:
        raise UndecidedError(f"several models: choose one with {', '.join(choices)}")
    return spec.sources[0]


def _words(model: ModelSource, folder: Path) -> str:
    """What to type for a model of a spec: there paths are relative to its folder, here to the current one."""
    scheme, _, name = model.source.partition(":")
    if scheme == "params":
        return shlex.join(["--params", (folder / name).as_posix()])
    source = f"hf:{(folder / name).as_posix()}" if scheme == "hf" else model.source
    args = [("--model-arg", f"{key}={_as_yaml(value)}") for key, value in model.args.items()]
    return shlex.join(["--model", source, *(word for pair in args for word in pair)])


def _as_yaml(value: Any) -> str:
    """A value on one line, a name without quotes."""
    plain = isinstance(value, str) and value.isidentifier() and plain_scalar(value) == value
    return value if plain and value not in BOOLEANS_ONCE else json.dumps(value)


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
