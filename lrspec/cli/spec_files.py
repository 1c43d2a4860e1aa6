"""Names for the files that `lrspec init` writes, and what a spec in some folder calls a model."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import click

from lrspec.cli.options import CannotRun
from lrspec.cli.questions import ask_whether, can_ask
from lrspec.files import is_file, is_folder, leads_inside
from lrspec.spec.file_names import ENDINGS
from lrspec.spec.model_kinds import scheme_and_name

_SCHEMA = "lrspec.v1.schema.json"


def stem(source: str) -> str:
    """Return what files about a model are called: `resnet18`, or `tiny-bert` for `hf:configs/tiny-bert.config.json`."""
    scheme, name = scheme_and_name(source)
    if scheme == "py":
        name = name.rpartition(":")[2]
    elif scheme in ("hf", "params"):
        path = Path(os.path.abspath(name))  # noqa: PTH100  (links keep their names)
        name = path.parent.name if path.name == "config.json" else path.name
        name = re.sub(r"(?:\.config|\.params)?\.(?:json|txt)$", "", name)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:100].strip(".-") or "model"


class Destination(NamedTuple):
    """Where a spec goes: its file, None for standard output, and that of the inventory beside it, if it is saved."""

    spec: str | None
    params: str | None = None

    @property
    def folder(self) -> Path:
        """The folder of the spec."""
        return Path(self.spec or "").parent


def destination_of(source: str, output: str | None, save_params: bool, force: bool) -> Destination:
    """Return where the spec goes, after questions on a terminal; CannotRun if a file exists there, or no folder."""
    spec = None if output == "-" else output or f"{stem(source)}{ENDINGS[0]}"
    if spec is None and save_params:
        raise click.UsageError("--save-params goes with a spec in a file")
    if spec is None:
        return Destination(None)
    if spec.endswith(".json"):
        raise CannotRun(f"{spec}: JSON has no comments: name a file that ends in {ENDINGS[0]}")
    if not is_folder(Path(spec).parent):
        raise CannotRun(f"{spec}: no such file or directory")
    _check_writable(spec, force)
    scheme, _ = scheme_and_name(source)
    if scheme == "py" and not save_params and can_ask():
        save_params = ask_whether("A spec cannot name py:. Save the model's parameters beside it?", "yes")
    if not save_params or scheme == "params":
        return Destination(spec)
    params = f"{_without_ending(spec)}.params.json"
    _check_writable(params, force)
    return Destination(spec, params)


def _without_ending(spec: str) -> str:
    return next((spec.removesuffix(ending) for ending in ENDINGS if spec.endswith(ending)), spec)


def _check_writable(path: str, force: bool) -> None:
    """Refuse a folder, and a file that is there unless somebody on a terminal wants it overwritten."""
    if is_folder(Path(path)):
        raise CannotRun(f"{path}: is a directory")
    if force or not os.path.lexists(path):
        return
    if not can_ask() or not ask_whether(f"{path} exists already. Overwrite it?", "no"):
        raise CannotRun(f"{path}: exists already: give --force to overwrite it, or another name with -o")


def as_written(source: str, folder: Path) -> str | None:
    """Return what a spec in a folder calls a model; None if it may not name it, or its file is not in that folder."""
    scheme, name = scheme_and_name(source)
    if scheme not in ("hf", "params"):
        return None if scheme == "py" else source
    if not leads_inside(Path(name), folder):
        return None
    return f"{scheme}:{Path(os.path.relpath(name, folder)).as_posix()}"


def schema_path(folder: Path) -> str | None:
    """Return the path to the schema for editors from a folder: in it or in one around it, where `schemas/` counts."""
    for above in (folder.absolute(), *folder.absolute().parents):
        for path in (above / _SCHEMA, above / "schemas" / _SCHEMA):
            if is_file(path):
                return Path(os.path.relpath(path, folder.absolute())).as_posix()
        if (above / ".git").exists():
            break
    return None
