"""Is a parameter left unmatched? Can it be told? LRS201, LRS208."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding


def unmatched_parameter(compilation: Compilation) -> Iterator[Finding]:
    """LRS201: trainable parameters that no rule decides."""
    resolution = compilation.resolution
    found = [first for first in resolution.families.members if _is_unmatched(resolution, first)]
    if found:
        subject = Subject(resolution, ("rules",), None, resolution.families.expand(found))
        rate = "lr: 1e-3" if resolution.spec.bases[resolution.spec.default].lr is None else "lr_mult: 1"
        yield subject.finding(
            "LRS201",
            f"no rule decides the learning rate of {subject.counted('trainable')}",
            "Add a rule that sets it or freezes them; or put last, for all that is left, "
            f"`{{name: rest, fallback: true, {rate}}}`.",
            at_key=True,
        )


def shape_unknown(compilation: Compilation) -> Iterator[Finding]:
    """LRS208: `where` on an inventory that has names only."""
    resolution = compilation.resolution
    for index, selection in enumerate(resolution.selections):
        if selection.unknowable:
            yield Subject(resolution, ("rules", index, "where"), index).finding(
                "LRS208",
                "`where` needs shapes and modules, and these parameters are known by name only",
                "Save an inventory that has them: `lrspec params --model … -o model.params.json`.",
            )


def _is_unmatched(resolution: Resolution, first: int) -> bool:
    return first not in resolution.decided and resolution.trainable(first)
