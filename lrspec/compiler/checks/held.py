"""The parameters on which settings hold, by the places of the settings in the spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.source import Path


def held(resolution: Resolution, applied: AppliedSetting) -> Iterator[int]:
    """The trained parameters on which a setting holds."""
    winners = resolution.winners[applied.setting.axis] if applied.parameters else {}
    return (p for p in applied.parameters if winners[p] is applied and resolution.trainable(p))


def by_place(
    resolution: Resolution, meant: Callable[[Resolution, AppliedSetting], Iterable[int]]
) -> Iterator[tuple[AppliedSetting, list[int]]]:
    """The settings with a parameter that is meant, each with all of them.

    A multiplier that applies once for each optimizer is one setting.
    """
    places: dict[tuple[int, Path], tuple[AppliedSetting, list[int]]] = {}
    for applied in resolution.applied_settings:
        place = (applied.rule, applied.setting.key)
        places.setdefault(place, (applied, []))[1].extend(meant(resolution, applied))
    yield from ((applied, parameters) for applied, parameters in places.values() if parameters)
