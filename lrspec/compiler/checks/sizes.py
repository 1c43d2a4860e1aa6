"""Do parameters have the sizes that factors are made of, and are they known? LRS208 of a factor, LRS214 of a size."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.checks.holding import by_place, held
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.spec.language import SizeFactor

_WHAT_HAS = {"rows": "only matrices have rows", "cols": "only matrices have columns"}
_FANS = "only matrices other than embeddings, and convolutions, have one"


def size_unknown(compilation: Compilation) -> Iterator[Finding]:
    """LRS208: a factor from shapes in a rule that selects parameters known only by name."""
    resolution = compilation.resolution
    for index, rule in enumerate(resolution.spec.rules):
        for key in ("lr_scale", "weight_decay_mult"):
            if isinstance(getattr(rule, key), SizeFactor) and _selects_unknown(resolution, index):
                yield Subject(resolution, ("rules", index, key), index).finding(
                    "LRS208",
                    f"`{key}` needs shapes, but parameters that this rule selects are known only by name",
                    "Save an inventory that has them: `lrspec params --model … -o model.params.json`.",
                )


def no_such_size(compilation: Compilation) -> Iterator[Finding]:
    """LRS214: a factor from a size that trained parameters do not have."""
    resolution = compilation.resolution
    for applied, without in by_place(resolution, _without_size):
        key = applied.setting.key[0]
        of = getattr(resolution.spec.rules[applied.rule], key).of
        members = resolution.families.expand(without)
        subject = Subject(resolution, ("rules", applied.rule, key, "of"), applied.rule, members)
        matrices = all(len(resolution.columns.shapes[member] or ()) == 2 for member in members)
        narrow = "" if matrices else "`where: {ndim: 2}` keeps matrices, and "
        yield subject.finding(
            "LRS214",
            f"{subject.counted()} {'has' if len(members) == 1 else 'have'} no `{of}`: {_WHAT_HAS.get(of, _FANS)}",
            f"Narrow the rule: {narrow}`exclude` drops others.",
        )


def _without_size(resolution: Resolution, applied: AppliedSetting) -> Iterator[int]:
    """The trained parameters on which a factor holds that has no size there; none if shapes are not known."""
    if applied.setting.missing and not _selects_unknown(resolution, applied.rule):
        yield from held(resolution, applied)


def _selects_unknown(resolution: Resolution, rule: int) -> bool:
    return any(resolution.columns.shapes[parameter] is None for parameter in resolution.selections[rule].parameters)
