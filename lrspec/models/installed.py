"""What is installed of a library, told by names of files: to import it, or to ask importlib.metadata, takes long."""

from __future__ import annotations

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path


def version(library: str) -> str | None:
    """What tells this installation of a library from any other; None where that cannot be told.

    That is the name of its `dist-info` folder, which has the version in it; and for what was not installed from an
    index, where a version is one thing, when that was (PEP 610). For a library that does not lie beside such a folder
    (an editable install, a checkout on the path) it is a hash over the times and sizes of its sources.
    """
    try:
        package = _package(library)
        if package is None:
            return None
        return _distribution(library, package.parent) or _sources(package)
    except (ImportError, OSError, ValueError):
        return None


def everything() -> str:
    """A hash over the names of all distributions on the path, versions included."""
    names = {name for entry in sys.path for name in _names(Path(entry)) if name.endswith((".dist-info", ".egg-info"))}
    return hashlib.sha256("\n".join(sorted(names)).encode(errors="surrogateescape")).hexdigest()


def _package(library: str) -> Path | None:
    """The folder of a package, without importing it."""
    spec = find_spec(library)
    return Path(spec.origin).parent if spec and spec.origin and spec.submodule_search_locations else None


def _distribution(library: str, site: Path) -> str | None:
    found = [name for name in sorted(_names(site)) if _is_of(name, library)]
    return " ".join(f"{name} {_direct(site / name)}".rstrip() for name in found) or None


def _direct(distribution: Path) -> str:
    """When a distribution was installed from a folder, an archive or a repository; empty for one from an index."""
    try:
        return str((distribution / "direct_url.json").stat().st_mtime_ns)
    except FileNotFoundError:
        return ""


def _is_of(name: str, library: str) -> bool:
    """Whether that is the name of the library's `dist-info`; there is no `-` in the escaped name of a distribution."""
    return name.endswith(".dist-info") and name.partition("-")[0].lower() == library


def _sources(package: Path) -> str:
    seen = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        status = path.stat()
        seen.update(
            f"{path.relative_to(package)} {status.st_mtime_ns} {status.st_size}\n".encode(errors="surrogateescape")
        )
    return f"sources {seen.hexdigest()}"


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:  # an archive, or an entry of the path that is not there
        return []
