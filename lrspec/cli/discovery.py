"""Finds what a command works on if its arguments leave it open: the specs of folders, the model of a spec."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from lrspec.files import is_file, is_folder, leads_inside
from lrspec.spec.file_names import ENDINGS
from lrspec.spec.language import ModelSource, Spec
from lrspec.spec.syntax.scalars import BOOLEANS_ONCE, plain_scalar


class UndecidedError(ValueError):
    """No spec or model, or more than one; the message lists the choices."""


def refuse_lock(path: str) -> None:
    """Refuse the lock of a spec, where the spec is meant; UndecidedError names it."""
    from lrspec.review.lock.lock import ENDING

    if path.endswith(ENDING) and is_file(Path(path)):
        choices = [path.removesuffix(ENDING) + ending for ending in (*ENDINGS, "")]
        spec = next((choice for choice in choices if is_file(Path(choice))), None)
        raise UndecidedError(f"{path}: a lock: name its spec{f', {spec}' if spec else ''}")


def find_spec(folder: Path) -> str:
    """Return the name of the spec in a folder: `.lrspec.yaml`, or the only one of any name; else UndecidedError."""
    paths = [path for ending in ENDINGS for path in folder.glob(f"*{ending}") if is_file(path)]
    others = sorted(path.name for path in paths if not path.name.startswith("."))
    choices = [name for name in ENDINGS if is_file(folder / name)] or others
    if not choices:
        raise UndecidedError(f"no spec here: name one, or call it {', '.join(ENDINGS)}; `lrspec init` writes one")
    if len(choices) > 1:
        raise UndecidedError(f"several specs here: name one of {', '.join(choices)}")
    return choices[0]


def find_specs(paths: Iterable[str]) -> list[str]:
    """Return the specs that paths name: files as they are, folders searched; each once, a folder's sorted by name.

    In folders, files that git ignores are skipped, and links out of the folder: these are not its author's to show.
    UndecidedError if a folder has no spec, or a path is that of a lock.
    """
    specs: dict[str, str] = {}
    for path in paths:
        refuse_lock(path)
        inside = [path]
        if is_folder(Path(path)):
            named = [file for file in files_of(Path(path)) if file.name.endswith(ENDINGS)]
            inside = [file.as_posix() for file in named if not file.is_symlink() or leads_inside(file, Path(path))]
        if not inside:
            raise UndecidedError(
                f"no spec in {path}: specs are called .lrspec.yaml or NAME.lrspec.yaml (.yml, .json); "
                "files that git ignores are not searched; `lrspec init` writes one"
            )
        for spec in sorted(inside):
            specs.setdefault(os.path.normpath(spec), spec)
    return list(specs.values())


def only_model(spec: Spec, folder: Path) -> ModelSource:
    """Return the only model that a spec in that folder names; UndecidedError if it names none, or several."""
    if not spec.sources:
        raise UndecidedError("no model: the spec names none; give --model or --params")
    choices = dict.fromkeys(_as_arguments(model, folder) for model in spec.sources)
    if len(choices) > 1:
        raise UndecidedError(f"several models: choose one with {', '.join(choices)}")
    return spec.sources[0]


def _as_arguments(model: ModelSource, folder: Path) -> str:
    """Return what to type for a model of a spec, whose paths are relative to its folder and not to the current one."""
    scheme, _, name = model.source.partition(":")
    if scheme == "params":
        return shlex.join(["--params", (folder / name).as_posix()])
    arguments = ["--model", f"hf:{(folder / name).as_posix()}" if scheme == "hf" else model.source]
    for key, value in model.args.items():
        needs_no_quotes = isinstance(value, str) and value.isidentifier() and plain_scalar(value) == value
        text = value if needs_no_quotes and value not in BOOLEANS_ONCE else json.dumps(value)
        arguments += ["--model-arg", f"{key}={text}"]
    return shlex.join(arguments)


_GIT_HOOK_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Set by a git hook for its own repository, which need not be that of the folder."""


def files_of(folder: Path) -> Iterator[Path]:
    """Yield every regular file in a folder and below; in a git repository, those that git does not ignore.

    Repositories inside the folder are searched as well, submodules are not. Outside git, only virtual environments
    are skipped; links to folders are never followed.
    """
    git = ("git", "-c", "core.fsmonitor=false")  # a repository's own settings may name a program for git to run
    command = (*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    environment = {name: value for name, value in os.environ.items() if name not in _GIT_HOOK_VARIABLES}
    try:
        listing = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    except OSError:
        listing = None
    if listing is None or listing.returncode != 0:  # no git, or no repository
        for place, folders, files in os.walk(folder):
            here = Path(place)
            folders[:] = [name for name in folders if name != ".git" and not is_file(here / name / "pyvenv.cfg")]
            yield from filter(is_file, [here / name for name in files])
        return
    for name in dict.fromkeys(listing.stdout.split(b"\0")):
        path = folder / os.fsdecode(name)
        if name and is_file(path):
            yield path
        elif name and is_folder(path / ".git") and not path.is_symlink():
            yield from files_of(path)
