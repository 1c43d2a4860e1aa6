"""Bundles the page of the playground: its modules into one, with its style and its HTML."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_PAGE = Path(__file__).parent / "page"
_OPTIONS = ("--bundle", "--format=esm", "--minify", "--target=es2022", "--external:./engine.mjs", "--log-level=warning")


def bundle(packages: Path, into: Path) -> None:
    """Write the page to a folder; `packages` is the folder that has the `node_modules` with esbuild and CodeMirror."""
    modules = packages.resolve() / "node_modules"
    ran = subprocess.run(
        [modules / ".bin" / "esbuild", _PAGE / "main.mjs", f"--outfile={into / 'playground.mjs'}", *_OPTIONS],
        env=os.environ | {"NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if ran.returncode:
        raise RuntimeError(f"esbuild cannot bundle the page of the playground: {ran.stderr.strip()}")
    shutil.copyfile(_PAGE / "index.html", into / "index.html")
    shutil.copyfile(_PAGE / "page.css", into / "playground.css")
