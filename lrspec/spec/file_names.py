"""The names of spec files, and what to say about one that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import nearest
from lrspec.diagnostics.wording import few
from lrspec.files import is_file, is_folder, system_reason

ENDINGS = (".lrspec.yaml", ".lrspec.yml", ".lrspec.json")
"""The names of specs, or their endings."""


def specs_in(folder: Path) -> list[str]:
    """Return the names of the specs in a folder, sorted; none if it cannot be read."""
    try:
        return sorted(path.name for path in folder.iterdir() if path.name.endswith(ENDINGS) and is_file(path))
    except OSError:
        return []


def unreadable(path: str, failure: OSError) -> str:
    """Return why a spec cannot be read, and which file was probably meant."""
    reason = system_reason(failure, "cannot be read")
    if is_folder(Path(path)):
        paths = [os.path.join(path, name) for name in specs_in(Path(path))]  # noqa: PTH118  (begins as it was typed)
        return f"{reason}: name a spec in it: {few(paths, 3)}" if paths else f"{reason}, without a spec in it"
    if not isinstance(failure, FileNotFoundError):
        return reason
    folder, name = os.path.split(path)
    names = {_without_ending(each): os.path.join(folder, each) for each in specs_in(Path(folder))}  # noqa: PTH118
    near = nearest(_without_ending(name), names, 1)
    return f"{reason}: did you mean `{printable(names[near[0]])}`?" if near else reason


def _without_ending(name: str) -> str:
    endings = (*ENDINGS, *Path(name).suffixes[-1:])
    return next((name.removesuffix(ending) for ending in endings if name.endswith(ending)), name)
