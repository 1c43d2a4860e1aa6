"""The installed version of a library, read from file names: importing it or importlib.metadata takes long."""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path


def version(library: str) -> str | None:
    """Return a text that tells this installation of a library from any other; None if there is no such text.

    It is the name of the `dist-info` folder, which contains the version. If the library was not installed from an
    index, the version is not enough, and the time of the installation follows (PEP 610). For a library that has no
    such folder beside it (an editable install, a checkout on the path) it is a hash of the times and sizes of its
    sources.
    """
    try:
        spec = find_spec(library)  # does not import it
        if not spec or not spec.origin or not spec.submodule_search_locations:
            return None
        package = Path(spec.origin).parent
        words = []
        for name in sorted(_names(package.parent)):
            if name.endswith(".dist-info") and name.partition("-")[0].lower() == library:  # `-` is escaped in a name
                words.append(name)
                with suppress(FileNotFoundError):
                    words.append(str((package.parent / name / "direct_url.json").stat().st_mtime_ns))
        if words:
            return " ".join(words)
        sources = hashlib.sha256()
        for path in sorted(package.rglob("*.py")):
            status = path.stat()
            line = f"{path.relative_to(package)} {status.st_mtime_ns} {status.st_size}\n"
            sources.update(line.encode(errors="surrogateescape"))
        return f"sources {sources.hexdigest()}"
    except (ImportError, OSError, ValueError):
        return None


def everything() -> str:
    """Return a hash of the names of all distributions on the path, versions included."""
    names = {name for entry in sys.path for name in _names(Path(entry)) if name.endswith((".dist-info", ".egg-info"))}
    return hashlib.sha256("\n".join(sorted(names)).encode(errors="surrogateescape")).hexdigest()


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:  # an archive, or a path that does not exist
        return []
