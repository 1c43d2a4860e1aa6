"""Bundles the page of the playground: its modules into one, with its style, its HTML and the licences of others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_PAGE = Path(__file__).parent / "page"
_OPTIONS = ("--bundle", "--format=esm", "--minify", "--target=es2022", "--external:./engine.mjs", "--log-level=warning")


def bundle(packages: Path, into: Path) -> None:
    """Write the page to a folder; `packages` is the folder that has the `node_modules` with esbuild and CodeMirror."""
    modules = (packages / "node_modules").resolve()
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder, "inputs.json")
        _esbuild(modules, _PAGE / "main.mjs", f"--outfile={into / 'playground.mjs'}", f"--metafile={inputs}")
        names = json.loads(inputs.read_bytes())["inputs"]
    shutil.copyfile(_PAGE / "index.html", into / "index.html")
    shutil.copyfile(_PAGE / "page.css", into / "playground.css")
    (into / "licences.txt").write_text(_licences(modules, names), encoding="utf-8")


def _esbuild(modules: Path, *words: str | Path) -> None:
    ran = subprocess.run(
        [modules / ".bin" / "esbuild", *words, *_OPTIONS],
        env=os.environ | {"NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if ran.returncode:
        raise RuntimeError(f"esbuild cannot bundle the page of the playground: {ran.stderr.strip()}")


def _licences(modules: Path, names: list[str]) -> str:
    """The licences of the packages that files of the bundle are from, which have to go with it."""
    inside = [name.rpartition("node_modules/")[2].split("/") for name in names if "node_modules/" in name]
    packages = sorted({"/".join(steps[: 2 if steps[0].startswith("@") else 1]) for steps in inside})
    return "\n\n".join(f"{name}\n\n{_licence(modules / name)}" for name in packages)


def _licence(package: Path) -> str:
    """The text of a package's licence, or its name where it comes without one."""
    if found := sorted(package.glob("LICEN[CS]E*")):
        return found[0].read_text(encoding="utf-8")
    named: str = json.loads((package / "package.json").read_bytes())["license"]
    return f"{named}\n"
