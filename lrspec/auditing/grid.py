"""The table of an audit: a row for each part of the model and each setting in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich import box
from rich.table import Column, Table
from rich.text import Text

from lrspec.auditing.parts import Row, rows
from lrspec.auditing.settings import AuditedGroup
from lrspec.diagnostics import wording
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.wording import few
from lrspec.models.parameters import Columns
from lrspec.optim.live.values import is_number

if TYPE_CHECKING:
    from lrspec.auditing.result import Audit

_SHOWN = 3  # words in a cell
_WIDEST = 24  # characters, of kinds of parameters


class _Line(NamedTuple):
    """A row of parts, and the groups that its parameters are in."""

    row: Row
    groups: Sequence[AuditedGroup]
    columns: Columns

    @property
    def trains(self) -> bool:
        """True if something in it does."""
        return any(self.columns.trainable[place] for place in self.row.places)

    def span(self, value: Callable[[AuditedGroup], Any]) -> str:
        """What its groups have, from the lowest to the highest number; nothing if nothing is trained."""
        return _span(map(value, self.groups)) if self.trains else ""


def grid(audit: Audit) -> Table:
    """The table of an audit, without columns that have nothing to say."""
    lines = _lines(audit)
    words = {header: [harmless(cell(line)) for line in lines] for header, cell in _COLUMNS.items()}
    if all(repr(group.lr) == repr(group.start) for group in audit.groups):
        del words["base\nrate"]
    if len({group.optimizer for group in audit.groups}) == 1:
        del words["optimizer"]
    words = {header: cells for header, cells in words.items() if any(cells) or header == "names"}
    columns = [_column(header, audit.inventory.columns) for header in words]
    table = Table(*columns, box=box.SIMPLE_HEAD, show_footer=True, padding=(0, 1, 0, 0))
    for cells in zip(*words.values(), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _column(header: str, columns: Columns) -> Column:
    if header == "names":
        return Column(header, "total", overflow="ellipsis", no_wrap=True)
    if header in _TOTALS:
        return Column(header, _TOTALS[header](columns, range(len(columns.names))), justify="right", no_wrap=True)
    return Column(header, justify="right" if header in _NUMBERS else "left", overflow="fold")


def _lines(audit: Audit) -> list[_Line]:
    """The rows of the table, in model order; groups that give the same do not divide a part."""
    columns = audit.inventory.columns
    groups_of: list[tuple[int, ...]] = [()] * len(columns.names)
    states_of: list[tuple[object, ...]] = [(on,) for on in columns.trainable]
    for number, group in enumerate(audit.groups):
        settings = (repr(group.lr), *group.settings)
        for place in group.members:
            groups_of[place] += (number,)
            states_of[place] += settings
    known: dict[tuple[object, ...], int] = {}
    found = rows(columns, [known.setdefault(state, len(known)) for state in states_of])
    return [_Line(row, [audit.groups[number] for number in _groups_in(row, groups_of)], columns) for row in found]


def _groups_in(row: Row, groups_of: Sequence[tuple[int, ...]]) -> list[int]:
    return sorted({number for place in row.places for number in groups_of[place]})


def _which(kinds: Sequence[str]) -> str:
    """The kinds of parameters, all or one of them."""
    every = few(kinds, len(kinds))
    return every if len(every) <= _WIDEST else few(kinds, 1)


def _rate(line: _Line) -> str:
    if not line.trains:
        return "frozen"
    return _span([group.lr for group in line.groups]) if line.groups else "in no group"


def _options(line: _Line) -> str:
    """The options of the groups, each key once."""
    keys = dict.fromkeys(key for group in line.groups for key in group.options)
    words = (f"{key}={_span(group.options.get(key, '–') for group in line.groups)}" for key in keys)
    return ", ".join(words) if line.trains else ""


def _group(line: _Line) -> str:
    """The numbers of the groups, or how many there are, and the name of one alone."""
    numbers = [str(group.number) for group in line.groups]
    if len(numbers) == 1:
        return " ".join([*numbers, *([line.groups[0].name] if line.groups[0].name else [])])
    return ", ".join(numbers) if len(numbers) <= _SHOWN else f"{len(numbers):,} groups"


def _span(values: Iterable[Any]) -> str:
    """The lowest and the highest of some numbers, or the first of other values."""
    known = {repr(value): value for value in values if value is not None}
    if known and all(map(is_number, known.values())):
        return " … ".join(dict.fromkeys(map(_word, (min(known.values()), max(known.values())))))
    return few([_word(value) for value in known.values()], _SHOWN)


def _word(value: Any) -> str:
    return wording.number(float(f"{value:.6g}")) if is_number(value) else repr(value)


def _elements(columns: Columns, places: Sequence[int]) -> str:
    elements = columns.elements(places)
    return "?" if elements is None else f"{elements:,}"


_TOTALS: dict[str, Callable[[Columns, Sequence[int]], str]] = {
    "parameters": lambda _, places: f"{len(places):,}",
    "elements": _elements,
}
_COLUMNS: dict[str, Callable[[_Line], str]] = {
    "names": lambda line: line.row.names,
    "which": lambda line: _which(line.row.kinds),
    "optimizer": lambda line: few(list(dict.fromkeys(group.optimizer for group in line.groups)), _SHOWN),
    "parameters": lambda line: f"{len(line.row.places):,}",
    "elements": lambda line: _elements(line.columns, line.row.places),
    "rate": _rate,
    "base\nrate": lambda line: line.span(lambda group: group.start),
    "weight\ndecay": lambda line: line.span(lambda group: group.weight_decay),
    "options": _options,
    "group": _group,
}
_NUMBERS = ("rate", "base\nrate", "weight\ndecay")
