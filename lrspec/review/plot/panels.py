"""The panels of a plot by depth: learning rates, weight decay, and rows for marks that no scale could show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lrspec.review.plot.marks import Mark
from lrspec.review.plot.style import LINE
from lrspec.review.plot.value_axis import scale_decays, scale_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHTS = (0.45, 0.75, 1.0, 1.4)  # inches, for one learning rate, two, three, and more
_DECAYS, _NO_DECAYS = 0.6, 0.35  # inches


class Panel(NamedTuple):
    """Marks with their values, and what scales the axes for these."""

    label: str
    height: float
    marks: Sequence[Mark]
    value: Callable[[Mark], float]
    scale: Callable[[Axes, list[float]], None]


def panels_of(marks: Sequence[Mark]) -> list[Panel]:
    """Return the panels, from above."""
    return [*_rates(marks), *_decays(marks)]


def _rates(marks: Sequence[Mark]) -> Iterator[Panel]:
    rated = [mark for mark in marks if mark.lr]
    if rated:
        height = _HEIGHTS[min(len({mark.lr for mark in rated}), len(_HEIGHTS)) - 1]
        label = "learning\nrate" if height < 1 else "learning rate"
        yield Panel(label, height, rated, lambda mark: mark.lr or 0.0, scale_rates)
    unset, zero = "rate not set", "rate 0"
    rows = {unset: lambda mark: mark.lr is None and not mark.frozen, zero: lambda mark: mark.lr == 0}
    yield from _rows(marks, {"frozen": lambda mark: mark.frozen, **rows})


def _decays(marks: Sequence[Mark]) -> Iterator[Panel]:
    decaying = [mark for mark in marks if mark.weight_decay is not None]
    if decaying:
        height = _DECAYS if any(mark.weight_decay for mark in decaying) else _NO_DECAYS
        yield Panel("weight\ndecay", height, decaying, lambda mark: mark.weight_decay or 0.0, scale_decays)
    unset = "not set" if decaying else "weight decay\nnot set"
    yield from _rows(marks, {unset: lambda mark: mark.weight_decay is None and not mark.frozen})


def _rows(marks: Sequence[Mark], rows: dict[str, Callable[[Mark], bool]]) -> Iterator[Panel]:
    """A panel for marks without a number, a row for each reason that there is; none if there are no such marks."""
    rows = {row: within for row, within in rows.items() if any(map(within, marks))}
    placed = {mark: place for mark in marks for place, within in enumerate(rows.values()) if within(mark)}

    def scale(axes: Axes, _: list[float]) -> None:
        axes.set_yticks(range(len(rows)), [*rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)

    if rows:
        yield Panel("", 1.3 * LINE * len(rows), [*placed], placed.__getitem__, scale)
