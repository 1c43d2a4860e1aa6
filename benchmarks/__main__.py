"""Measures everything, or the parts that are asked for, prints the page, and writes RESULTS.md beside this file.

    python -m benchmarks [--only PART]... [--quick] [--output FILE]

RESULTS.md is of one whole run: a run of parts, or a quick one, is written only where `--output` says so.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import checking, compiling, memory, processes, steps
from benchmarks.page import page
from benchmarks.timing import FULL, QUICK

PARTS = {
    "compiling": compiling.measure,
    "memory": memory.measure,
    "processes": processes.measure,
    "checking": checking.measure,
    "steps": steps.measure,
}
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Measure, print and write."""
    words = _parser().parse_args()
    parts = words.only or list(PARTS)
    result = page(PARTS[part](QUICK if words.quick else FULL) for part in parts)
    print(result, end="")
    output = words.output or (None if words.only or words.quick else RESULTS)
    if output is not None:
        output.write_text(result, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures how long lrspec takes.")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part, and no other; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small sizes, each once: does it run?")
    parser.add_argument("--output", type=Path, help="where to write the page")
    return parser


if __name__ == "__main__":
    main()
