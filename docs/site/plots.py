"""Plots of the measurements, for both themes: drawn from the tables of the pages in benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.site.tables import Table, number, tables
from lrspec.review.plot.style import THEMES, Theme, settings

FOLDER = Path(__file__).parents[2] / "benchmarks"
_METADATA: dict[str, Any] = {"Creator": "lrspec", "Date": None}
_GAP = 0.08  # of the height, between two names
Curve = list[tuple[float, float]]


class Plot(NamedTuple):
    """A plot: its page and source, the heading that it goes under, what it shows, and how it is drawn."""

    page: str
    source: str
    heading: str
    words: str
    height: float
    draw: Callable[[Figure, Theme, list[Table]], None]

    @property
    def name(self) -> str:
        """The name of its file, without theme and ending."""
        return f"{Path(self.source).stem.lower()}-{self.heading.split()[0].lower()}"


def pictures() -> dict[str, bytes]:
    """The plots by their paths on the site."""
    return {f"benchmarks/{plot.name}-{theme}.svg": picture(plot, theme) for plot in PLOTS for theme in THEMES}


def illustrated(page: str, markdown: str) -> str:
    """A page of measurements with its plots, each under its heading."""
    for plot in PLOTS:
        if plot.page == page:
            images = "".join(f"![{plot.words}]({plot.name}-{theme}.svg#only-{theme}){{.plot}}" for theme in THEMES)
            markdown = markdown.replace(f"## {plot.heading}\n", f"## {plot.heading}\n\n{images}\n", 1)
    return markdown


def picture(plot: Plot, theme: str) -> bytes:
    """A plot as SVG."""
    text = (FOLDER / plot.source).read_text(encoding="utf-8")
    found = [table for table in tables(text) if table.heading == plot.heading]
    with settings(THEMES[theme]):
        mpl.rcParams.update(
            {"axes.grid": True, "axes.axisbelow": True, "font.size": 8, "axes.titlesize": 8, "svg.hashsalt": plot.name}
        )
        mpl.rcParams.update(dict.fromkeys(("axes.labelsize", "xtick.labelsize", "ytick.labelsize"), 8))
        figure, content = Figure(figsize=(5.2, plot.height), layout="constrained"), BytesIO()
        plot.draw(figure, THEMES[theme], found)
        figure.savefig(content, format="svg", metadata=_METADATA, transparent=True)
    return content.getvalue()


def _compiling(figure: Figure, theme: Theme, found: list[Table]) -> None:
    """Time by the number of parameters, for each way to make groups."""
    ways = {
        "lrspec": lambda what: what.startswith("lrspec") and what.endswith("one call") and "50" not in what,
        "timm": lambda what: what == "timm param_groups_layer_decay",
        "mmengine": lambda what: what.startswith("mmengine"),
        "the tutorials' loop": lambda what: what.startswith("the tutorials"),
        "listing the names": lambda what: what.startswith("list("),
    }
    models = [table for table in found if table.columns[0] == "what"]
    axes = _log_log(figure)
    for color, (way, is_it) in zip(theme.colors, ways.items(), strict=False):
        times = {_parameters(table): _time(table, is_it) for table in models}
        measured = {parameters: time for parameters, time in times.items() if not time.startswith("≈")}
        _curve(axes, way, color, [(parameters, number(time)) for parameters, time in measured.items()])
        if others := [(parameters, number(time)) for parameters, time in times.items() if parameters not in measured]:
            last = max((parameters, number(time)) for parameters, time in measured.items())
            _extrapolated(axes, f"{way}, by extrapolation", color, [last, *others])
    _name_curves(axes)


def _time(table: Table, is_it: Callable[[str], bool]) -> str:
    (row,) = [row for row in table.rows if is_it(row[0])]
    return row[1]


def _parameters(table: Table) -> float:
    """The number in a caption such as `ViT-L: 296 parameters`."""
    return number(table.caption.partition(": ")[2].removesuffix(" parameters"))


def _processes(figure: Figure, theme: Theme, found: list[Table]) -> None:
    """A bar for each process."""
    times = {name: number(time) for row in found[0].rows for name, time in ((row[0], row[1]), (row[2], row[3]))}
    colors = [theme.colors[0] if name.startswith("lrspec") else theme.frozen for name in times]
    _bars(figure, theme, times, colors, "seconds", "{:.2f} s")


def _steps(figure: Figure, theme: Theme, found: list[Table]) -> None:
    """How many times as long a step takes with a group per parameter."""
    ratios = {f"{row[0]}, {row[1]}, {row[2]}": number(row[6]) for row in found[0].rows}
    axes = _bars(
        figure, theme, ratios, [theme.colors[1]] * len(ratios), "times as long as with lrspec's groups", "{:.2f}"
    )
    axes.axvline(1, color=theme.text, linewidth=0.8)


def _widths(figure: Figure, theme: Theme, found: list[Table]) -> None:
    """The loss by width, at the rate that is best at the smallest, with the rule for widths and without."""
    rows = [row for row in found[0].rows if row[0].isdecimal()]
    axes = figure.add_subplot(xscale="log", xlabel="width", ylabel="loss at the rate of width 64")
    for name, column, color in (("without", 6, theme.colors[1]), ("with the spec", 3, theme.colors[0])):
        _curve(axes, name, color, [(number(row[0]), number(row[column])) for row in rows])
    axes.set_xticks([number(row[0]) for row in rows], [row[0] for row in rows], minor=False)
    axes.set_xticks([], minor=True)
    _name_curves(axes)


def _drafting(figure: Figure, theme: Theme, found: list[Table]) -> None:
    """Time by the number of parameters, for each way to train."""
    axes = _log_log(figure)
    names = dict.fromkeys(row[0] for row in found[0].rows)
    for name, color in zip(names, theme.colors, strict=False):
        _curve(axes, name, color, [(number(row[1]), number(row[4])) for row in found[0].rows if row[0] == name])
    _name_curves(axes)


def _log_log(figure: Figure) -> Axes:
    """Axes for times by numbers of parameters, with ticks in words."""
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="parameters", ylabel="time")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f} s" if value >= 1 else f"{value * 1000:g} ms")
    return axes


def _curve(axes: Axes, name: str, color: str, points: Curve) -> None:
    xs, ys = zip(*points, strict=True)
    axes.plot(xs, ys, color=color, marker="o", markersize=3, linewidth=1.2, label=name)


def _extrapolated(axes: Axes, name: str, color: str, points: Curve) -> None:
    """Go on with a curve beyond its last point, by what was not measured; the name is for both."""
    axes.lines[-1].set_label("_measured")
    xs, ys = zip(*points, strict=True)
    hollow: dict[str, Any] = {"marker": "o", "markersize": 3, "markerfacecolor": "none"}
    axes.plot(xs, ys, color=color, linestyle="--", linewidth=1.2, label=name, **hollow)


def _name_curves(axes: Axes) -> None:
    """Write the name of each curve beside its end, so that no two overlap."""
    bottom, top = axes.transData.transform([(1, y) for y in axes.get_ylim()])[:, 1]
    named = [line for line in axes.lines if not f"{line.get_label()}".startswith("_")]
    ends = {line: axes.transData.transform(np.asarray(line.get_xydata())[-1])[1] for line in named}
    last = -1.0
    for line in sorted(ends, key=lambda line: ends[line]):
        last = max((ends[line] - bottom) / (top - bottom), last + _GAP)
        axes.annotate(
            f"{line.get_label()}", (1.02, last), xycoords="axes fraction", color=line.get_color(), va="center"
        )


def _bars(figure: Figure, theme: Theme, values: dict[str, float], colors: list[str], label: str, form: str) -> Axes:
    axes = figure.add_subplot(xlabel=label)
    axes.grid(axis="y", visible=False)
    bars = axes.barh(range(len(values)), [*values.values()], color=colors, height=0.6)
    labels = axes.bar_label(bars, [form.format(value) for value in values.values()], padding=3, color=theme.text)
    for text in labels:
        text.set_bbox({"facecolor": theme.background, "edgecolor": "none", "pad": 1})
    axes.set_yticks(range(len(values)), [*values])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    return axes


PLOTS = (
    Plot(
        "benchmarks/index.md",
        "RESULTS.md",
        "Compiling",
        "Time to make groups, by the number of parameters",
        2.8,
        _compiling,
    ),
    Plot("benchmarks/index.md", "RESULTS.md", "Whole processes", "Time of whole processes", 1.7, _processes),
    Plot(
        "benchmarks/index.md",
        "RESULTS.md",
        "Steps of the optimizer",
        "Time of a step, with a group per parameter",
        1.9,
        _steps,
    ),
    Plot(
        "benchmarks/widths.md",
        "WIDTHS.md",
        "MLP",
        "Loss of the MLP by its width, with the spec and without",
        2.2,
        _widths,
    ),
    Plot(
        "benchmarks/widths.md",
        "WIDTHS.md",
        "transformer",
        "Loss of the transformer by its width, with the spec and without",
        2.2,
        _widths,
    ),
    Plot(
        "benchmarks/drafting.md",
        "DRAFTING.md",
        "Large models",
        "Time of a draft, by the number of parameters",
        2.8,
        _drafting,
    ),
)
