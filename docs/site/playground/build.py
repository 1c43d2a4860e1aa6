"""Builds the playground: a folder of plain files in which lrspec runs in a browser, under whatever address.

What it takes from registries is pinned (package-lock.json, requirements.txt) and kept
in build/playground, from one build to the next.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

from docs.site.playground import inventories
from docs.site.playground.licenses import licenses

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CACHE = ROOT / "build" / "playground"

_OUR_FILES = ("arrivals.mjs", "boot.mjs", "engine.mjs", "worker.mjs")
_OF_PYODIDE = ("pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs")
_OUR_MODULES = ("playground.py", "start.py")
_UNUSED = ("*.dist-info", "pydantic/v1", "pydantic/mypy.py", "pygments/lexers", "pygments/styles", "yaml/*.so")
_TARGETS = ("pyemscripten_2026_0_wasm32", "manylinux2014_x86_64")  # the second for PyYAML, see requirements.txt


def build(into: Path, cache: Path = CACHE) -> None:
    """Build the playground into a folder, which is emptied first."""
    from docs.site.playground.bundle import bundle

    bundle(build_engine(into, cache), into)


def build_engine(into: Path, cache: Path = CACHE) -> Path:
    """Build all but the page into a folder, which is emptied first; return the folder that has node_modules."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise RuntimeError("the playground needs npm and node on the path (or pass --without-playground)")
    shutil.rmtree(into, ignore_errors=True)
    for folder in ("pyodide", "python"):
        (into / folder).mkdir(parents=True)
    packages = npm_packages(cache)
    wheels = _installed(cache / "wheels", ("requirements.txt",), _download)
    pyodide = packages / "node_modules" / "pyodide"
    for name in _OUR_FILES:
        shutil.copy(HERE / name, into)
    for name in _OF_PYODIDE:
        shutil.copyfile(pyodide / name, into / "pyodide" / name)
    inventories.unpack(into / "inventories")
    (into / "licenses.txt").write_text(licenses(packages, wheels.glob("*.whl")), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        _unpack(wheels, stage)
        (extension,) = (stage / "pydantic_core").glob("*.so")
        shutil.move(extension, into / "python" / "pydantic_core.wasm")
        _run(["node", HERE / "make.mjs", pyodide, stage, into])
    sizes = {path.relative_to(into).as_posix(): path.stat().st_size for path in sorted(into.glob("py*/*"))}
    (into / "python" / "sizes.json").write_text(json.dumps(sizes), encoding="utf-8")
    return packages


def npm_packages(cache: Path = CACHE) -> Path:
    """Return the folder that has node_modules, installed if need be."""
    return _installed(cache / "npm", ("package.json", "package-lock.json"), _install)


def _installed(folder: Path, files: tuple[str, ...], install: Callable[[Path], None]) -> Path:
    """Return a folder in which something has been installed that is pinned by files; two builds may run at once."""
    pinned = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in files)).hexdigest()
    folder = folder.with_name(f"{folder.name}-{pinned[:12]}")
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as stage:
            beside = Path(stage, folder.name)
            beside.mkdir()
            for name in files:
                shutil.copy(HERE / name, beside)
            install(beside)
            with suppress(OSError):  # another build was first
                beside.rename(folder)
    return folder


def _install(folder: Path) -> None:
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)


def _download(folder: Path) -> None:
    target = [word for platform in _TARGETS for word in ("--platform", platform)]
    python = ["--python-version", "314", "--implementation", "cp", "--abi", "cp314", "--only-binary=:all:"]
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    _run([*pip, "download", "--no-deps", "--require-hashes", *target, *python, "-r", "requirements.txt"], folder)


def _unpack(wheels: Path, stage: Path) -> None:
    """Unpack the wheels and lrspec's own into a folder, without what is not used in a browser."""
    with tempfile.TemporaryDirectory() as own:
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
        _run([*pip, "wheel", "--no-deps", "--wheel-dir", own, ROOT])
        for wheel in [*wheels.glob("*.whl"), *Path(own).glob("*.whl")]:
            with ZipFile(wheel) as archive:
                archive.extractall(stage)
    for path in [path for pattern in _UNUSED for path in stage.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in _OUR_MODULES:
        shutil.copy(HERE / name, stage)


def _run(words: list[str | Path], folder: Path = HERE) -> None:
    subprocess.run(words, cwd=folder, check=True, stdout=sys.stderr)
