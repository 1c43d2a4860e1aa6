"""How marks look: marker and colour are the optimizer, the area the elements; hollow ones are frozen at first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.escape import printable
from lrspec.review.plot.marks import Mark
from lrspec.review.plot.style import MARKERS, POINT, Theme, cut

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

LEAST = 4.0
"""Square points: the area of the smallest mark, so that a bias is seen beside an embedding."""

_IN_LEGEND, _MOST = 20.0, 95.0  # square points
_APART = 300  # marks


class Look(NamedTuple):
    """A marker, the part of the square of its size that it fills, and its colours."""

    marker: str
    share: float
    inside: str
    edge: str


class Looks:
    """The looks of the marks of a plan, whose columns are `gap` inches wide."""

    def __init__(self, plan: Plan, marks: Sequence[Mark], theme: Theme, gap: float) -> None:
        self.optimizers, self.marks, self.theme = plan.optimizers, marks, theme
        self.most = min(max(1.5 * (gap / POINT) ** 2, 3 * LEAST), _MOST)
        self.rim = 0.4 if len(marks) <= _APART else 0.0  # the rims of many would cover all that is inside of them
        known = [mark.elements for mark in marks if mark.elements is not None]
        self.elements = max(known) if known and len(known) == len(marks) else None

    def area(self, elements: int | None) -> float:
        """The area of a mark in square points; all have the same if a shape is not known."""
        if not self.elements:
            return min(4 * LEAST, self.most)
        return max(self.most * (elements or 0) / self.elements, LEAST)

    def of(self, mark: Mark) -> Look:
        """The look of a mark, but for its size."""
        place = self.optimizers.index(mark.optimizer) if mark.optimizer else 0
        color = self.theme.frozen if mark.frozen else self.theme.colors[place % len(self.theme.colors)]
        inside, edge = (self.theme.background, color) if mark.waits else (color, self.theme.background)
        return Look(*MARKERS[place % len(MARKERS)], inside, edge)

    def legend(self) -> Iterator[Line2D]:
        """The entries of the legend: the optimizers if there are several, and what else is to be explained."""
        firsts = {mark.optimizer: replace(mark, waits=False) for mark in self.marks}
        if len(self.optimizers) > 1:
            yield from (self._entry(name, firsts[name]) for name in self.optimizers if name in firsts)
        if waiting := next((mark for mark in self.marks if mark.waits), None):
            yield self._entry("frozen at first", waiting)
        if self.elements:
            power = 10 ** int(math.log10(self.elements))
            look = Look(*MARKERS[0], self.theme.background, self.theme.text)
            yield _entry(f"{power:,} elements", look, self.area(power))

    def _entry(self, label: str, mark: Mark) -> Line2D:
        return _entry(cut(printable(label)), self.of(mark), _IN_LEGEND)


def _entry(label: str, look: Look, area: float) -> Line2D:
    from matplotlib.lines import Line2D

    entry = Line2D([], [], ls="", marker=look.marker, markersize=math.sqrt(area / look.share), label=label)
    entry.set_markerfacecolor(look.inside)
    entry.set_markeredgecolor(look.edge)
    entry.set_markeredgewidth(0.6)
    return entry
