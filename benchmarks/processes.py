"""Whole processes of the command, compared with processes that only import."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.commands import python
from benchmarks.models import SPECS
from benchmarks.page import BESIDE, Section, Table, beside
from benchmarks.timing import Effort, in_turn, tell

HELP, CLICK = "`lrspec --help`", '`python -c "import click"`'
FIRST, AGAIN, TIMM = "`lrspec compile`, first time", "`lrspec compile`, from the cache", '`python -c "import timm"`'
HELP_MOST, FIRST_MOST, AGAIN_MOST = 1.5, 1.1, 0.1

SECONDS = 15
"""Time for each task: importing timm takes seconds."""

TEXT = """\
The command runs as `python -m lrspec`. `lrspec compile SPEC --model resnet18` is timed with an empty cache folder, and
with one from an earlier run."""


def measure(effort: Effort) -> Section:
    """Measure the help, and a compile for resnet18 with an empty cache and with a warm one."""
    rows = [_help(effort), *_compile(effort)]
    return Section("Whole processes", TEXT, [("", Table(BESIDE, rows))])


def _help(effort: Effort) -> tuple[str, ...]:
    tell("lrspec --help")
    with tempfile.TemporaryDirectory() as folder:
        tasks = {
            HELP: lambda: python(folder, "-m", "lrspec", "--help"),
            CLICK: lambda: python(folder, "-c", "import click"),
        }
        return beside(in_turn(tasks, effort), HELP, CLICK, HELP_MOST)


def _compile(effort: Effort) -> list[tuple[str, ...]]:
    tell("lrspec compile, with an empty cache and with a warm one")
    with tempfile.TemporaryDirectory() as folder:
        tasks: dict[str, Callable[[], object]] = {
            TIMM: lambda: python(folder, "-c", "import timm"),
            FIRST: lambda: _compiled(Path(tempfile.mkdtemp(dir=folder))),
            AGAIN: lambda: _compiled(Path(folder)),
        }
        times = in_turn(tasks, replace(effort, seconds=SECONDS))
    return [beside(times, FIRST, TIMM, FIRST_MOST), beside(times, AGAIN, FIRST, AGAIN_MOST)]


def _compiled(cache: Path) -> str:
    spec = SPECS / "resnet18.lrspec.yaml"
    return python(cache, "-m", "lrspec", "compile", str(spec), "--model", "resnet18", XDG_CACHE_HOME=str(cache))
