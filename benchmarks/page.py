"""Renders the measurements as a Markdown page."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import lrspec
from benchmarks.timing import Times

BESIDE = ("what", "takes", "compared with", "takes", "times as long", "at most")
LIBRARIES = ("torch", "timm", "transformers", "mmengine", "PyYAML", "pydantic", "click")

_HOW = """\
Written by `python -m benchmarks`. Tasks that are compared run in turn, round after round, with a garbage collection
before each. Times are medians, and ratios are medians of the ratios per round. "At most" is the limit; values above it
are bold."""


@dataclass(frozen=True)
class Table:
    """Columns, and rows with one cell per column; the first column is text, the others are numbers."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def __str__(self) -> str:
        rules = ("---", *["---:"] * (len(self.columns) - 1))
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.columns, rules, *self.rows))


@dataclass(frozen=True)
class Section:
    """A heading, a text on what is measured and how, and the tables, each under its caption."""

    title: str
    text: str
    tables: list[tuple[str, Table]]

    def __str__(self) -> str:
        tables = [f"{caption}\n\n{table}" if caption else str(table) for caption, table in self.tables]
        return "\n\n".join((f"## {self.title}", self.text, *tables))


def page(sections: Iterable[Section]) -> str:
    """The page, with the machine and the versions used."""
    head = f"# What lrspec takes\n\n{_HOW}\n\n{machine()}"
    return "\n\n".join((head, *map(str, sections))) + "\n"


def beside(times: Times, own: str, other: str, most: float | None = None) -> tuple[str, ...]:
    """A row with the columns `BESIDE`, for two tasks that were timed in turn."""
    taken = (own, duration(times.median(own)), other, duration(times.median(other)))
    return (*taken, ratio(times.ratio(own, other), most), limit(most))


def ratio(value: float, most: float | None = None) -> str:
    """A ratio, bold if it is above its limit."""
    text = f"{value:.2f}" if value < 10 else f"{value:,.0f}"
    return bold(text, most is not None and value > most)


def bold(text: str, too_much: bool) -> str:
    """The text, bold if it is above its limit."""
    return f"**{text}**" if too_much else text


def limit(most: float | None) -> str:
    """The limit as text; empty if there is none."""
    return "" if most is None else f"{most:g}"


def duration(seconds: float) -> str:
    """Seconds, in the unit that is easiest to read."""
    if seconds < 0.1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:,.0f} s"


def machine() -> str:
    """The machine and the versions used."""
    libraries = ", ".join((f"lrspec {lrspec.__version__}", *(f"{name} {_version(name)}" for name in LIBRARIES)))
    system = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}"
    return f"{system},\n{libraries}."


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """The processor's name; on Linux it is available only from a file."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text(encoding="utf-8").splitlines() if names.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
