"""Names for the files that `lrspec init` writes, and what a spec in some folder calls a model."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lrspec.cli.options import CannotRun
from lrspec.files import is_file, leads_inside
from lrspec.spec.file_names import ENDINGS
from lrspec.spec.model_kinds import scheme_and_name

_SCHEMA = "lrspec.v1.schema.json"
_PARTS_OF_PATHS = ("", ".", "..")


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


def check_new(path: str | None, force: bool) -> None:
    """Refuse to overwrite a file, or to write a spec in a format that it is not."""
    if path is None:
        return
    if path.endswith(".json"):
        raise CannotRun(f"{path}: a spec in JSON has no comments: name a file that ends in {ENDINGS[0]}")
    if not force and os.path.lexists(path):
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
