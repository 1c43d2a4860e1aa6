"""Does taking weight decay away reach all that it is meant for, and is there any to take? LRS317, LRS318."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject, setting_subject, unjudged
from lrspec.compiler.checks.holding import base_decay, by_place, decay_of, held, values_without
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.compiler.selection import select
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import spell
from lrspec.diagnostics.wording import number
from lrspec.regex.search import SlowRegexError
from lrspec.spec.language import Where
from lrspec.spec.torch_optim import ARGUMENTS


def scalars_decay(compilation: Compilation) -> Iterator[Finding]:
    """LRS317: a rule that spares one dimension only, while parameters without dimensions decay."""
    resolution = compilation.resolution
    for index, where in _sparing_vectors(resolution):
        scalars = [p for p in resolution.families.members if _decays_by_default(resolution, p)]
        if not scalars:
            continue
        rule = resolution.spec.rules[index].model_copy(update={"where": where.model_copy(update={"ndim": 0})})
        regexes, path = resolution.selections[index].regexes, ("rules", index)
        try:
            reached = select(rule, regexes, resolution.names.judging, path).parameters
        except SlowRegexError as error:
            yield unjudged(resolution, "LRS317", index, error.pattern, "whether parameters without dimensions decay")
            continue
        subject = Subject(
            resolution,
            (*path, "where", "ndim"),
            index,
            resolution.families.expand(scalar for scalar in scalars if scalar in reached),
        )
        if subject.parameters:
            decay = number(base_decay(resolution.base_of(resolution.families.representative_of[subject.parameters[0]])))
            yield subject.finding(
                "LRS317",
                f"`ndim: 1` leaves out {subject.counted()} without dimensions, whose weight decay is {decay}",
                "Use `ndim: [0, 1]`; if they are to decay, say so in a rule (`weight_decay`).",
            )


def nothing_to_spare(compilation: Compilation) -> Iterator[Finding]:
    """LRS318: a rule that takes weight decay away where there is none, as when that of the optimizer is forgotten."""
    resolution = compilation.resolution
    spared_by = list(by_place(resolution, _spared))
    decaying = _decaying(resolution) if spared_by else frozenset()
    for applied, spared in spared_by:
        optimizers = sorted({resolution.optimizer_of(parameter) for parameter in spared})
        if not decaying.isdisjoint(optimizers) or any(values_without(resolution, applied, spared)):
            continue
        as_written = (compilation.written[name].weight_decay for name in optimizers)
        in_this_run = (resolution.spec.bases[name].weight_decay for name in optimizers)
        if list(as_written) != list(in_this_run):  # a sweep without weight decay has not forgotten it
            continue
        bases = [spell((*resolution.spec.base_path(name), "weight_decay")) for name in optimizers]
        classes = " or ".join(dict.fromkeys(str(resolution.spec.bases[name].type) for name in optimizers))
        yield setting_subject(resolution, applied, spared).finding(
            "LRS318",
            f"`{applied.setting.key[0]}: 0` has nothing to take away: nothing trained by {classes} has any weight "
            "decay",
            f"Set {' or '.join(f'`{base}`' for base in bases)}, or remove it from this rule.",
        )


def _sparing_vectors(resolution: Resolution) -> Iterator[tuple[int, Where]]:
    """The rules that take weight decay away from parameters of one dimension and no others."""
    for index, rule in enumerate(resolution.spec.rules):
        where, selected = rule.where, resolution.selections[index].parameters
        ndim = where.ndim if where else None
        if (
            selected
            and where
            and set(ndim if isinstance(ndim, tuple) else (ndim,)) == {1}
            and _takes_decay_away(resolution, index)
        ):
            yield index, where


def _takes_decay_away(resolution: Resolution, rule: int) -> bool:
    """Return whether a rule says that there is no weight decay."""
    return 0 in (resolution.spec.rules[rule].weight_decay, resolution.spec.rules[rule].weight_decay_mult)


def _spared(resolution: Resolution, applied: AppliedSetting) -> Iterator[int]:
    """The trained parameters from which a setting takes weight decay away."""
    if applied.setting.axis == "weight_decay" and _takes_decay_away(resolution, applied.rule):
        yield from held(resolution, applied)


def _decays_by_default(resolution: Resolution, parameter: int) -> bool:
    """Return whether a parameter without dimensions is trained with a weight decay that no rule gives it."""
    if resolution.columns.shapes[parameter] != () or not resolution.trainable(parameter):
        return False
    return resolution.winner("weight_decay", parameter) is None and base_decay(resolution.base_of(parameter)) > 0


def _decaying(resolution: Resolution) -> frozenset[str]:
    """The optimizers that train a parameter with weight decay, or whose class is not known."""
    names = {name for name, base in resolution.spec.bases.items() if base.type not in ARGUMENTS}
    for parameter in resolution.families.members:
        if decay_of(resolution, parameter) > 0 and resolution.trainable(parameter):
            names.add(resolution.optimizer_of(parameter))
    return frozenset(names)
