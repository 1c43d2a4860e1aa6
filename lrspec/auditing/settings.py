"""What each group of live optimizers gives to its parameters: the rate, the weight decay, and options of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lrspec.auditing.run import Run
from lrspec.models.parameters import Columns
from lrspec.optim.live.groups import KNOWN, LiveOptimizer
from lrspec.optim.live.values import identical, plain_value


@dataclass(frozen=True, slots=True)
class AuditedGroup:
    """A group of an optimizer as it is now.

    `label` is what messages call it, `members` are the places of its parameters in the inventory. `start` is the rate
    that a schedule starts from, `lr` the present one. `options` are the keys whose values differ from the optimizer's
    defaults, and those that it does not have.
    """

    optimizer: str
    type: str
    number: int
    label: str
    lr: Any
    start: Any
    weight_decay: Any
    options: dict[str, Any]
    members: tuple[int, ...]
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
            "lr": _json(self.lr),
            "initial_lr": _json(self.start),
            "weight_decay": _json(self.weight_decay),
            "options": {key: _json(value) for key, value in self.options.items()},
            "params": [self.columns.names[member] for member in self.members],
            "elements": self.columns.elements(self.members),
        }


def audited_groups(run: Run) -> Iterator[AuditedGroup]:
    """Return the groups of all optimizers, with the parameters of the model that they hold."""
    members: dict[tuple[int, int], list[int]] = {}
    for slot in run.slots:
        if slot.place is not None:
            members.setdefault((id(slot.optimizer), slot.group), []).append(slot.place)
    for optimizer in run.optimizers:
        for number, group in enumerate(optimizer.groups):
            yield AuditedGroup(
                optimizer.name,
                optimizer.signature.type,
                number,
                optimizer.label(number),
                plain_value(group.get("lr")),
                optimizer.rate(number),
                optimizer.decay(number),
                _options(optimizer, group),
                tuple(sorted(set(members.get((id(optimizer), number), ())))),
                run.inventory.columns,
            )


def _options(optimizer: LiveOptimizer, group: Any) -> dict[str, Any]:
    """The keys of a group that are not those of every group, with other values than the optimizer's defaults."""
    own = {key: plain_value(value) for key, value in group.items() if key not in KNOWN}
    defaults = {key: plain_value(value) for key, value in optimizer.defaults.items()}
    return {key: value for key, value in own.items() if key not in defaults or not identical(value, defaults[key])}


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value if isinstance(value, float | int | str | bool | None) else repr(value)
