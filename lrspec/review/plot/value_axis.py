"""The axes of values: learning rates on a log scale and weight decay from 0, with numbers as a spec writes them."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import pairwise
from typing import TYPE_CHECKING

from lrspec.diagnostics.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import YAxis

_FEW = 4  # values that are all written beside the axis, if they are far enough from each other


def scale_rates(axes: Axes, rates: Collection[float], least: float | None = None) -> None:
    """Give an axis a log scale for these rates, all above 0; it begins at `least`, or else just below the lowest."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = least or min(rates), max(rates)
    decades = math.log10(high / low)
    room = 10 ** max(0.12 * decades, 0.12)
    axes.set_yscale("log")
    axes.set_ylim(least or low / room, high * room)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if _are_few([math.log(rate) for rate in rates]):
        axes.set_yticks(sorted({*rates}))
    _write(axes.yaxis)


def scale_decays(axes: Axes, decays: Collection[float]) -> None:
    """Give an axis a linear scale for weight decays, from 0."""
    most, values = max(decays), {0.0, *decays}
    axes.set_ylim(-0.2 * most or -1.0, 1.2 * most or 1.0)
    if _are_few(values):
        axes.set_yticks(sorted(values))
    _write(axes.yaxis)


def _write(axis: YAxis) -> None:
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: _written(value)))


def _written(value: float) -> str:
    """A value in three digits; below 0.001 as `1e-4`, so that all small ones look the same."""
    if value == 0 or value >= 0.001:
        return number(float(f"{value:.3g}"))
    digits, _, power = f"{value:.2e}".partition("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"


def _are_few(values: Collection[float]) -> bool:
    """Whether there is room to write each value."""
    ordered = sorted({*values})
    least = 0.15 * (ordered[-1] - ordered[0])
    apart = all(after - before >= least for before, after in pairwise(ordered))
    return len(ordered) <= _FEW and apart
