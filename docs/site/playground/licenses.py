"""Collects the licenses of what the playground is made of into one text, which is published with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

_NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")
_PYTHON = "Python: PSF-2.0, https://docs.python.org/3/license.html"


class Part(NamedTuple):
    """A package, with its license by name, its home, and the texts that it brings."""

    name: str
    version: str
    license: str
    home: str
    texts: tuple[str, ...]

    def __str__(self) -> str:
        heading = " ".join(filter(None, (f"{self.name} {self.version}: {self.license}", self.home)))
        return "\n\n".join((heading, *self.texts))


def licenses(packages: Path, wheels: Iterable[Path]) -> str:
    """Return the licenses of the packages of npm that are not for building alone, and of wheels."""
    parts = [*_of_npm(packages), *map(_of_wheel, sorted(wheels))]
    return f"\n\n{'-' * 80}\n\n".join((_PYTHON, *map(str, parts))) + "\n"


def _of_npm(packages: Path) -> Iterator[Part]:
    lock = json.loads((packages / "package-lock.json").read_bytes())
    for place, entry in lock["packages"].items():
        folder = packages / place
        if not place or entry.get("dev") or not (folder / "package.json").exists():
            continue
        described = json.loads((folder / "package.json").read_bytes())
        texts = [path for path in sorted(folder.iterdir()) if path.is_file() and path.stem.upper() in _NAMES]
        license_ = str(described.get("license", "unknown"))
        yield Part(described["name"], described["version"], license_, described.get("homepage", ""), _read(texts))


def _read(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").strip() for path in paths)


def _of_wheel(wheel: Path) -> Part:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        described = Parser().parsestr(archive.read(metadata).decode(), headersonly=True)
        folder = metadata.removesuffix("METADATA")
        texts = [name for name in names if name.startswith(folder) and Path(name).stem.upper() in _NAMES]
        contents = tuple(archive.read(name).decode().strip() for name in texts)
    license_ = described["License-Expression"] or described["License"] or "see below"
    return Part(described["Name"], described["Version"], license_, described["Home-page"] or "", contents)
