"""How plots look: two themes in colours that the colour-blind tell apart, and the settings of matplotlib."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

SIZE = 7  # points, of text; what LaTeX calls \scriptsize in a paper of 10 pt
_LONGEST = 30  # letters
POINT = 1 / 72  # inches
LINE = 1.4 * SIZE * POINT  # inches: a row of text, or from one label to the next
LETTER = 0.62 * SIZE * POINT  # inches

MARKERS = (("o", math.pi / 4), ("s", 1.0), ("^", 0.5), ("D", 1.0), ("v", 0.5))
"""Markers of matplotlib, and what part of the square of their size they fill."""

BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW = "#CC79A7", "#56B4E9", "#F0E442"  # all of Okabe and Ito


class Theme(NamedTuple):
    """The background, as GitHub's, what is written on it, and colours that are seen on it.

    `curves` is the part of the scale `cividis` that stands out from the background, the clearest end first.
    """

    background: str
    text: str
    line: str
    frozen: str
    colors: tuple[str, ...]
    curves: tuple[float, float]


THEMES = {
    "light": Theme(
        "#ffffff",
        "#1f2328",
        "#d1d9e0",
        "#8c959f",
        (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, "#000000"),
        (0.0, 0.8),
    ),
    "dark": Theme(
        "#0d1117",
        "#f0f6fc",
        "#3d444d",
        "#7d8590",
        (SKY, ORANGE, GREEN, YELLOW, VERMILLION, PURPLE, "#ffffff"),
        (1.0, 0.3),
    ),
}


@contextmanager
def settings(theme: Theme) -> Iterator[None]:
    """Have matplotlib draw like this, whatever the user's own settings are; they are back afterwards."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_parameters(theme))
        yield


def _parameters(theme: Theme) -> Any:  # keys that are types of their own in matplotlib
    text = {f"{part}color": theme.text for part in ("text.", "axes.label", "xtick.label", "ytick.label")}
    lines = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), theme.line)
    grounds = dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), theme.background)
    sizes = dict.fromkeys(("axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"), SIZE)
    return {
        **text,
        **lines,
        **grounds,
        **sizes,
        "font.size": SIZE,
        "font.family": "DejaVu Sans",  # comes with matplotlib, so that it is the same everywhere
        "text.parse_math": False,  # names may have dollars
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "grid.linewidth": 0.4,
        "xtick.major.size": 2,
        "ytick.major.size": 2,
        "ytick.minor.size": 0,
        "legend.frameon": False,
        "legend.handlelength": 1.0,
        "legend.handletextpad": 0.5,
        "svg.hashsalt": "lrspec",
        "pdf.fonttype": 42,
        "savefig.dpi": 300,
    }


def spread(theme: Theme, count: int) -> Sequence[Any]:
    """Return so many colours in an order: a few that differ, or many from a scale."""
    from matplotlib import colormaps

    if count <= len(theme.colors):
        return theme.colors[:count]
    low, high = theme.curves
    return [colormaps["cividis"](low + (high - low) * place / (count - 1)) for place in range(count)]


def cut(name: str) -> str:
    """Return a name, or the beginning of a long one, for the legend."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
