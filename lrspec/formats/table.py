"""A plan as a table: one row per rule or per ladder layer, plus a total for the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lrspec.compiler.plan import Plan, PlannedParameter, Status, shown_steps
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.wording import count, number, six_digits, value_words
from lrspec.formats.table_rows import (
    CrossCuttingRow,
    Row,
    cross_cutting_rows,
    decided_rows,
    names_in_common,
    schedule_words,
    shortened,
    shorter_forms,
    thaw_words,
)
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import total_elements
from lrspec.optim.schedules.planned import cut_short
from lrspec.spec.language import SizeFactor

_DISPENSABLE = ("elements", "schedule", "weight decay", "parameters", "names")  # the first is dropped first
_SAID_BY_STEPS = "learning rate"  # with rates at steps, this is dropped last
_IF_ANY = ("layer", "optimizer", "schedule", "frozen until")  # columns that are dropped if they are empty
_ENOUGH = 24  # columns for names, before another column is dropped for them
_LEAST = 8  # columns for names, before they are dropped themselves
_UNBOUNDED = 100_000  # columns: without a terminal, nothing is wrapped


def table(plan: Plan, notes: Sequence[str] = (), width: int | None = None, steps: int | None = None) -> str:
    """The table of a plan as text; `width` is the terminal's, or None without a terminal.

    With the number of `steps` of a run it has rates at some of them. `notes` are lines that follow the totals. If the
    terminal is too narrow, names are shortened and less important columns dropped, with a note.
    """
    lines, columns = [*totals(plan, steps), *notes], (*_DISPENSABLE, *([_SAID_BY_STEPS] if steps else []))
    return printed(title(plan), grids(plan, steps), lines, width, columns)


def printed(title: str, grids: Sequence[Table], notes: Sequence[str], width: int | None, columns: Sequence[str]) -> str:
    """Print tables between a title and notes; `columns` may be dropped where it is too narrow, the first of them first.

    What is in the column `names` is shortened.
    """
    out = StringIO()
    console = Console(file=out, width=width or _UNBOUNDED, color_system=None, legacy_windows=False)
    console.print(Text(title))
    dropped: list[str] = []
    for grid in grids:
        dropped += _fit(grid, console, columns)
        console.print(grid)
    if dropped:
        listed = ", ".join(dict.fromkeys(dropped))
        notes = [*notes, f"(no room here for {listed}: widen the terminal, or pipe to a pager)"]
    for note in notes:
        console.print(Text(note))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def title(plan: Plan) -> str:
    """The spec and the model, with its arguments."""
    return f"{harmless(plan.path)} for {model_words(plan.inventory)}"


def model_words(inventory: Inventory) -> str:
    """The source of a model, with its arguments."""
    args = ", ".join(f"{key}={value}" for key, value in inventory.args.items())
    return harmless(inventory.source) + (f" ({harmless(args)})" if args else "")


def grids(plan: Plan, steps: int | None = None) -> list[Table]:
    """The table of all parameters; and if some rules cut across its rows, that of these rules."""
    spec = plan.file.spec
    tables = [_decided_table(plan, decided_rows(plan, spec), steps)]
    if cutting_across := cross_cutting_rows(plan, spec):
        tables.append(_cross_cutting_table(cutting_across))
    return tables


def _fit(grid: Table, console: Console, dispensable: Sequence[str]) -> list[str]:
    """Shorten names and drop dispensable columns until the table fits, and return the headers of the latter."""
    unbounded = console.options.update(max_width=_UNBOUNDED)
    dropped: list[str] = []
    for header in dispensable:
        excess = Measurement.get(console, unbounded, grid).maximum - console.width
        if excess <= 0 or _names_shortened(grid, excess, _LEAST if header == "names" else _ENOUGH):
            break
        if any(column.header == header for column in grid.columns):
            drop(grid, header)
            dropped.append(header)
    return dropped


def _names_shortened(grid: Table, excess: int, enough: int) -> bool:
    """Make the column of names narrower by `excess`, unless less than enough remains; return whether it was done."""
    cells = [cell for column in grid.columns if column.header == "names" for cell in column.cells]
    names = [cell for cell in cells if isinstance(cell, Text)]
    room = max((cell.cell_len for cell in names), default=0) - excess
    if not names or room < min(enough, max(len(shorter_forms(cell.plain)[-1]) for cell in names)):
        return False
    for cell in names:
        cell.plain = shortened(cell.plain, room)
    return True


def drop(grid: Table, header: str) -> None:
    """Drop a column, and the footer with it if nothing else is in that."""
    grid.columns = [column for column in grid.columns if column.header != header]
    grid.show_footer = any(column.footer for column in grid.columns[1:])  # a total of nothing says nothing


def _decided_table(plan: Plan, rows: list[Row], steps: int | None) -> Table:
    rates = {step: plan.rates_at(step, steps).values() for step in shown_steps(steps)} if steps else {}
    grid = Table(box=box.SIMPLE_HEAD, show_footer=True)
    grid.add_column("rule", "total", overflow="fold")
    grid.add_column("layer", justify="right", no_wrap=True)
    grid.add_column("optimizer", overflow="fold")
    grid.add_column("names", overflow="ellipsis", no_wrap=True)
    grid.add_column("parameters", f"{len(plan.parameters):,}", justify="right", no_wrap=True)
    grid.add_column("elements", _elements(plan.parameters), justify="right", no_wrap=True)
    for header in ("learning rate", "weight decay"):
        grid.add_column(header, justify="right", overflow="fold")
    grid.add_column("schedule", overflow="fold")
    grid.add_column("frozen until", justify="right", no_wrap=True)
    for step in rates:
        grid.add_column(f"at step {step:,}", justify="right", overflow="fold")
    all_names = sorted(planned.name for planned in plan.parameters)
    for row in rows:
        names = harmless(names_in_common(row.parameters, all_names))
        layer = "" if row.layer is None else str(row.layer)
        cells = [row.label, layer, row.optimizer or "", names, f"{len(row.parameters):,}", _elements(row.parameters)]
        cells += _settings_cells(row.parameters, steps)
        own = {plan.group_of.get(planned.name) for planned in row.parameters} - {None}
        for at_step in rates.values() if own else ():
            cells.append(_range(rate for group, rate in enumerate(at_step) if group in own))
        grid.add_row(*map(Text, cells))
    for column in [*grid.columns]:
        if column.header in _IF_ANY and not any(map(str, column.cells)):
            drop(grid, str(column.header))
    return grid


def _settings_cells(parameters: Sequence[PlannedParameter], steps: int | None) -> list[str]:
    """The cells of learning rate, weight decay and schedule, and of when the parameters thaw."""
    if not parameters[0].status.trains:
        return ["frozen", "", "", ""]
    settings = [planned.settings for planned in parameters]
    decays = ("default" if each.weight_decay is None else six_digits(each.weight_decay) for each in settings)
    schedules = _most_common(each.schedule or "" for each in settings)
    return [
        _range(each.lr for each in settings),
        _most_common(decays),
        schedules,
        thaw_words((each.freeze for each in parameters), steps),
    ]


def _range(rates: Iterable[float | None]) -> str:
    """The lowest and the highest of some rates."""
    known = [rate for rate in rates if rate is not None]
    return " … ".join(dict.fromkeys(map(six_digits, (min(known), max(known))))) if known else "default"


def _most_common(words: Iterable[str]) -> str:
    """Each word once, the most common first; with how often it comes if there are several."""
    counted = Counter(words).most_common()
    return counted[0][0] if len(counted) == 1 else ", ".join(f"{word} (×{times:,})" for word, times in counted)


def _elements(parameters: Sequence[PlannedParameter]) -> str:
    elements = total_elements([planned.parameter.shape for planned in parameters])
    return "?" if elements is None else f"{elements:,}"


def _cross_cutting_table(rows: list[CrossCuttingRow]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD)
    grid.add_column("rule", overflow="fold")
    grid.add_column("also sets", overflow="fold")
    for header in ("parameters", "elements"):
        grid.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        setting = f"{row.key} {_written(row.value)}"
        cells = (row.rule, setting, f"{len(row.parameters):,}", _elements(row.parameters))
        grid.add_row(*(Text(harmless(cell)) for cell in cells))
    return grid


def _written(value: Any) -> str:
    """The value of a setting as a spec writes it, and a factor from shapes as `×fan_in^-1`."""
    return f"×{value.of}^{number(value.power)}" if isinstance(value, SizeFactor) else value_words(value)


def totals(plan: Plan, steps: int | None = None) -> list[str]:
    """The lines below the table: the numbers of groups and parameters; the schedules, and what `steps` cut short."""
    schedules = plan.file.spec.schedules or {}
    lines = [f"schedule {name}: {schedule_words(schedule, steps)}" for name, schedule in schedules.items()]
    return [_counts(plan), *lines, *(cut_short(plan, schedules, steps) if steps else ())]


def _counts(plan: Plan) -> str:
    """The number of groups, and the numbers of trained, frozen and unmatched parameters, in words."""
    groups = Counter(group.settings.optimizer for group in plan.groups or ())
    per_optimizer = ", ".join(f"{name} {groups[name]:,}" for name in plan.optimizers if name in groups)
    with_optimizers = f" ({per_optimizer})" if per_optimizer else ""
    statuses = Counter(planned.status for planned in plan.parameters)
    trained = sum(times for status, times in statuses.items() if status.trains)
    parts = [
        "no groups" if plan.groups is None else count(len(plan.groups), "group") + with_optimizers,
        f"{count(trained, 'parameter')} trained",
    ]
    for status in (Status.frozen_by_spec, Status.frozen_by_model):
        if statuses[status]:
            parts.append(f"{statuses[status]:,} {status.value.replace('-', ' ')}")
    if statuses[Status.unmatched]:
        parts.append(f"{statuses[Status.unmatched]:,} unmatched, with the settings of `optimizer`")
    return "; ".join(parts)
