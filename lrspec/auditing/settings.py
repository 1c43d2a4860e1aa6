"""What each group of live optimizers gives to its parameters: the rate, the weight decay, and options of its own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lrspec.auditing.run import Run
from lrspec.models.parameters import Columns
from lrspec.optim.live.groups import KNOWN
from lrspec.optim.live.members import Member
from lrspec.optim.live.values import identical, plain_value


@dataclass(frozen=True, slots=True)
class AuditedGroup:
    """A group of an optimizer as it is now.

    `label` is what messages call it, `name` its own name if it has one. `members` are the places of its parameters in
    the inventory, and `others` is the number of tensors in it that are not the model's. `start` is the rate that a
    schedule starts from, `lr` the present one. `options` are the keys whose values differ from the optimizer's
    defaults, and those that it does not have.
    """

    optimizer: str
    type: str
    number: int
    label: str
    name: str | None
    lr: Any
    start: Any
    weight_decay: Any
    options: dict[str, Any]
    members: tuple[int, ...]
    others: int
    columns: Columns = field(repr=False, compare=False)

    @property
    def settings(self) -> tuple[Any, ...]:
        """What tells groups apart: everything but names."""
        return (
            self.optimizer,
            self.start,
            self.weight_decay,
            tuple(sorted((k, repr(v)) for k, v in self.options.items())),
        )

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON values; what is not a plain value is text."""
        return {
            "optimizer": self.optimizer,
            "type": self.type,
            "group": self.number,
            "name": self.name,
            "lr": _json(self.lr),
            "initial_lr": _json(self.start),
            "weight_decay": _json(self.weight_decay),
            "options": {key: _json(value) for key, value in self.options.items()},
            "params": [self.columns.names[member] for member in self.members],
            "elements": self.columns.elements(self.members),
            "other_tensors": self.others,
        }


def audited_groups(run: Run) -> Iterator[AuditedGroup]:
    """Return the groups of all optimizers, with the parameters of the model that they hold."""
    others = Counter(Member(slot.optimizer, slot.group) for slot in run.slots if slot.place is None)
    for group, places in run.places.items():
        (optimizer, number), name = group, group.keys.get("name")
        yield AuditedGroup(
            optimizer.name,
            optimizer.signature.type,
            number,
            group.label,
            name if isinstance(name, str) else None,
            plain_value(group.keys.get("lr")),
            optimizer.rate(number),
            optimizer.decay(number),
            _options(group.keys, optimizer.defaults),
            tuple(places),
            others[group],
            run.inventory.columns,
        )


def _options(group: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a group that are not those of every group, with other values than the optimizer's defaults."""
    own = {key: value for key, value in group.items() if key not in KNOWN and value is not defaults.get(key, group)}
    plain = {key: plain_value(value) for key, value in own.items()}
    return {
        key: value
        for key, value in plain.items()
        if key not in defaults or not identical(value, plain_value(defaults[key]))
    }


def _json(value: Any) -> Any:
    """A value as JSON has it: a list for a tuple, and text for what it does not have, such as a NaN."""
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    plain = isinstance(value, int | str | None) or (isinstance(value, float) and math.isfinite(value))
    return value if plain else repr(value)
