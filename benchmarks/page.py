"""What was measured, as a page of Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import lrspec
from benchmarks.timing import Times

BESIDE = ("what", "takes", "beside", "takes", "times as long", "at most")
LIBRARIES = ("torch", "timm", "transformers", "mmengine", "PyYAML", "pydantic", "click")

_HOW = """\
Written by `python -m benchmarks`. Things that are compared are timed in turn, round after round, the garbage collected
before each; times are medians, and ratios medians of the rounds' ratios. "At most" is what is asked, and what is more
is bold."""


@dataclass(frozen=True)
class Table:
    """Columns, and rows of a cell a column; the first column is text, the others are numbers."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def __str__(self) -> str:
        rules = ("---", *["---:"] * (len(self.columns) - 1))
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.columns, rules, *self.rows))


@dataclass(frozen=True)
class Section:
    """A heading, what is measured and how, and the tables, each under a line that says what it is about."""

    title: str
    text: str
    tables: list[tuple[str, Table]]

    def __str__(self) -> str:
        tables = [f"{caption}\n\n{table}" if caption else str(table) for caption, table in self.tables]
        return "\n\n".join((f"## {self.title}", self.text, *tables))


def page(sections: Iterable[Section]) -> str:
    """The page, with the machine and the versions that all of it was measured on."""
    head = f"# What lrspec takes\n\n{_HOW}\n\n{machine()}"
    return "\n\n".join((head, *map(str, sections))) + "\n"


def beside(times: Times, own: str, other: str, most: float | None = None) -> tuple[str, ...]:
    """The row, in the columns `BESIDE`, of two things that were timed in turn."""
    taken = (own, duration(times.median(own)), other, duration(times.median(other)))
    return (*taken, ratio(times.ratio(own, other), most), limit(most))


def ratio(value: float, most: float | None = None) -> str:
    """A ratio, bold where it is more than it may be."""
    text = f"{value:.2f}" if value < 10 else f"{value:,.0f}"
    return bold(text, most is not None and value > most)


def bold(text: str, too_much: bool) -> str:
    """What is more than it may be stands out."""
    return f"**{text}**" if too_much else text


def limit(most: float | None) -> str:
    """The most that something may be; nothing where it is claimed as measured."""
    return "" if most is None else f"{most:g}"


def duration(seconds: float) -> str:
    """Seconds, in the unit that is easiest to read."""
    if seconds < 0.1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:,.0f} s"


def machine() -> str:
    """The machine and the versions that things were measured on."""
    libraries = ", ".join((f"lrspec {lrspec.__version__}", *(f"{name} {_version(name)}" for name in LIBRARIES)))
    system = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}"
    return f"{system},\n{libraries}."


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """The processor's name; Linux alone says it in a file only."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text(encoding="utf-8").splitlines() if names.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
