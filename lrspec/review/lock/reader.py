"""Reads the text of a lock, line by line: somebody may have edited or merged it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lrspec.compiler.plan import Status
from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.models.inventory import Inventory, InventoryError
from lrspec.models.inventory_file import MOST_NAME, MOST_NAMES, Size
from lrspec.models.parameters import Classes, Parameter
from lrspec.review.lock.lines import Line, read
from lrspec.review.lock.lock import Lock, LockedModel
from lrspec.review.snapshot import GIVEN, Entry, Snapshot

HEAD = ["lrspec-lock", "1"]
"""The words of the first line: the format and its version."""

_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


class LockError(BriefError):
    """A lock cannot be read; the message says where, and what to do."""


def parse(text: str, path: str) -> Lock:
    """Read the text of a lock; LockError if it is something else."""
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            reader.take(line)
        except ValidationError as failure:
            error = failure.errors(include_url=False)[0]
            raise _not_a_lock(path, number, f"{'.'.join(map(str, error['loc']))}: {error['msg']}") from None
        except (InventoryError, KeyError, ValueError) as failure:
            raise _not_a_lock(path, number, str(failure)) from None
    if not reader.started:
        raise _not_a_lock(path, 1, "the file is empty")
    return reader.lock(path)


def _not_a_lock(path: str, number: int, reason: str) -> LockError:
    return LockError(f"{path}:{number}: {printable(reason)}: `lrspec lock --update` writes the lock anew")


class _Values(BaseModel):
    """The values of a line; later versions may add keys."""

    model_config = ConfigDict(extra="ignore")


class _ModelLine(_Values):
    args: dict[str, Any] = {}
    fingerprint: str
    declarations: bool = False


class _ParameterLine(_Values):
    shape: list[Size] | None = None
    status: Status = Status.trained
    optimizer: str | None = None
    lr: float | None = None
    weight_decay: float | None = None
    options: dict[str, Any] = {}
    schedule: str | None = None
    tags: dict[str, Any] = {}
    frozen_until: int | str | None = None
    layer: tuple[str, int, int] | None = None
    set_by: dict[str, str] = {}
    requires_grad: bool = True
    module: str = ""
    aliases: list[str] = []
    alias_modules: list[str] = []
    declared: list[str] | None = None


@dataclass
class _Model:
    """A model whose lines are being read."""

    source: str
    line: _ModelLine
    inventory: tuple[str, dict[str, Any]] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    classes: dict[str, Classes] = field(default_factory=lambda: {"": ()})
    entries: list[Entry] = field(default_factory=list)

    def add(self, name: str, values: Mapping[str, Any]) -> None:
        """Add a parameter; ValidationError or KeyError if its line is wrong."""
        line = _ParameterLine.model_validate(values)
        owners = tuple(self.classes[owner] for owner in line.alias_modules)
        unknown = () if self.line.declarations else None
        declared = unknown if line.declared is None else tuple(line.declared)
        shape = None if line.shape is None else tuple(line.shape)
        module = self.classes[line.module]
        parameter = Parameter(name, tuple(line.aliases), shape, line.requires_grad, module, owners, declared)
        given = {key: value for key in GIVEN if (value := getattr(line, key)) not in (None, {})}
        self.entries.append(Entry(parameter, {**given, "status": line.status.value}, line.set_by, line.layer))

    def take(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        """Read a line about the model; KeyError or ValueError if it is wrong."""
        if kind == "inventory":
            self.inventory = (name, dict(values["args"]))
        elif kind == "library":
            self.versions[name] = str(values["version"])
        elif kind == "class":
            self.classes[name] = tuple(map(str, values["names"]))
        else:
            raise ValueError(f"unknown word `{kind}`")

    def locked(self, optimizers: Mapping[str, Any], schedules: Mapping[str, Any]) -> LockedModel:
        """Return the model; InventoryError if two of its parameters have one name."""
        source, args = self.inventory or (self.source, self.line.args)
        snapshot = Snapshot(source, args, tuple(self.entries), optimizers, schedules)
        Inventory((entry.parameter for entry in self.entries), source, args)
        return LockedModel(self.source, self.line.args, self.versions, snapshot, self.line.fingerprint)


class _Reader:
    """Takes the lines of a lock one by one."""

    def __init__(self) -> None:
        self.started = False
        self._optimizers: dict[str, Any] = {}
        self._schedules: dict[str, Any] = {}
        self._rules: dict[str, str] = {}
        self._models: list[_Model] = []
        self._names = 0

    def take(self, text: str) -> None:
        """Read one line; KeyError, ValueError or ValidationError says what is wrong with it."""
        if text.startswith(_CONFLICT):
            raise ValueError("a conflict of a merge")
        if not text or text.startswith("#"):
            return
        line = read(text.removeprefix("  "))
        if not self.started:
            if line.words != HEAD:
                raise ValueError(f"expected `{' '.join(HEAD)}`")
            self.started = True
        elif len(line.words) != (1 if text.startswith("  ") else 2):
            raise ValueError("too many or too few words")
        elif text.startswith("  "):
            self._take_parameter(line)
        else:
            self._take_header(line)

    def _take_parameter(self, line: Line) -> None:
        self._names += 1
        if not self._models:
            raise ValueError("a parameter without a model")
        if self._names > MOST_NAMES or len(line.words[0]) > MOST_NAME:
            raise ValueError("more names, or longer ones, than an inventory may have")
        self._models[-1].add(line.words[0], line.values)

    def _take_header(self, line: Line) -> None:
        (kind, name), values = line
        if kind == "optimizer":
            self._optimizers[name] = values
        elif kind == "schedule":
            self._schedules[name] = values["segments"]
        elif kind == "rule":
            self._rules[name] = str(values["sha256"])
        elif kind == "model":
            self._models.append(_Model(name, _ModelLine.model_validate(values)))
        elif not self._models:
            raise ValueError(f"`{kind}` without a model")
        else:
            self._models[-1].take(kind, name, values)

    def lock(self, path: str) -> Lock:
        """Return the lock; InventoryError if two parameters have one name."""
        models = tuple(model.locked(self._optimizers, self._schedules) for model in self._models)
        return Lock(path, self._rules, models, self._optimizers, self._schedules)
