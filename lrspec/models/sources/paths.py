"""The files that names of models lead to: saved inventories, and configurations of transformers.

A spec is written by somebody else, so what it names lies below its own folder, links followed.
"""

from __future__ import annotations

import os
from pathlib import Path

from lrspec.diagnostics.escape import printable
from lrspec.files import is_file, leads_inside
from lrspec.models.sources.model_error import ModelError


def params_path(name: str, folder: Path, *, outside: bool = False) -> Path:
    """The file that `params:NAME` means, whether it exists or not.

    Args:
        name: what the source says behind its colon.
        folder: what that is relative to.
        outside: whether the file may lie outside of `folder`.

    Raises:
        ModelError: where it lies outside and may not, or is not a regular file.
    """
    path = folder / name
    if not outside:
        _check_below(folder, path, f"params:{printable(name)}")
    return path


def hf_config_path(name: str, folder: Path, *, outside: bool = False) -> Path:
    """The config.json that `hf:NAME` means: NAME is that file, or the folder that holds it.

    The arguments are those of `params_path`.

    Raises:
        ModelError: where there is no such file, or where it lies outside and may not.
    """
    source = f"hf:{printable(name)}"
    path = folder / name
    try:
        if path.is_dir():
            path /= "config.json"
        found = path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a NUL
        found = False
    if not outside:
        _check_below(folder, path, source)
    if not found:
        missing = "no config.json in this folder" if path != folder / name else "no such file or folder"
        tried = f" ({printable(str(folder / name))})" if folder != Path() else ""
        raise ModelError(f"{source}: {missing}{tried}: expected a config.json or its folder; nothing is downloaded")
    return path


def _check_below(folder: Path, path: Path, source: str) -> None:
    if not leads_inside(path, folder):
        raise ModelError(
            f"{source}: outside the spec's own folder, and a spec may name files below it only; "
            "move it there, or allow it with --allow-outside"
        )
    if os.path.exists(path) and not is_file(path):  # noqa: PTH110  (Path.exists raises for a name that is too long)
        raise ModelError(f"{source}: not a regular file")
