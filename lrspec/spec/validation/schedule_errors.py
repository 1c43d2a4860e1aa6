"""Checks how the segments of `schedules` combine, on plain values as `cross_field.py` does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import Path
from lrspec.spec.times import Time, is_time
from lrspec.spec.validation.key_errors import keys_at


def schedule_findings(content: dict[str, Any]) -> Iterator[Finding]:
    """Yield the LRS104 of the segments of each schedule."""
    schedules = content.get("schedules")
    for name, segments in schedules.items() if isinstance(schedules, dict) else ():
        if isinstance(segments, list):
            yield from _ends(segments, ("schedules", name))
            yield from _shapes(segments, ("schedules", name))


def _ends(segments: list[Any], path: Path) -> Iterator[Finding]:
    """All segments but the last end, each after those before it; a misspelt `until` is not missing as well."""
    latest: dict[bool, Time] = {}
    known, _ = keys_at((*path, 0))
    for number, segment in enumerate(segments):
        if not isinstance(segment, dict):
            continue
        if "until" not in segment and number + 1 < len(segments) and segment.keys() <= set(known):
            message = "the segment does not say when it ends\nAdd `until`; only the last segment needs none."
            yield Finding("LRS104", (*path, number), message)
        until: Any = segment.get("until")
        if is_time(until):
            time = Time.of(until)
            before = latest.get(time.is_percentage)
            if before is not None and time.amount <= before.amount:
                message = f"the segment ends at {until}, which is not after {before.value}, where an earlier one ends"
                advice = "Segments go from left to right: give each a later `until`."
                yield Finding("LRS104", (*path, number, "until"), f"{message}\n{advice}")
            latest[time.is_percentage] = time


def _shapes(segments: list[Any], path: Path) -> Iterator[Finding]:
    """`inverse_sqrt` goes where its formula leads, and `exponential` never reaches or leaves 0."""
    begins: Any = 1.0
    for number, segment in enumerate(segments):
        if not isinstance(segment, dict):
            continue
        here, shape = (*path, number), segment.get("shape")
        begins, ends = segment.get("from", begins), segment.get("to", 1.0)
        if shape == "inverse_sqrt" and "to" in segment:
            message = "`inverse_sqrt` excludes `to`: it falls with one over the square root of the step"
            later = max(("shape", "to"), key=list(segment).index)
            yield Finding("LRS104", (*here, later), f"{message}\nRemove one or the other.", at_key=True)
        for key, factor in (("from", begins), ("to", ends)) if shape == "exponential" else ():
            if factor == 0 and not isinstance(factor, bool):
                message = f"an `exponential` segment cannot {'begin' if key == 'from' else 'end'} at 0"
                place = key if key in segment else "shape"
                yield Finding("LRS104", (*here, place), f"{message}\nUse a factor above 0, or another shape.")
        begins = begins if shape == "inverse_sqrt" else ends
