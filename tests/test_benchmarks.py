"""The benchmarks run; how quick things are is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CHECKING = Path(__file__).parent.parent / "benchmarks" / "checking.py"
SOURCES = CHECKING.with_name("sources.py")


def test_the_benchmark_of_checking_prints_and_writes_a_row_for_each_of_its_two_measurements(tmp_path: Path) -> None:
    written = tmp_path / "results.md"
    small = ("--rules", "3", "--specs", "2", "--runs", "1", "--output", str(written))
    printed = subprocess.run([sys.executable, str(CHECKING), *small], capture_output=True, text=True, check=True).stdout
    assert written.read_text(encoding="utf-8") == printed
    rows = re.findall(r"^\| `(lrspec[^`]+)`.*\| +[\d.]+ \| +[\d.]+ \|$", printed, re.MULTILINE)
    assert rows == ["lrspec.loads", "lrspec check --no-model"]


def test_the_benchmark_of_sources_prints_and_writes_a_row_for_each_family(tmp_path: Path) -> None:
    written = tmp_path / "sources.md"
    small = ("--filter", "resnet18*", "--no-largest", "--output", str(written))
    printed = subprocess.run([sys.executable, str(SOURCES), *small], capture_output=True, text=True, check=True).stdout
    assert written.read_text(encoding="utf-8") == printed
    rows = re.findall(r"^\| (\w+) \| +(\d+) \| +(\d+) \|", printed, re.MULTILINE)
    assert rows == [("resnet", "2", "2"), ("all", "2", "2"), ("resnet", "1", "1"), ("all", "1", "1")]
