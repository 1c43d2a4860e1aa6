"""Finds the files that model names lead to: saved inventories, and configs of transformers models.

Somebody else may have written the spec, so the files it names must lie below its own folder, links followed.
"""

from __future__ import annotations

import os
from pathlib import Path

from lrspec.diagnostics.escape import printable
from lrspec.files import is_file, leads_inside
from lrspec.models.sources.model_error import ModelError


def is_path(module: str) -> bool:
    """Return whether a module is named by a path, also of Windows."""
    return "/" in module or "\\" in module


def params_path(name: str, folder: Path, *, outside: bool = False) -> Path:
    """Return the file that `params:NAME` means in a folder, whether it exists or not.

    ModelError if it is not a regular file, or lies outside the folder and may not.
    """
    path = folder / name
    if not outside:
        _check_below(folder, path, f"params:{printable(name)}")
    return path


def hf_config_path(name: str, folder: Path, *, outside: bool = False) -> Path:
    """Return the config.json that `hf:NAME` means in a folder: NAME is that file, or the folder that holds it.

    ModelError if there is no such file, or if it lies outside the folder and may not.
    """
    source = f"hf:{printable(name)}"
    path = folder / name
    try:
        if path.is_dir():
            path /= "config.json"
        exists = path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a NUL
        exists = False
    if not outside:
        _check_below(folder, path, source)
    if not exists:
        missing = "no config.json in this folder" if path != folder / name else "no such file or folder"
        tried = f" ({printable(str(folder / name))})" if folder != Path() else ""
        raise ModelError(f"{source}: {missing}{tried}: expected a config.json or its folder; nothing is downloaded")
    return path


def _check_below(folder: Path, path: Path, source: str) -> None:
    if not leads_inside(path, folder):
        raise ModelError(
            f"{source}: outside the spec's own folder, and a spec may only name files below it; "
            "move it there, or allow it with --allow-outside"
        )
    if os.path.exists(path) and not is_file(path):  # noqa: PTH110  (Path.exists raises for a name that is too long)
        raise ModelError(f"{source}: not a regular file")
