"""How long reading and checking take, beside PyYAML's own loader and beside bare imports.

    python benchmarks/checking.py

Reading one large spec, places and all, is timed beside `yaml.load` with PyYAML's C loader, which gives bare values.
Checking many specs is timed as a whole process, beside one that only imports the libraries that lrspec is built on.
The two of a pair are timed in turn, and their medians compared. The regexes are such as most specs have: reading
knows that they compile without compiling them. The table is printed, and written to RESULTS.md beside this file.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import yaml

import lrspec

HEAD = "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}\nrules:\n"
IMPORTS = "import pydantic, yaml, click"


@dataclass(frozen=True)
class Row:
    """Two things that were timed in turn: the seconds of each run, and how many times as long may be taken."""

    name: str
    seconds: list[float]
    beside: str
    beside_seconds: list[float]
    most: float

    def __str__(self) -> str:
        own, other = median(self.seconds), median(self.beside_seconds)
        cells = (self.name, f"{own * 1e3:.0f} ms", self.beside, f"{other * 1e3:.0f} ms", f"{own / other:.1f}")
        return f"| {' | '.join(cells)} | {self.most:g} |"


def large_spec(rules: int) -> str:
    """A spec whose rules have much to say."""
    return HEAD + "".join(
        f"  - name: rule-{n}\n"
        f"    match: ['^encoder\\.layer\\.{n}\\.attention\\.', '^decoder\\.layer\\.{n}\\.']\n"
        f"    exclude: '\\.{n}\\.bias$'\n"
        "    where: {ndim: [1, 2]}\n"
        "    lr_mult: 0.5\n"
        "    weight_decay: 1e-2\n"
        "    options:\n"
        "      betas: [0.9, 0.99]\n"
        for n in range(rules)
    )


def usual_spec(number: int, rules: int = 20) -> str:
    """A spec as people write them, unlike that of any other number."""
    return HEAD + "".join(
        f"  - name: rule-{n}\n"
        f"    match: '^stage{number}\\.(\\w+)\\.{n}\\.'\n"
        f"    {'lr_mult: 0.1' if n % 4 else 'weight_decay: 0'}\n"
        for n in range(rules)
    )


def in_turn(runs: int, *tasks: Callable[[], object]) -> list[list[float]]:
    """The seconds that each task takes, run after run, after one that does not count."""
    timed = [[_seconds(task) for task in tasks] for _ in range(runs + 1)]
    return [list(each) for each in zip(*timed[1:], strict=True)]


def _seconds(task: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def reading(rules: int, runs: int) -> Row:
    """One large spec, read and validated with the places of all its values."""
    text = large_spec(rules)
    own, other = in_turn(runs, lambda: lrspec.loads(text), lambda: yaml.load(text, yaml.CSafeLoader))
    return Row(f"`lrspec.loads`, {rules:,} rules", own, "`yaml.load` with `CSafeLoader`", other, 2)


def checking(specs: int, runs: int) -> Row:
    """Many specs, checked by the command."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(specs):
            Path(folder, f"{number}.lrspec.yaml").write_text(usual_spec(number), encoding="utf-8")
        command = ("-m", "lrspec", "check", "--no-model", ".")
        own, other = in_turn(runs, lambda: _python(folder, *command), lambda: _python(folder, "-c", IMPORTS))
    return Row(f"`lrspec check --no-model`, {specs:,} specs of 20 rules", own, f'`python -c "{IMPORTS}"`', other, 6)


def _python(folder: str, *words: str) -> None:
    subprocess.run([sys.executable, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def table(rows: list[Row]) -> str:
    """The rows, with the machine and the versions that they were measured on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("PyYAML", "pydantic", "click"))
    return "\n".join(
        (
            "# Checking",
            "",
            "Written by `python benchmarks/checking.py`; medians.",
            "",
            f"{_processor()}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()},",
            f"lrspec {lrspec.__version__}, {libraries}.",
            "",
            "| what | takes | beside | takes | times as long | at most |",
            "| --- | ---: | --- | ---: | ---: | ---: |",
            *map(str, rows),
            "",
        )
    )


def _processor() -> str:
    """The processor's name; Linux alone says it in a file only."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text(encoding="utf-8").splitlines() if names.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="Times the reading and the checking of specs.")
    parser.add_argument("--rules", type=int, default=1000, help="rules of the large spec")
    parser.add_argument("--specs", type=int, default=200, help="how many specs to check")
    parser.add_argument("--runs", type=int, default=15, help="how often to time each")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), help="where to write")
    words = parser.parse_args()
    result = table([reading(words.rules, words.runs), checking(words.specs, words.runs)])
    print(result, end="")
    words.output.write_text(result, encoding="utf-8")


if __name__ == "__main__":
    main()
