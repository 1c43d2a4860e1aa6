"""Does a parameter get weight decay that the model declares to be without? LRS311."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Source, Subject, base_source, setting_source
from lrspec.compiler.checks.holding import decay_of
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding


def declared_decay(compilation: Compilation) -> Iterator[Finding]:
    """LRS311: trained parameters that the model declares as `no_weight_decay`, by what gives them weight decay."""
    resolution = compilation.resolution
    by_source: dict[Source, list[int]] = {}
    for representative in resolution.families.members:
        declared = "no_weight_decay" in (resolution.columns.declared[representative] or ())
        if declared and resolution.trainable(representative) and (source := _decay_source(resolution, representative)):
            by_source.setdefault(source, []).append(representative)
    for (rule, path), representatives in by_source.items():
        subject = Subject(resolution, path, rule, resolution.families.expand(representatives))
        place = "Add" if rule is None else f"Put before `{resolution.spec.rule_names[rule]}`"
        have, them = ("has", "it") if len(subject.parameters) == 1 else ("have", "them")
        yield subject.finding(
            "LRS311",
            f"{subject.counted()} {have} weight decay, though the model declares {them} as `no_weight_decay`",
            f"{place} the rule `{{where: {{declared: no_weight_decay}}, weight_decay: 0}}`.",
            at_key=path == ("rules",),
        )


def _decay_source(resolution: Resolution, representative: int) -> Source | None:
    """What gives a parameter weight decay; None if it gets none, or if no setting of the spec is about weight decay."""
    if decay_of(resolution, representative) == 0:
        return None
    if applied := resolution.winner("weight_decay", representative):
        return setting_source(applied)
    if resolution.base_of(representative).weight_decay is None:  # the class's own
        return (None, ("rules",)) if _is_about_decay(resolution) else None
    return base_source(resolution, representative, "weight_decay")


def _is_about_decay(resolution: Resolution) -> bool:
    """Return whether the spec sets any weight decay."""
    of_optimizers = any(base.weight_decay is not None for base in resolution.spec.bases.values())
    return of_optimizers or any(applied.setting.axis == "weight_decay" for applied in resolution.applied_settings)
