"""Is something set twice, or multiplied though it is absolute? LRS202, LRS209, LRS210."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, put_last, setting_subject
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.compiler.settings import comparable
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import two_values, value_words
from lrspec.spec.axes import axis_words
from lrspec.spec.language import Thaw


def overlapping_rules(compilation: Compilation) -> Iterator[Finding]:
    """LRS202: two rules that set one axis to different values."""
    resolution = compilation.resolution
    for first, later, parameters in _contested(resolution, equal=False):
        subject, names = setting_subject(resolution, later, parameters), resolution.spec.rule_names
        values = ""
        if later.setting.axis != "layer" and not _varies(resolution, first, later):
            values = f": {' holds, not '.join(two_values(first.setting.value, later.setting.value))}"
        yield subject.finding(
            "LRS202",
            f"`{names[first.rule]}` sets {axis_words(later.setting.axis)} of {subject.counted()} before "
            f"`{names[later.rule]}` does{values}",
            put_last(resolution, [first.rule])
            or "Narrow one of the two (`exclude`, `where`), or put the broader one last, with `fallback: true`.",
        )


def redundant_setting(compilation: Compilation) -> Iterator[Finding]:
    """LRS209: a rule that sets an axis to the value that an earlier rule has given it."""
    resolution = compilation.resolution
    for first, later, parameters in _contested(resolution, equal=True):
        subject, names = setting_subject(resolution, later, parameters), resolution.spec.rule_names
        value = "the same" if _varies(resolution, first, later) else value_words(later.setting.value)
        yield subject.finding(
            "LRS209",
            f"`{names[later.rule]}` sets {axis_words(later.setting.axis)} of {subject.counted()} to "
            f"{value}, as `{names[first.rule]}` already does",
            "Remove it from one of the two rules.",
        )


def scaled_absolute_lr(compilation: Compilation) -> Iterator[Finding]:
    """LRS210: an absolute `lr` that the ladder of another rule multiplies."""
    resolution = compilation.resolution
    scaled: dict[tuple[AppliedSetting, AppliedSetting], list[int]] = {}
    for parameter, rate in resolution.winners.get("lr", {}).items():
        layer = resolution.winner("layer", parameter)
        if layer and rate.setting.key == ("lr",) and rate.rule != layer.rule:
            scaled.setdefault((rate, layer), []).append(parameter)
    for (rate, layer), parameters in scaled.items():
        later = max(rate, layer, key=lambda applied: applied.rule)
        subject, names = setting_subject(resolution, later, parameters), resolution.spec.rule_names
        yield subject.finding(
            "LRS210",
            f"`lr: {value_words(rate.setting.value)}` of `{names[rate.rule]}` is absolute, and on {subject.counted()} "
            f"the ladder of `{names[layer.rule]}` would multiply it",
            "Exclude them from the ladder (`exclude`), or use a multiplier instead: `lr_mult` or `lr_scale`.",
        )


def _contested(resolution: Resolution, *, equal: bool) -> Iterator[tuple[AppliedSetting, AppliedSetting, list[int]]]:
    """Each setting that comes too late, with the one that holds and the parameters on which both are set.

    Their values are equal, or they differ; on the layer axis they always differ. A setting that applies once for each
    value is one setting.
    """
    settings: dict[tuple[int, str], dict[int, tuple[AppliedSetting, AppliedSetting, list[int]]]] = {}
    for later in resolution.applied_settings:
        axis, value = later.setting.axis, comparable(later.setting.value)
        by_winner = settings.setdefault((later.rule, axis), {})
        for parameter in later.parameters:
            first = resolution.winners[axis][parameter]
            if first is later or first.setting.missing or later.setting.missing:
                continue
            same = axis != "layer" and bool(comparable(first.setting.value) == value)
            if same == equal:
                by_winner.setdefault(first.rule, (first, later, []))[2].append(parameter)
    for by_winner in settings.values():
        for rule in sorted(by_winner):
            yield by_winner[rule]


def _varies(resolution: Resolution, first: AppliedSetting, later: AppliedSetting) -> bool:
    """Return whether the values of two contesting settings depend on the optimizer, the shape or the layer."""
    if first.setting.axis == "freeze":
        thaws = [resolution.spec.rules[applied.rule].freeze for applied in (first, later)]
        return any(isinstance(thaw, Thaw) and thaw.by_layer for thaw in thaws)
    several = len(resolution.spec.bases) > 1
    return any(each.setting.factor is not None or (several and each.setting.is_multiple) for each in (first, later))
