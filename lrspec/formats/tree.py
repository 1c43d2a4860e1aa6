"""The modules of a model as a tree, with their shapes and sizes, and for a plan with their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from lrspec.compiler.plan import Plan, Status
from lrspec.diagnostics.escape import harmless, printable
from lrspec.diagnostics.wording import count, few
from lrspec.formats.folding import Branch, fold
from lrspec.formats.table import drop, model_words, printed, title, totals
from lrspec.formats.tree_settings import Cell, TreeSettings
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns, Shape

_UNBOUNDED = 100_000  # columns
_LEAST = 24  # columns for the tree; it has half of a terminal
_NARROW = 60  # columns, in which shapes are hardly ever


def model_tree(inventory: Inventory, width: int | None = None) -> str:
    """The modules of a model as text; `width` is the terminal's, or None without a terminal.

    Modules that repeat are one line, with the numbers of all of them.
    """
    columns = inventory.columns
    traits = [(trains, columns.aliases.get(place)) for place, trains in enumerate(columns.trainable)]

    def frozen(branch: Branch) -> str:
        return _part(sum(not columns.trainable[place] for place in branch.places), branch, "frozen")

    grid = _grid(columns, fold(columns, traits, traits), {}, [frozen], width)
    first, last = ("shape", "elements") if width is not None and width < _NARROW else ("elements", "shape")
    return printed(model_words(inventory), [grid], [_size(columns)], width, ("parameters", first, last))


def plan_tree(plan: Plan, notes: Sequence[str] = (), width: int | None = None, steps: int | None = None) -> str:
    """The modules of a plan's model as text, with their settings; takes what `lrspec.formats.table.table` takes.

    Modules that repeat are one line if their settings are alike. On a ladder rates differ: it has the range of them.
    """
    columns, settings = plan.inventory.columns, TreeSettings(plan, steps)
    branches = fold(columns, settings.traits(decay=True), settings.traits(decay=False))

    def frozen(branch: Branch) -> str:
        number = settings.count(branch, Status.frozen_by_spec, Status.frozen_by_model)
        return "" if number == len(branch.places) else _part(number, branch, "frozen")  # which the rate says

    def unmatched(branch: Branch) -> str:
        return _part(settings.count(branch, Status.unmatched), branch, "unmatched")

    grid = _grid(columns, branches, settings.columns, [frozen, unmatched], width)
    dispensable = ("shape", "parameters", "elements", *settings.dispensable)
    return printed(title(plan), [grid], [_size(columns), *totals(plan, steps), *notes], width, dispensable)


def _grid(
    columns: Columns, top: Sequence[Branch], cells: Mapping[str, Cell], notes: Sequence[Cell], width: int | None
) -> Table:
    """A row for each branch: the tree, the shape, sizes, the cells of further columns, and notes."""
    room = _UNBOUNDED if width is None else max(_LEAST, width // 2)
    numbers: dict[str, Cell] = {
        "parameters": lambda branch: f"{len(branch.places):,}",
        "elements": lambda branch: _elements(columns, branch.places),
        **cells,
    }
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    grid.add_column("module")
    grid.add_column("shape", overflow="fold")
    for header in numbers:
        grid.add_column(harmless(header), justify="right", no_wrap=True)
    grid.add_column("notes", overflow="fold")
    for line, branch in zip(_lines(top), _in_order(top), strict=True):
        said = [_tied(columns, branch), *(note(branch) for note in notes)]
        row = [_shapes(branch), *(cell(branch) for cell in numbers.values()), ", ".join(filter(None, said))]
        grid.add_row(_Label(line, _times(branch)).fitted(room), *map(Text, row))
    if not any(map(str, grid.columns[-1].cells)):
        drop(grid, "notes")
    return grid


class _Label(NamedTuple):
    """A line of the tree; where it is too long, its name is shortened, and the number of modules at its end is kept."""

    line: str
    times: str

    def fitted(self, width: int) -> _Label:
        """The line in some columns."""
        name = Text(self.line.removesuffix(self.times))
        name.truncate(max(0, width - cell_len(self.times)), overflow="ellipsis")
        return _Label(f"{name.plain}{self.times}", self.times)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, Text(self.line))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.fitted(options.max_width).line, no_wrap=True, overflow="ellipsis")


def _in_order(branches: Sequence[Branch]) -> Iterator[Branch]:
    for branch in branches:
        yield branch
        yield from _in_order(branch.branches)


def _lines(branches: Sequence[Branch]) -> list[str]:
    """The tree that rich draws, a line for each branch."""
    root = Tree("", hide_root=True)
    _add(root, branches)
    out = StringIO()
    Console(file=out, width=_UNBOUNDED, color_system=None, legacy_windows=False).print(root)
    return [line.rstrip() for line in out.getvalue().split("\n")[:-1]]


def _add(tree: Tree, branches: Sequence[Branch]) -> None:
    for branch in branches:
        _add(tree.add(Text(_label(branch))), branch.branches)


def _label(branch: Branch) -> str:
    name = printable(branch.name)
    return name if branch.times == 1 else f"{name} … {printable(branch.last)}{_times(branch)}"


def _times(branch: Branch) -> str:
    return "" if branch.times == 1 else f" ({branch.times:,} ×)"


def _shapes(branch: Branch) -> str:
    """The shapes that a line shows, with the names of parameters: `weight [768], bias [768]`."""
    words = (f"{printable(name)} {_shape(shape)}".strip() for name, shape in branch.shapes)
    return "…" if branch.closed else ", ".join(words)


def _shape(shape: Shape | None) -> str:
    return "unknown" if shape is None else str(list(shape))


def _tied(columns: Columns, branch: Branch) -> str:
    """What the parameters of a line are tied to, if it is theirs alone."""
    if branch.branches:
        return ""
    names = [name for place in branch.places if place in columns.aliases for name in columns.aliases[place].names]
    return f"tied to {few(names, 1)}" if names else ""


def _part(some: int, branch: Branch, word: str) -> str:
    """`frozen`, or `3 frozen` if that is not all of a branch."""
    return "" if not some else word if some == len(branch.places) else f"{some:,} {word}"


def _size(columns: Columns) -> str:
    every = range(len(columns.names))
    return f"{count(len(every), 'parameter')}, {_elements(columns, every)} elements"


def _elements(columns: Columns, places: Sequence[int]) -> str:
    elements = columns.elements(places)
    return "?" if elements is None else f"{elements:,}"
