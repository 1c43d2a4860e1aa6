"""What a spec gives to each parameter of a model, as values: of a plan, of a plan's JSON, or of a lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lrspec.compiler.plan import Plan
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter

GIVEN = ("status", "optimizer", "lr", "weight_decay", "options", "schedule", "tags", "frozen_until")
"""What a parameter is given, by its keys in the JSON plan; `set_by` and `layer` say why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter: what it is `given`, with the keys and values of the JSON plan, and why.

    A key that is None or empty in the JSON plan is absent. `layer` has the rule, the index and the number of layers.
    """

    parameter: Parameter
    given: Mapping[str, Any]
    set_by: Mapping[str, str] = field(default_factory=dict)
    layer: tuple[str, int, int] | None = None

    @property
    def name(self) -> str:
        """The parameter's canonical name."""
        return self.parameter.name


@dataclass(frozen=True)
class Snapshot:
    """The parameters of one model, in model order, with what they are given.

    `optimizers` are the class and the arguments of each optimizer, by its name, and `schedules` the segments of each
    schedule, both as a spec has them: what is the same for all parameters.
    """

    source: str
    args: Mapping[str, Any]
    entries: tuple[Entry, ...]
    optimizers: Mapping[str, Any]
    schedules: Mapping[str, Any]

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        """The entries by the names of their parameters."""
        return {entry.name: entry for entry in self.entries}

    @property
    def inventory(self) -> Inventory:
        """The inventory of the model, as far as it is known."""
        return Inventory((entry.parameter for entry in self.entries), self.source, self.args)


def of_plan(plan: Plan) -> Snapshot:
    """Return what a plan gives."""
    inventory, spec = plan.inventory, plan.file.spec
    optimizers = {
        name: base.model_dump(mode="json", exclude_none=True, by_alias=True) for name, base in spec.bases.items()
    }
    schedules = {name: [each.to_dict() for each in segments] for name, segments in (spec.schedules or {}).items()}
    rows = ((planned.parameter, planned.to_dict(None)) for planned in plan.parameters)
    return Snapshot(inventory.source, inventory.args, tuple(entries(rows)), optimizers, schedules)


def entries(rows: Iterable[tuple[Parameter, Mapping[str, Any]]]) -> Iterable[Entry]:
    """Return the entries of parameters whose values are those of the JSON plan."""
    for parameter, row in rows:
        given = {key: row[key] for key in GIVEN if row.get(key) not in (None, {})}
        layer = row.get("layer")
        steps = None if layer is None else (layer["rule"], layer["index"], layer["of"])
        yield Entry(parameter, given, row["set_by"], steps)
