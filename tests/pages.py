"""README and docs, as the tests read them: their fenced blocks, and what a shell says to the commands in these."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(?P<info>.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    info: str
    body: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in _FENCE.finditer(page.read_text(encoding="utf-8")):
        yield Block(found["info"], found["body"])


def files(page: Path) -> Iterator[tuple[str, str]]:
    """The files that a page shows: name and text of each block whose first line is a comment with a file's name."""
    for block in blocks(page):
        if name := re.match(r"# (\S+\.ya?ml)\n", block.body):
            yield name[1], block.body.partition("\n")[2]


def run_shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in which `lrspec` is the one that is tested."""
    ready = f'lrspec() {{ "{sys.executable}" -m lrspec "$@"; }}; {command}'
    ran = subprocess.run(["bash", "-c", ready], capture_output=True, text=True, encoding="utf-8", check=False)
    assert "Traceback" not in ran.stderr
    return ran
