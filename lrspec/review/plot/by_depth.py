"""The picture of a plan by depth: learning rates above, weight decay below, for each module in model order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.escape import printable
from lrspec.review.plot.columns import columns_of, labels, shortened
from lrspec.review.plot.marks import Mark, marks_of
from lrspec.review.plot.style import MARKERS, SIZE, Theme
from lrspec.review.plot.value_axis import scale_decays, scale_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_POINT = 1 / 72  # inches
_LINE = 1.4 * SIZE * _POINT  # inches: a row of text, or from one label to the next
_LETTER = 0.62 * SIZE * _POINT  # inches
_LONGEST = 24  # letters of a label
_ORDER = ", in model order"
_SIDE = 0.65  # inches to the left of the panels
_LEAST, _IN_LEGEND, _MOST = 4.0, 20.0, 95.0  # square points of a mark: a bias is seen beside an embedding
_APART = 300  # marks
_HEIGHTS = (0.45, 0.75, 1.0, 1.4)  # inches, for as many learning rates, and for more


class Panel(NamedTuple):
    """Marks with their values on an axis, or in `rows` where they have none: frozen, or not set."""

    label: str
    height: float
    marks: Sequence[Mark]
    value: Callable[[Mark], float]
    scale: Callable[[Axes, list[float]], None]


def by_depth(plan: Plan, theme: Theme, width: float) -> Figure:
    """Return the figure; `width` is in inches."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = columns_of(plan.inventory.columns.names)
    marks, words = marks_of(plan, columns), labels([printable(name) for name in columns.names], _LONGEST)
    panels = [*_rates(marks), *_decays(marks)]
    heights = [panel.height for panel in panels]
    gap = (width - _SIDE) / len(words)
    named = _named(words, gap)
    around = (
        max(len(words[place]) for place in named) * _LETTER + 3.5 * _LINE
    )  # labels, the name of the axis and the legend
    layout = ConstrainedLayoutEngine(h_pad=0.02, w_pad=0.02, hspace=0)
    figure = Figure(figsize=(width, sum(heights) + around), layout=layout)
    drawn = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    looks = _Looks(plan, marks, theme, gap)
    for axes, panel in zip(drawn, panels, strict=True):
        _draw(axes, panel, looks)
    _label_columns(drawn[-1], words, named)
    figure.supxlabel(_axis_name(printable(plan.inventory.source) or "the model", int(width / _LETTER)), size=SIZE)
    figure.align_ylabels()
    if handles := list(looks.legend()):
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), columnspacing=1, borderpad=0)
    return figure


def _rates(marks: Sequence[Mark]) -> Iterator[Panel]:
    rated = [mark for mark in marks if mark.lr]
    if rated:
        height = _HEIGHTS[min(len({mark.lr for mark in rated}), len(_HEIGHTS)) - 1]
        yield Panel(
            "learning\nrate" if height < 1 else "learning rate", height, rated, lambda mark: mark.lr or 0.0, scale_rates
        )
    unset, zero = "rate not set", "rate 0"
    rows = {unset: lambda mark: mark.lr is None and not mark.frozen, zero: lambda mark: mark.lr == 0}
    yield from _rows(marks, {"frozen": lambda mark: mark.frozen, **rows})


def _decays(marks: Sequence[Mark]) -> Iterator[Panel]:
    decaying = [mark for mark in marks if mark.weight_decay is not None]
    if decaying:
        height = 0.6 if any(mark.weight_decay for mark in decaying) else 0.35
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
        yield Panel("", 1.3 * _LINE * len(rows), [*placed], placed.__getitem__, scale)


class Look(NamedTuple):
    """A marker, the part of the square of its size that it fills, and its colours."""

    marker: str
    share: float
    inside: str
    edge: str


class _Looks:
    """How marks look: marker and colour are the optimizer, the area the elements; hollow ones are frozen at first."""

    def __init__(self, plan: Plan, marks: Sequence[Mark], theme: Theme, gap: float) -> None:
        self.optimizers, self.marks, self.theme = plan.optimizers, marks, theme
        self.most = min(max(1.5 * (gap / _POINT) ** 2, 3 * _LEAST), _MOST)
        self.rim = 0.4 if len(marks) <= _APART else 0.0  # the rims of many would cover all that is inside of them
        known = [mark.elements for mark in marks if mark.elements is not None]
        self.elements = max(known) if known and len(known) == len(marks) else None

    def area(self, elements: int | None) -> float:
        """The area of a mark in square points; all have the same if a shape is not known."""
        return (
            min(4 * _LEAST, self.most)
            if not self.elements
            else max(self.most * (elements or 0) / self.elements, _LEAST)
        )

    def of(self, mark: Mark) -> Look:
        """The look of a mark, but for its size."""
        place = self.optimizers.index(mark.optimizer) if mark.optimizer else 0
        color = self.theme.frozen if mark.frozen else self.theme.colors[place % len(self.theme.colors)]
        inside, edge = (self.theme.background, color) if mark.waits else (color, self.theme.background)
        return Look(*MARKERS[place % len(MARKERS)], inside, edge)

    def legend(self) -> Iterator[Line2D]:
        """The entries of the legend: the optimizers if there are several, and what else is to be explained."""
        firsts = {mark.optimizer: mark for mark in self.marks if mark.optimizer and not mark.waits}
        if len(self.optimizers) > 1:
            yield from (self._entry(name, firsts[name]) for name in self.optimizers if name in firsts)
        if waiting := next((mark for mark in self.marks if mark.waits), None):
            yield self._entry("frozen at first", waiting)
        if self.elements:
            power = 10 ** int(math.log10(self.elements))
            look = Look(*MARKERS[0], self.theme.background, self.theme.text)
            yield _entry(f"{power:,} elements", look, self.area(power))

    def _entry(self, label: str, mark: Mark) -> Line2D:
        return _entry(printable(label), self.of(mark), _IN_LEGEND)


def _entry(label: str, look: Look, area: float) -> Line2D:
    from matplotlib.lines import Line2D

    entry = Line2D([], [], ls="", marker=look.marker, markersize=math.sqrt(area / look.share), label=label)
    entry.set_markerfacecolor(look.inside)
    entry.set_markeredgecolor(look.edge)
    entry.set_markeredgewidth(0.6)
    return entry


def _draw(axes: Axes, panel: Panel, looks: _Looks) -> None:
    axes.set_ylabel(panel.label)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)
    runs = groupby(panel.marks, lambda mark: (looks.of(mark), looks.area(mark.elements) == _LEAST))
    for order, ((look, _), run) in enumerate(runs):  # since a call takes long, and one size is written once
        marks = [*run]
        x, y = [mark.x for mark in marks], [panel.value(mark) for mark in marks]
        sizes = [looks.area(mark.elements) / look.share for mark in marks]
        size = sizes if len({*sizes}) > 1 else sizes[:1]
        points = axes.scatter(x, y, size, c=look.inside, marker=look.marker, clip_on=False, zorder=3 + order / 1e6)
        points.set_edgecolor(look.edge)
        points.set_linewidth(0.8 if marks[0].waits else looks.rim)
    panel.scale(axes, [panel.value(mark) for mark in panel.marks])


def _label_columns(axes: Axes, words: Sequence[str], kept: Sequence[int]) -> None:
    """Name the columns, names upright and numbers level."""
    axes.set_xticks(kept, [words[place] for place in kept])
    axes.set_xlim(-0.8, len(words) - 0.2)
    for label in axes.get_xticklabels():
        label.set_rotation(0 if label.get_text().isdecimal() else 90)


def _named(words: Sequence[str], gap: float) -> list[int]:
    """The columns for whose labels there is room, so many inches from each other: the most important ones first."""
    kept: list[int] = []
    for place in sorted(range(len(words)), key=lambda place: (_rank(words, place), place)):
        if all(abs(place - other) * gap >= (_room(words[place]) + _room(words[other])) / 2 for other in kept):
            kept.append(place)
    return sorted(kept)


def _room(word: str) -> float:
    return max(_LINE, (len(word) + 0.5) * _LETTER) if word.isdecimal() else _LINE


def _rank(words: Sequence[str], place: int) -> int:
    """How important a label is: the first of some blocks, and the head; other names; the last block; other blocks."""
    numbered, last = words[place].isdecimal(), place + 1 == len(words)
    before_number = not last and words[place + 1].isdecimal()
    if numbered:
        return 3 if before_number else 2
    return 0 if before_number or last else 1


def _axis_name(model: str, letters: int) -> str:
    """The name of the x axis in at most so many letters."""
    name = f"modules of {model}"
    if len(name) + len(_ORDER) <= letters:
        return name + _ORDER
    return f"modules of {shortened(model, letters - len('modules of '))}"
