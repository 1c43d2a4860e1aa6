"""Interrupts commands at random moments, and counts how they end and what they leave behind.

    python benchmarks/interruptions.py [--count 500] [--seed 1] [--only NAME]... [--at-once N] [--page FILE]

Each run of a command has a folder, a cache folder and a TMPDIR of its own, and a process group that gets SIGINT as from
a terminal. The moments are spread evenly over the time that an undisturbed run takes, from lrspec's first line on;
before that, Ctrl-C is Python's. A run that is over before its moment is not counted, and another takes its place. The
page is printed, and written to INTERRUPTIONS.md; commands that are not interrupted keep their rows. Linux only. The
exit status is 1 if any run has failed.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

PAGE = Path(__file__).with_name("INTERRUPTIONS.md")
SPEC = Path(__file__).with_name("specs") / "resnet18.lrspec.yaml"
QUOTED = SPEC.read_text().replace("lr: 1e-3", 'lr: "1e-3"')  # `--fix` takes the quotes away
CACHED = re.compile(r"[0-9a-f]{64}\.cache")
TIME_LIMIT = 120.0  # seconds; a process that takes longer hangs
SOON = 5.0  # seconds for other processes to be gone, once the command has ended

HEAD = """\
# Interruptions

Written by `python benchmarks/interruptions.py`. Each command was interrupted at random moments between lrspec's first
line and its end. A run fails if its status is not 130, if standard error shows a traceback or does not end with the
line `lrspec: interrupted`, if a file is left that was not there before (entries of the cache are right, once whole), if
a spec is neither as it was nor as it is to be, or if a process is left. Seconds are from the signal to the end.

| command | interrupted | failed | median s | longest s | over before |
| --- | ---: | ---: | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Command:
    """A command, the share of all interruptions that it gets, and what it runs on.

    With `cached`, its models are in the cache; `specs` is the number of specs, to be fixed if they are `quoted`.
    """

    name: str
    share: int
    words: str
    specs: int = 1
    cached: bool = False
    quoted: bool = False


COMMANDS = (
    Command("check", 15, "check . --no-cache --model resnet18"),
    Command("check-jobs", 7, "check . --no-cache --model resnet18 --jobs 2", specs=3),
    Command("compile", 6, "compile 0.lrspec.yaml --no-cache"),
    Command("compile-first", 6, "compile 0.lrspec.yaml"),
    Command("compile-again", 4, "compile 0.lrspec.yaml --output plan.txt", cached=True),
    Command("params", 4, "params --model resnet18"),
    Command("explain", 3, "explain 0.lrspec.yaml fc.weight", cached=True),
    Command("fix", 3, "check . --fix --no-model", specs=20, quoted=True),
    Command("fix-jobs", 2, "check . --fix --no-model --jobs 2", specs=20, quoted=True),
)


class Run:
    """A run of a command in a folder of its own, from its first line on."""

    def __init__(self, command: Command, folder: Path, cache: Path) -> None:
        self._command, self._folder = command, folder
        for name in ("specs", "temporary"):
            (folder / name).mkdir()
        for number in range(command.specs):
            text = QUOTED if command.quoted else SPEC.read_text()
            (folder / "specs" / f"{number}.lrspec.yaml").write_text(text)
        if command.cached:
            shutil.copytree(cache, folder / "cache")
        self._before = self._files()
        places = {"LRSPEC_CACHE_DIR": str(folder / "cache"), "TMPDIR": str(folder / "temporary")}
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lrspec", *command.words.split()],
            cwd=folder / "specs",
            env={**os.environ, **places},
            stdin=subprocess.DEVNULL,
            stdout=(folder / "out").open("wb"),
            stderr=(folder / "err").open("wb"),
            start_new_session=True,
        )
        while not self._is_ours() and self.process.poll() is None:
            time.sleep(0.0002)
        self.ours = time.monotonic()
        self.startup = self.ours - begun

    def interrupt(self) -> bool:
        """Interrupt it as a terminal does, and return whether it was in time.

        At the very end lrspec lets Python ignore interrupts, which cannot change anything then.
        """
        if self.process.poll() is not None:
            return False
        os.killpg(self.process.pid, signal.SIGINT)
        with suppress(OSError):
            ignored = re.search(r"^SigIgn:\s*(\w+)$", self._proc("status").read_text(), re.MULTILINE)
            return ignored is None or not int(ignored[1], 16) >> (signal.SIGINT - 1) & 1
        return True

    def complaints(self) -> list[str]:
        """Wait until it has ended, and return what is wrong about the end of an interrupted run."""
        status = self.process.wait(TIME_LIMIT)
        err = (self._folder / "err").read_text()
        wrong = [] if status == 130 else [f"status {status}"]
        if "Traceback" in err:
            wrong.append("traceback")
        if err.rpartition("\n\n")[2].splitlines()[-1:] != ["lrspec: interrupted"]:
            wrong.append(f"standard error ends with {err[-200:]!r}")
        wrong += [f"{path} is left" for path in self._files() - self._before if not self._belongs(path)]
        texts = {path.read_text() for path in (self._folder / "specs").glob("*.lrspec.yaml")}
        if not texts <= {SPEC.read_text(), QUOTED}:
            wrong.append("a spec is broken")
        if left := self._processes_left():
            wrong.append(f"processes are left: {left}")
        return wrong

    def _proc(self, name: str) -> Path:
        return Path("/proc", str(self.process.pid), name)

    def _is_ours(self) -> bool:
        """Return whether lrspec has begun: the first that it does is to copy its standard error."""
        targets = []
        with suppress(OSError):
            targets = [os.path.realpath(link) for link in self._proc("fd").iterdir()]
        return targets.count(os.path.realpath(self._folder / "err")) > 1

    def _files(self) -> set[str]:
        return {str(path.relative_to(self._folder)) for path in self._folder.rglob("*") if path.is_file()}

    def _belongs(self, name: str) -> bool:
        path = Path(name)
        if path.parent.name == "cache":
            return CACHED.fullmatch(path.name) is not None
        return name in ("out", "err", "specs/plan.txt")

    def _processes_left(self) -> list[str]:
        give_up = time.monotonic() + SOON
        while (left := list(_group(self.process.pid))) and time.monotonic() < give_up:
            time.sleep(0.01)
        return left


def _group(number: int) -> Iterable[str]:
    """Yield the processes of a group that have not ended."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, group = path.read_text().rpartition(")")[2].split()[:3]
            if int(group) == number and state not in "ZX":
                yield path.parent.name


@dataclass(frozen=True)
class Ending:
    """How an interrupted run has ended: the moment, the seconds until the end, and what is wrong about it."""

    moment: float
    seconds: float
    complaints: list[str]


class Interruptions:
    """The interruptions of one command."""

    def __init__(self, command: Command, count: int, seed: int, at_once: int) -> None:
        self.command, self.endings, self.startups, self.over = command, list[Ending](), list[float](), 0
        self._count, self._random, self._at_once = count, random.Random(f"{seed} {command.name}"), at_once

    def measure(self) -> None:
        """Run it undisturbed, then interrupt it until enough runs were in time."""
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(self._at_once) as pool:
            cache = Path(folder, "cache")
            whole = max(self._undisturbed(cache) for _ in range(2))
            while (missing := self._count - len(self.endings)) > 0:
                moments = [self._random.uniform(0, whole) for _ in range(missing)]
                for ending in pool.map(lambda moment: self._interrupted(moment, cache), moments):
                    if ending is None:
                        self.over += 1
                    else:
                        self.endings.append(ending)

    def _undisturbed(self, cache: Path) -> float:
        """Return the seconds of a whole run, and keep the cache that it has left."""
        with tempfile.TemporaryDirectory() as folder:
            if self.command.cached and not cache.exists():
                cache.mkdir()
                words = [sys.executable, "-m", "lrspec", "params", "--model", "resnet18", "--output", os.devnull]
                subprocess.run(words, check=True, env={**os.environ, "LRSPEC_CACHE_DIR": str(cache)})
            run = Run(self.command, Path(folder), cache)
            if run.process.wait(TIME_LIMIT) != 0:
                raise RuntimeError(f"{self.command.words}: {Path(folder, 'err').read_text()}")
            return time.monotonic() - run.ours

    def _interrupted(self, moment: float, cache: Path) -> Ending | None:
        with tempfile.TemporaryDirectory() as folder:
            run = Run(self.command, Path(folder), cache)
            self.startups.append(run.startup)
            with suppress(subprocess.TimeoutExpired):
                run.process.wait(moment)
            begun = time.monotonic()
            if not run.interrupt():
                run.process.wait(TIME_LIMIT)
                return None
            run.process.wait(TIME_LIMIT)
            return Ending(moment, time.monotonic() - begun, run.complaints())

    @property
    def failed(self) -> list[Ending]:
        """The runs that did not end as they should."""
        return [ending for ending in self.endings if ending.complaints]

    def row(self) -> str:
        """The row of the page."""
        seconds = [ending.seconds for ending in self.endings]
        cells: Sequence[Any] = (
            f"`{self.command.words}`",
            len(seconds),
            len(self.failed),
            f"{median(seconds):.3f}",
            f"{max(seconds):.2f}",
            self.over,
        )
        return f"| {' | '.join(map(str, cells))} |\n"


def main() -> None:
    """Interrupt all the commands, or the chosen ones, and write the page."""
    words = _parser().parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else they would ignore it, too, if this is a job
    chosen = [command for command in COMMANDS if not words.only or command.name in words.only]
    shares, measured = sum(command.share for command in chosen), list[Interruptions]()
    for command in chosen:
        count = round(words.count * command.share / shares)
        measured.append(Interruptions(command, count, words.seed, words.at_once))
        measured[-1].measure()
        print(measured[-1].row(), end="", flush=True)
        for ending in measured[-1].failed:
            print(f"after {ending.moment:.3f} s: {'; '.join(ending.complaints)}", flush=True)
    page = _page(measured, words.page.read_text(encoding="utf-8") if words.page.exists() else "")
    print(f"\n{page}", end="")
    words.page.write_text(page, encoding="utf-8")
    sys.exit(any(one.failed for one in measured))


def _page(measured: list[Interruptions], before: str) -> str:
    """Return the page, with the rows of other commands as they were before."""
    known = {line.split("`")[1]: f"{line}\n" for line in before.splitlines() if line.startswith("| `")}
    known |= {one.command.words: one.row() for one in measured}
    rows = [known[command.words] for command in COMMANDS if command.words in known]
    counted, failed = (sum(int(row.split("|")[column]) for row in rows) for column in (2, 3))
    startup = median(startup for one in measured for startup in one.startups)
    return f"""{HEAD}{"".join(rows)}
Of {counted} interruptions, {failed} failed. Until lrspec's first line, Python took {startup:.3f} s.

Python {platform.python_version()}, {os.cpu_count()} cores.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Interrupts commands at random moments.")
    parser.add_argument("--count", type=int, default=500, help="interruptions of all commands together")
    parser.add_argument("--seed", type=int, default=1, help="decides the moments")
    parser.add_argument("--only", action="append", choices=[command.name for command in COMMANDS])
    parser.add_argument("--at-once", type=int, default=1, help="interrupt this many runs at a time")
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write the page")
    return parser


if __name__ == "__main__":
    main()
