"""Which of timm's models have an inventory, and how long that takes: all of `timm.list_models()`, a row a family.

    python -m benchmarks.timm_models [--filter 'resnet*'] [--output FILE]

prints the table, and writes TIMM.md beside this file. What is done is what `lrspec params --model timm:NAME` does, for
one name after the other in a single process; it takes some minutes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median

import timm

from benchmarks.page import Table, duration, machine
from benchmarks.timing import tell
from lrspec.models import ModelError, inventory_of

COLUMNS = ("family", "models", "have an inventory", "parameters", "median", "longest")
TEXT = """\
Written by `python -m benchmarks.timm_models`: what `lrspec params --model timm:NAME` does, for all of
`timm.list_models()`, one after the other in a single process, without weights. A family is a file of timm's."""


@dataclass(frozen=True)
class Built:
    """A model of a family: its number of parameters, or why there is none, and the seconds that it took."""

    family: str
    name: str
    seconds: float
    parameters: int | None = None
    why_not: str = ""


def built(name: str) -> Built:
    """Build one, and read its inventory."""
    family = timm.model_entrypoint(name).__module__.rpartition(".")[2]
    start = time.perf_counter()
    try:
        parameters = len(inventory_of(f"timm:{name}", {}, Path()).parameters)
    except ModelError as failure:
        return Built(family, name, time.perf_counter() - start, why_not=str(failure))
    return Built(family, name, time.perf_counter() - start, parameters)


def page(found: list[Built]) -> str:
    """The table, and what has no inventory, with the reason."""
    rows = [_row(family, list(models)) for family, models in groupby(sorted(found, key=_family), _family)]
    total = _row("all", found)
    missing = [f"- `{each.name}`: {each.why_not}" for each in found if each.parameters is None]
    parts = ("# timm's models", TEXT, machine(), str(Table(COLUMNS, [*rows, total])), "\n".join(missing))
    return "\n\n".join(part for part in parts if part) + "\n"


def _family(each: Built) -> str:
    return each.family


def _row(family: str, models: list[Built]) -> tuple[str, ...]:
    sizes = [each.parameters for each in models if each.parameters is not None]
    seconds = [each.seconds for each in models]
    span = f"{min(sizes):,} to {max(sizes):,}" if sizes else ""
    counts = (f"{len(models):,}", f"{len(sizes):,}")
    return (family, *counts, span, duration(median(seconds)), duration(max(seconds)))


def main() -> None:
    """Build, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timm_models", description="Builds timm's models.")
    parser.add_argument("--filter", default="", help="only names like this, such as 'resnet*'")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("TIMM.md"), help="where to write")
    words = parser.parse_args()
    names = timm.list_models(words.filter)
    found = []
    for number, name in enumerate(names):
        if number % 50 == 0:
            tell(f"{number:,} of {len(names):,}")
        found.append(built(name))
    result = page(found)
    print(result, end="")
    words.output.write_text(result, encoding="utf-8")


if __name__ == "__main__":
    main()
