"""Measures everything, or the chosen parts, prints the page, and writes RESULTS.md next to this file.

    python -m benchmarks [--only PART]... [--quick] [--output FILE]

RESULTS.md comes from one full run. The page of a partial or quick run is written only with `--output`.
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
    parser.add_argument("--only", action="append", choices=PARTS, help="measure only this part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small sizes, once each, to see that it runs")
    parser.add_argument("--output", type=Path, help="where to write the page")
    return parser


if __name__ == "__main__":
    main()
