"""The picture of a run: the learning rate of each group over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import count
from lrspec.review.plot.curves import Curve, curves_of
from lrspec.review.plot.style import Theme, cut, spread
from lrspec.review.plot.value_axis import scale_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMED = 7  # curves that the legend names
_FALL = 1000  # how far the scale goes below the lowest peak; a rate of 0 is below it
_STYLES = ("-", (0, (5, 1)), (0, (4, 1, 1, 1)))  # one for each optimizer
_FROZEN = (0, (1, 2))


def over_time(plan: Plan, steps: int, theme: Theme, width: float) -> Figure:
    """Return the figure for a run of so many steps; `width` is in inches."""
    from matplotlib.figure import Figure

    shown, curves = curves_of(plan, steps)
    curves = sorted(curves, key=lambda curve: -max(curve.rates))
    named = _named(len(curves))
    figure = Figure(figsize=(width, 1.9 + 0.14 * (len(named) + 1)), layout="constrained")
    axes = figure.subplots()
    for place, (curve, color) in enumerate(zip(curves, spread(theme, len(curves)), strict=True)):
        label = _label(curve) if place in named else None
        _draw(axes, shown, curve, color=color, label=label, ls=_style(plan, curve), lw=1.2 if len(curves) < 10 else 0.8)
    _scale(axes, curves, steps)
    if curves:
        figure.legend(handles=[*_legend(axes, curves, named)], loc="outside lower left", borderpad=0, labelspacing=0.3)
    return figure


def _named(curves: int) -> set[int]:
    """The curves that the legend names: all, or the highest, the lowest and some between them."""
    if curves <= _NAMED:
        return set(range(curves))
    return {(curves - 1) * place // (_NAMED - 1) for place in range(_NAMED)}


def _label(curve: Curve) -> str:
    first, *others = curve.groups
    more = f" and {count(len(others), 'other group')}" if others else ""
    optimizer = f" ({cut(printable(curve.optimizer))})" if curve.optimizer else ""
    return f"{cut(printable(first))}{more}{optimizer}"


def _style(plan: Plan, curve: Curve) -> Any:
    """The style of an optimizer's lines."""
    place = plan.optimizers.index(curve.optimizer) if curve.optimizer else 0
    return _STYLES[place % len(_STYLES)]


def _draw(axes: Axes, shown: Sequence[int], curve: Curve, *, ls: Any, label: str | None, **look: Any) -> None:
    """Draw a curve, dotted as long as all of its parameters are frozen."""
    points = [*zip(shown, curve.rates, strict=True)]
    frozen = [point for point in points if point[0] <= curve.begins] if curve.begins else []
    trained = [point for point in points if point[0] >= curve.begins]
    if frozen:
        axes.plot(*zip(*frozen, strict=True), ls=_FROZEN, **look)
    marker = "o" if len(trained) == 1 else None
    axes.plot([step for step, _ in trained], [rate for _, rate in trained], ls=ls, marker=marker, label=label, **look)


def _scale(axes: Axes, curves: Sequence[Curve], steps: int) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.set_xlabel("optimizer step")
    axes.set_ylabel("learning rate")
    axes.grid(axis="y")
    last = max(steps - 1, 1)
    axes.set_xlim(-0.01 * last, 1.01 * last)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    peaks = [max(curve.rates) for curve in curves if max(curve.rates) > 0]
    if peaks:
        floor = min(peaks) / _FALL
        rates = [rate for curve in curves for rate in curve.rates]
        scale_rates(axes, [rate for rate in rates if rate >= floor], floor if min(rates) < floor else None)


def _legend(axes: Axes, curves: Sequence[Curve], named: set[int]) -> Iterator[Any]:
    from matplotlib.lines import Line2D

    yield from axes.get_legend_handles_labels()[0]
    if more := len(curves) - len(named):
        yield Line2D([], [], ls="", label=f"and {count(more, 'curve')} between these")
    if any(curve.begins for curve in curves):
        yield Line2D([], [], ls=_FROZEN, color=axes.xaxis.label.get_color(), label="frozen")
