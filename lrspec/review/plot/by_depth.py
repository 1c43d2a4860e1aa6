"""The picture of a plan by depth: learning rates above, weight decay below, for each module in model order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.escape import printable
from lrspec.review.plot.columns import columns_of, labels, shortened
from lrspec.review.plot.looks import LEAST, Looks
from lrspec.review.plot.marks import marks_of
from lrspec.review.plot.panels import Panel, panels_of
from lrspec.review.plot.style import LETTER, LINE, SIZE, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_LONGEST = 24  # letters of a label
_ORDER = ", in model order"
_SIDE = 0.65  # inches to the left of the panels


def by_depth(plan: Plan, theme: Theme, width: float) -> Figure:
    """Return the figure; `width` is in inches."""
    columns = columns_of(plan.inventory.columns.names)
    marks, words = marks_of(plan, columns), labels([printable(name) for name in columns.names], _LONGEST)
    gap = (width - _SIDE) / len(words)
    looks, named, panels = Looks(plan, marks, theme, gap), _named(words, gap), panels_of(marks)
    figure, drawn = _framed(panels, [*looks.legend()], width, max(len(words[place]) for place in named))
    for axes, panel in zip(drawn, panels, strict=True):
        _draw(axes, panel, looks)
    _label_columns(drawn[-1], words, named)
    figure.supxlabel(_axis_name(printable(plan.inventory.source) or "the model", int(width / LETTER)), size=SIZE)
    figure.align_ylabels()
    return figure


def _framed(
    panels: Sequence[Panel], legend: Sequence[Line2D], width: float, letters: int
) -> tuple[Figure, Sequence[Axes]]:
    """A figure of empty panels below a legend, with room for labels of so many letters below them."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    beside = max(1, int(width / max(((len(str(entry.get_label())) + 4) * LETTER for entry in legend), default=width)))
    rows, heights = -(-len(legend) // beside), [panel.height for panel in panels]
    layout = ConstrainedLayoutEngine(h_pad=0.02, w_pad=0.02, hspace=0)
    height = sum(heights) + letters * LETTER + (rows + 2.5) * LINE
    figure = Figure(figsize=(width, height), layout=layout)
    if legend:
        figure.legend(handles=legend, loc="outside upper left", ncols=beside, columnspacing=1, borderpad=0)
    return figure, [*figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=heights)[:, 0]]


def _draw(axes: Axes, panel: Panel, looks: Looks) -> None:
    axes.set_ylabel(panel.label)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)
    runs = groupby(panel.marks, lambda mark: (looks.of(mark), looks.area(mark.elements) == LEAST))
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
    return max(LINE, (len(word) + 0.5) * LETTER) if word.isdecimal() else LINE


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
