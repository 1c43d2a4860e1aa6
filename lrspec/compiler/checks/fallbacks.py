"""Does a fallback change more than what is left? LRS312."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, setting_subject
from lrspec.compiler.checks.holding import by_place, held, values_without
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.compiler.settings import comparable
from lrspec.diagnostics.diagnostic import Finding
from lrspec.spec.axes import AXES, axis_words


def fallback_beyond_rest(compilation: Compilation) -> Iterator[Finding]:
    """LRS312: a fallback that sets a rate, and something else on parameters that an earlier rule has decided."""
    resolution = compilation.resolution
    names = resolution.spec.rule_names
    for applied, changed in by_place(resolution, _changed):
        subject = setting_subject(resolution, applied, changed)
        earlier = sorted({rule for parameter in changed for rule in _deciding(resolution, parameter, applied.rule)})
        decided = " and ".join(f"`{names[rule]}`" for rule in earlier)
        yield subject.finding(
            "LRS312",
            f"the fallback `{names[applied.rule]}` also sets {axis_words(applied.setting.axis)} of "
            f"{subject.counted()} whose rate comes from {decided}",
            "A fallback leaves their rate alone, but sets everything else that is unset. If it is meant for them, "
            "put it in a rule of its own; if not, repeat in the earlier rule what they should have.",
        )


def _changed(resolution: Resolution, applied: AppliedSetting) -> Iterator[int]:
    """The trained parameters decided before a setting of a fallback, which have another value because of it."""
    rule, axis = resolution.spec.rules[applied.rule], applied.setting.axis
    only_what_is_left = axis in AXES and AXES[axis].decides
    if not rule.fallback or not rule.sets_rate or only_what_is_left or axis.startswith("tags."):
        return
    decided = [p for p in held(resolution, applied) if _deciding(resolution, p, applied.rule)]
    value = comparable(applied.setting.value)
    for parameter, other in zip(decided, values_without(resolution, applied, decided), strict=True):
        if comparable(other) != value:
            yield parameter


def _deciding(resolution: Resolution, parameter: int, before: int) -> list[int]:
    """The rules before another that decide a parameter that is trained."""
    winners = (resolution.winner(axis, parameter) for axis in ("lr", "layer"))
    return [applied.rule for applied in winners if applied and applied.rule < before]
