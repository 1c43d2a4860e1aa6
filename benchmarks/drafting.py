"""Drafts a spec for every model of timm as timm groups it, and for mixtures of experts, to see how long that takes.

    python -m benchmarks.drafting [--filter PATTERN] [--no-large] [--page FILE]

The page is printed, and that of a whole run is written to DRAFTING.md. The exit status is 1 if a draft does not equal
timm, or if anything is found in it.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

import timm

import lrspec
from benchmarks import models
from benchmarks.grouped import LAYER_DECAY, LR, WEIGHT_DECAY, Grouped, grouped
from benchmarks.page import Table, bold, machine
from benchmarks.timing import tell
from lrspec.compiler.compile import attempt
from lrspec.drafting.draft import draft
from lrspec.drafting.recipes.compose import compose
from lrspec.drafting.recipes.recipe import Choices, Subject
from lrspec.drafting.wanted import Wanted
from lrspec.spec.language import Optimizer

PAGE = Path(__file__).with_name("DRAFTING.md")
BASES = {"optimizer": Optimizer(type="AdamW", lr=LR, weight_decay=WEIGHT_DECAY)}
LINES, REGEXES, MOST_LINES = 15, 4, 32
SECONDS = {1_000: 0.5, 10_000: 5, 100_000: 60}
"""The most seconds that a draft may take, by the number of parameters."""

COLUMNS = (
    "family",
    "models",
    "equal",
    "clean",
    "init",
    "lines",
    "most",
    "regexes",
    "most",
    "seconds",
    "most",
    "alike",
    "family",
)
HEAD = """\
# Drafts

Written by `python -m benchmarks.drafting`.

## Every model of timm

Each model was built on the meta device, and grouped by timm's `param_groups_layer_decay(model, 0.05, no_weight_decay,
layer_decay=0.75)`. A spec was drafted from an AdamW with these groups, then compiled and compared with timm. It is
equal if each parameter has timm's multiplier, within 1e-12, and timm's weight decay, and clean if nothing is found in
it. "init" is how many specs of `lrspec init --recipe layer-decay` are both; models without a matcher have none. Lines
are counted without comments; lines, regexes and seconds are medians.

The last columns are whether the spec of the member with the fewest parameters, compiled on the one with the most,
equals timm there: among those whose parameters have the same names, numbers aside, and in the whole family, where the
largest may have parts that the smallest has not. A hyphen stands for families with several matchers or none, and where
there are no two to compare.
"""
MISTAKES = """\
## What timm leaves to the rate of the head

No regex of the `group_matcher` finds these parameters, though most of the model comes after them. Drafts give them the
rates that timm gives them.
"""
LARGE = """\
## Large models

Mixtures of experts with names such as `model.layers.31.mlp.experts.127.up_proj.weight`. Seconds are those of the draft
alone; "growth" is how many times as long it takes as one of a tenth of the parameters.
"""


# ------------------------------------------------------------------------------------------------- models of timm


@dataclass(frozen=True)
class Drafted:
    """The draft for a model of timm, and whether it is right."""

    model: Grouped
    file: lrspec.SpecFile
    seconds: float
    clean: bool
    equal: bool
    by_recipe: bool | None
    """Whether what `lrspec init --recipe layer-decay` writes equals timm and is clean; None without a matcher."""

    @classmethod
    def of(cls, model: Grouped) -> Drafted:
        """Draft a spec, compile it, and compare it with timm."""
        begun = time.perf_counter()
        file = draft(model.wanted).file
        seconds = time.perf_counter() - begun
        outcome = attempt(file, model.inventory)
        right = model.equals(outcome.plan)
        return cls(
            model, file, seconds, not outcome.diagnostics, right, None if model.depth is None else by_recipe(model)
        )

    @property
    def size(self) -> int:
        """The number of parameters of the model."""
        return len(self.model.inventory.columns.names)


def by_recipe(model: Grouped) -> bool:
    """Whether what the recipe for layer decay makes of a model equals timm, and has no finding."""
    assert model.depth is not None
    choices = Choices(lr=LR, weight_decay=WEIGHT_DECAY, layer_decay=LAYER_DECAY)
    made = compose("layer-decay", Subject(model.inventory, model.depth), choices, model.wanted.model)
    outcome = attempt(made.file, model.inventory)
    return not outcome.diagnostics and model.equals(outcome.plan)


def lines(file: lrspec.SpecFile) -> int:
    """The number of lines of a spec that are neither empty nor only a comment."""
    stripped = map(str.strip, file.document.text.content.splitlines())
    return sum(line != "" and not line.startswith("#") for line in stripped)


def regexes(file: lrspec.SpecFile) -> int:
    """The number of regexes of a spec."""
    return sum(
        _regexes(rule.match) + _regexes(rule.layers) + _regexes(rule.exclude) + bool(rule.where and rule.where.module)
        for rule in file.spec.rules
    )


def _regexes(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, str):
        return 1
    return sum(map(_regexes, value)) if isinstance(value, list | tuple) else _regexes(value.join)


def carried_over(members: list[Drafted]) -> bool | None:
    """Whether the spec of the smallest equals timm on the largest; None if one is all, or their matchers differ."""
    smallest, largest = (function(members, key=lambda each: each.size) for function in (min, max))
    known = smallest.model.matcher is not None
    if (
        not known
        or smallest.size == largest.size
        or any(each.model.matcher != smallest.model.matcher for each in members)
    ):
        return None
    return largest.model.equals(attempt(smallest.file, largest.model.inventory).plan)


def alike(family: list[Drafted]) -> list[Drafted]:
    """The members whose parameters have the same names, numbers aside: those of as many sizes as possible."""
    by_names: dict[frozenset[str], list[Drafted]] = {}
    for each in family:
        names = frozenset(re.sub(r"\d+", "0", name) for name in each.model.inventory.columns.names)
        by_names.setdefault(names, []).append(each)
    return max(by_names.values(), key=lambda members: len({each.size for each in members}))


def drafts(pattern: str) -> Iterator[list[Drafted]]:
    """The drafts for the models of timm, by family."""
    entries = sorted((timm.model_entrypoint(name).__module__, name) for name in timm.list_models(pattern))
    for module, members in groupby(entries, lambda entry: entry[0]):
        tell(f"timm: {module}")
        yield [Drafted.of(grouped(name)) for _, name in members]


def row(title: str, found: list[Drafted], carried: Iterable[str]) -> tuple[str, ...]:
    """The row of a family, or of all."""
    counts = [lines(each.file) for each in found], [regexes(each.file) for each in found]
    matched = [each.by_recipe for each in found if each.by_recipe is not None]
    seconds = [each.seconds for each in found]
    return (
        title,
        str(len(found)),
        *(bold(str(right), right < len(found)) for right in (sum(e.equal for e in found), sum(e.clean for e in found))),
        bold(str(sum(matched)), not all(matched)),
        *(text for each in counts for text in (f"{median(each):g}", str(max(each)))),
        f"{median(seconds):.2f}",
        f"{max(seconds):.2f}",
        *carried,
    )


def _word(said: bool | None) -> str:
    return {None: "-", True: "yes", False: "**no**"}[said]


def of_timm(pattern: str) -> tuple[str, bool]:
    """The part of the page on models of timm, and whether all their drafts are right."""
    families = list(drafts(pattern))
    carried = [(carried_over(alike(family)), carried_over(family)) for family in families]
    rows = [
        row(family[0].model.family, family, map(_word, said)) for family, said in zip(families, carried, strict=True)
    ]
    every = [each for family in families for each in family]
    rows.append(
        row(
            "all",
            every,
            (f"{column.count(True)} of {len(column) - column.count(None)}" for column in zip(*carried, strict=True)),
        )
    )
    short = [lines(each.file) for each in every]
    percentile = sorted(short)[math.ceil(0.97 * len(short)) - 1]
    said = (
        f"The median spec has {bold(f'{median(short):g}', median(short) > LINES)} lines (at most {LINES}) and "
        f"{median(map(regexes, (each.file for each in every))):g} regexes (at most {REGEXES}); 97 % have at most "
        f"{bold(str(percentile), percentile > MOST_LINES)} lines (at most {MOST_LINES})."
    )
    mistakes = [(each.model.name, f"`{name}`", why) for each in every for name, why in each.model.mistakes()]
    parts = [HEAD, str(Table(COLUMNS, rows)) + "\n", said + "\n", MISTAKES, _mistakes(mistakes)]
    return "\n".join(parts), all(each.equal and each.clean and each.by_recipe is not False for each in every)


def _mistakes(found: list[tuple[str, str, str]]) -> str:
    listed = [f"| {' | '.join(each)} |" for each in found]
    return "\n".join(["| model | parameter | what it is |", "| --- | --- | --- |", *listed]) + "\n"


# -------------------------------------------------------------------------------------------------- large models

Rule = Callable[[str, int], lrspec.Settings | None]
"""What a parameter gets, by its name and the number of layers."""


def layer_decay(name: str, layers: int) -> lrspec.Settings | None:
    """A rate per layer, and no weight decay for norms and embeddings."""
    found = re.search(r"layers\.(\d+)\.", name)
    layer = int(found[1]) + 1 if found else 0 if "embed" in name else layers + 1
    return lrspec.Settings(
        LR * 0.9 ** (layers + 1 - layer), 0 if "norm" in name or "embed" in name else WEIGHT_DECAY, ()
    )


def routers(name: str, _layers: int) -> lrspec.Settings | None:
    """All but routers and norms is frozen, and routers are slower."""
    if "experts" in name or "proj" in name or "embed" in name or "lm_head" in name:
        return None
    return lrspec.Settings(LR * 0.1 if ".gate." in name else LR, 0 if "norm" in name else WEIGHT_DECAY, ())


def some_experts(name: str, _layers: int) -> lrspec.Settings | None:
    """The first four experts of each layer train at a tenth, the others are frozen."""
    found = re.search(r"experts\.(\d+)\.", name)
    if found and int(found[1]) >= 4:
        return None
    return lrspec.Settings(LR * 0.1 if found else LR, WEIGHT_DECAY, ())


def drawn_experts(name: str, _layers: int) -> lrspec.Settings | None:
    """A twentieth of all experts, drawn at random, trains at a tenth; no regex is short for them."""
    found = re.match(r".*experts\.\d+\.", name)
    chosen = found is not None and random.Random(found[0]).random() < 0.05
    return lrspec.Settings(LR * 0.1 if chosen else LR, WEIGHT_DECAY, ())


ASSIGNMENTS: dict[str, Rule] = {
    "a rate per layer": layer_decay,
    "routers and norms alone": routers,
    "four experts a layer": some_experts,
    "experts drawn at random": drawn_experts,
}


def of_large_models(sizes: Iterable[int] = tuple(SECONDS)) -> str:
    """The part of the page on large models."""
    rows, before = list[tuple[str, ...]](), dict[str, float]()
    for size in sizes:
        inventory = lrspec.Inventory.from_model(models.build(f"{size:,}"))
        for title, rule in ASSIGNMENTS.items():
            tell(f"{size:,} parameters: {title}")
            file, seconds = _timed(inventory, rule, models.SIZES[size][0])
            growth = f"{seconds / before[title]:.1f}" if title in before else ""
            before[title] = seconds
            taken = bold(f"{seconds:.2f}", seconds > SECONDS[size])
            count = f"{len(inventory.columns.names):,}"
            rows.append((title, count, str(lines(file)), str(regexes(file)), taken, growth, f"{SECONDS[size]:g}"))
    columns = ("what trains", "parameters", "lines", "regexes", "seconds", "growth", "at most")
    return f"{LARGE}\n{Table(columns, rows)}\n"


def _timed(inventory: lrspec.Inventory, rule: Rule, layers: int) -> tuple[lrspec.SpecFile, float]:
    wanted = Wanted(inventory, [rule(name, layers) for name in inventory.columns.names], BASES)
    begun = time.perf_counter()
    file = draft(wanted).file
    return file, time.perf_counter() - begun


def main() -> None:
    """Draft, print and write."""
    words = _parser().parse_args()
    page, right = of_timm(words.filter)
    page = "\n".join([page, *([] if words.no_large else [of_large_models()]), f"{machine()}\n"])
    print(page, end="")
    output = words.page or (None if words.filter or words.no_large else PAGE)
    if output is not None:
        output.write_text(page, encoding="utf-8")
    sys.exit(not right)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drafting", description="Drafts specs, and times it.")
    parser.add_argument("--filter", default="", help="a pattern for the names of timm's models")
    parser.add_argument("--no-large", action="store_true", help="leave large models out")
    parser.add_argument("--page", type=Path, help="where to write the page")
    return parser


if __name__ == "__main__":
    main()
