"""Does a rule decide every parameter, and is that known? LRS201, LRS208."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.diagnostics.diagnostic import Finding


def unmatched_parameter(compilation: Compilation) -> Iterator[Finding]:
    """LRS201: trainable parameters that no rule decides."""
    resolution = compilation.resolution
    undecided = [index for index in resolution.families.members if index not in resolution.decided]
    unmatched = [index for index in undecided if resolution.trainable(index)]
    if unmatched:
        subject = Subject(resolution, ("rules",), None, resolution.families.expand(unmatched))
        rate = "lr: 1e-3" if resolution.spec.bases[resolution.spec.default].lr is None else "lr_mult: 1"
        yield subject.finding(
            "LRS201",
            f"no rule decides the learning rate of {subject.counted('trainable')}",
            "Add a rule that sets it or freezes them; or, for all that remain, put last "
            f"`{{name: rest, fallback: true, {rate}}}`.",
            at_key=True,
        )


def shape_unknown(compilation: Compilation) -> Iterator[Finding]:
    """LRS208: `where` on an inventory that does not have what it asks for."""
    resolution = compilation.resolution
    for index, selection in enumerate(resolution.selections):
        where = resolution.spec.rules[index].where
        if selection.unknowable and where:
            message, them = "`where` needs shapes and modules, but these parameters are known only by name", "them"
            if where.declared is not None and None in resolution.columns.declared:
                message, them = "`declared` needs what the model declares, which the inventory does not have", "it"
            yield Subject(resolution, ("rules", index, "where"), index).finding(
                "LRS208",
                message,
                f"Save an inventory that has {them}: `lrspec params --model … -o model.params.json`.",
            )
