"""A plan as a table to be read: a row a rule, or a row a layer of a ladder, and a total that is the model's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lrspec.compiler.plan import Plan, PlannedParameter, Status
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.wording import count, number, value_words
from lrspec.formats.table_rows import CrossCuttingRow, NamesInCommon, Row, cross_cutting_rows, decided_rows
from lrspec.models.parameters import total_elements
from lrspec.spec.language import Spec

_DISPENSABLE = ("names", "elements", "weight decay", "parameters")  # the first to go first
_UNBOUNDED = 100_000  # columns: where no terminal reads it, nothing is wrapped


def table(plan: Plan, spec: Spec, notes: Sequence[str], width: int | None) -> str:
    """The table of a plan that has groups; `width` is the terminal's, or None where there is none.

    `spec` is what the plan was compiled from; `notes` are lines that follow the totals. Where the terminal is too
    narrow, columns that can be done without are left out.
    """
    out = StringIO()
    console = Console(file=out, width=width or _UNBOUNDED, color_system=None, legacy_windows=False)
    console.print(Text(_title(plan)))
    left_out: dict[str, None] = {}
    console.print(_fitting(_decided_table(plan, decided_rows(plan, spec)), console, left_out))
    if cutting_across := cross_cutting_rows(plan, spec):
        console.print(_fitting(_further_table(cutting_across), console, left_out))
    narrow = [f"(no room here for {', '.join(left_out)}: widen the terminal, or pipe to a pager)"] if left_out else []
    for line in (_totals(plan), *notes, *narrow):
        console.print(Text(line))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _fitting(grid: Table, console: Console, left_out: dict[str, None]) -> Table:
    """The table without as many of the dispensable columns as it takes for it to fit; adds them to `left_out`."""
    unbounded = console.options.update(max_width=_UNBOUNDED)
    for header in _DISPENSABLE:
        if Measurement.get(console, unbounded, grid).maximum <= console.width:
            break
        left_out.update({header: None} if any(column.header == header for column in grid.columns) else {})
        grid = _without(grid, header)
    return grid


def _title(plan: Plan) -> str:
    args = ", ".join(f"{key}={value}" for key, value in plan.inventory.args.items())
    model = harmless(plan.inventory.source) + (f" ({harmless(args)})" if args else "")
    return f"{harmless(plan.path)} for {model}"


def _decided_table(plan: Plan, rows: list[Row]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, show_footer=True)
    elements = _elements(plan.inventory.elements)
    grid.add_column("rule", "total", overflow="fold")
    grid.add_column("layer", justify="right", no_wrap=True)
    grid.add_column("optimizer", overflow="fold")
    grid.add_column("names", overflow="ellipsis", no_wrap=True)
    grid.add_column("parameters", f"{len(plan.parameters):,}", justify="right", no_wrap=True)
    grid.add_column("elements", elements, justify="right", no_wrap=True)
    grid.add_column("learning rate", justify="right", overflow="fold")
    grid.add_column("weight decay", justify="right", overflow="fold")
    common = NamesInCommon(plan)
    for row in rows:
        grid.add_row(*(Text(cell) for cell in _cells(row, harmless(common.of(row.parameters)))))
    if all(row.optimizer is None for row in rows):
        grid = _without(grid, "optimizer")
    return grid if any(row.layer is not None for row in rows) else _without(grid, "layer")


def _without(grid: Table, header: str) -> Table:
    grid.columns = [column for column in grid.columns if column.header != header]
    return grid


def _cells(row: Row, names: str) -> tuple[str, ...]:
    layer = "" if row.layer is None else str(row.layer)
    counted = (f"{len(row.parameters):,}", _elements(_size(row.parameters)))
    if not row.parameters[0].status.trains:
        return (row.label, layer, "", names, *counted, "frozen", "")
    return (row.label, layer, row.optimizer or "", names, *counted, _rates(row.parameters), _decays(row.parameters))


def _rates(parameters: Iterable[PlannedParameter]) -> str:
    values = sorted({planned.settings.lr for planned in parameters if planned.settings.lr is not None})
    return " … ".join(dict.fromkeys(_short(value) for value in (values[0], values[-1]))) if values else "default"


def _decays(parameters: Sequence[PlannedParameter]) -> str:
    values = Counter(planned.settings.weight_decay for planned in parameters).most_common()
    if len(values) == 1:
        return _decay(values[0][0])
    return ", ".join(f"{_decay(value)} (×{times:,})" for value, times in values)


def _decay(value: float | None) -> str:
    return "default" if value is None else _short(value)


def _short(value: float) -> str:
    """Six digits, which tell any two layers apart; the JSON plan has all of them."""
    return number(float(f"{value:.6g}"))


def _size(parameters: Iterable[PlannedParameter]) -> int | None:
    return total_elements([planned.parameter.shape for planned in parameters])


def _elements(elements: int | None) -> str:
    return "?" if elements is None else f"{elements:,}"


def _further_table(rows: list[CrossCuttingRow]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD)
    grid.add_column("rule", overflow="fold")
    grid.add_column("also sets", overflow="fold")
    grid.add_column("parameters", justify="right", no_wrap=True)
    grid.add_column("elements", justify="right", no_wrap=True)
    for row in rows:
        cells = (
            row.rule,
            f"{row.key} {value_words(row.value)}",
            f"{len(row.parameters):,}",
            _elements(_size(row.parameters)),
        )
        grid.add_row(*(Text(harmless(cell)) for cell in cells))
    return grid


def _by_optimizer(plan: Plan) -> str:
    """How many groups each of several optimizers has."""
    groups = Counter(group.settings.optimizer for group in plan.groups or ())
    each = [f"{name} {groups[name]:,}" for name in plan.optimizers if name in groups]
    return f" ({', '.join(each)})" if each else ""


def _totals(plan: Plan) -> str:
    status = [planned.status for planned in plan.parameters]
    trained = sum(each.trains for each in status)
    parts = [
        count(len(plan.groups or ()), "group") + _by_optimizer(plan),
        f"{count(trained, 'parameter')} trained",
        *(
            f"{status.count(frozen):,} {frozen.value.replace('-', ' ')}"
            for frozen in (Status.frozen_by_spec, Status.frozen_by_model)
            if frozen in status
        ),
    ]
    if Status.unmatched in status:
        parts.append(f"{status.count(Status.unmatched):,} unmatched, at what `optimizer` says")
    return "; ".join(parts)
