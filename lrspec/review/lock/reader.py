"""Reads the text of a lock, line by line: somebody may have edited or merged it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from lrspec.compiler.plan import Status
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.models.inventory_file import MOST_ELEMENTS, MOST_NAME, MOST_NAMES, Size
from lrspec.models.parameters import Classes, Parameter
from lrspec.review.lock.lines import read
from lrspec.review.lock.lock import Lock, LockedModel
from lrspec.review.snapshot import GIVEN, Entry, Snapshot

HEAD = ["lrspec-lock", "1"]
"""The words of the first line: the format and its version."""

_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


class LockError(BriefError):
    """A lock cannot be read, or what compiles now is not what is locked; then `diagnostics` are the differences."""

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


def parse(text: str, path: str) -> Lock:
    """Read the text of a lock; LockError if it is something else."""
    reader, number = _Reader(), 0
    try:
        for line in text.split("\n"):
            number += 1
            reader.take(line.removesuffix("\r"))
        return reader.lock(path)
    except ValidationError as failure:
        error = failure.errors(include_url=False)[0]
        reason = f"`{'.'.join(map(str, error['loc']))}`: {error['msg']}"
    except ValueError as failure:
        reason = str(failure)
    raise LockError(
        f"{path}:{number}: not a line of a lock: {printable(reason)}: `lrspec lock --update` writes the lock anew"
    )


class _Values(BaseModel):
    """The values of a line; later versions may add keys."""

    model_config = ConfigDict(extra="ignore")


_MAPPING: Any = Field(default_factory=dict)  # a plain default would be copied deeply for each line
_LIST: Any = Field(default_factory=list)


class _ModelLine(_Values):
    args: dict[str, Any] = _MAPPING
    fingerprint: str
    declarations: bool = False


class _InventoryLine(_Values):
    args: dict[str, Any]


class _LibraryLine(_Values):
    version: str


class _ClassLine(_Values):
    names: list[str]


class _ScheduleLine(_Values):
    segments: list[Any]


class _RuleLine(_Values):
    sha256: str


class _ParameterLine(_Values):
    shape: list[Size] | None = None
    status: Status = Status.trained
    optimizer: str | None = None
    lr: FiniteFloat | None = None
    weight_decay: FiniteFloat | None = None
    options: dict[str, Any] = _MAPPING
    schedule: str | None = None
    tags: dict[str, Any] = _MAPPING
    frozen_until: int | str | None = None
    layer: tuple[str, int, int] | None = None
    set_by: dict[str, str] = _MAPPING
    requires_grad: bool = True
    module: str = ""
    aliases: list[str] = _LIST
    alias_modules: list[str] = _LIST
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
        """Add a parameter; ValueError if its line is wrong."""
        line = _ParameterLine.model_validate(values)
        owners = tuple(self._owner(owner) for owner in line.alias_modules)
        unknown = () if self.line.declarations else None
        declared = unknown if line.declared is None else tuple(line.declared)
        shape = None if line.shape is None else tuple(line.shape)
        module = self._owner(line.module)
        parameter = Parameter(name, tuple(line.aliases), shape, line.requires_grad, module, owners, declared)
        if (parameter.elements or 0) > MOST_ELEMENTS or len(owners) not in (0, len(line.aliases)):
            raise ValueError("more elements than a tensor can have, or other owners than aliases")
        given = {key: value for key in GIVEN if (value := getattr(line, key)) not in (None, {})}
        self.entries.append(Entry(parameter, {**given, "status": line.status.value}, line.set_by, line.layer))

    def _owner(self, name: str) -> Classes:
        if name not in self.classes:
            raise ValueError(f"no class `{name}` above")
        return self.classes[name]

    def take(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        """Read a line about the model; ValueError if it is wrong."""
        if kind == "inventory":
            self.inventory = (name, _InventoryLine.model_validate(values).args)
        elif kind == "library":
            self.versions[name] = _LibraryLine.model_validate(values).version
        elif kind == "class":
            self.classes[name] = tuple(_ClassLine.model_validate(values).names)
        else:
            raise ValueError(f"unknown word `{kind}`")

    def locked(self, optimizers: Mapping[str, Any], schedules: Mapping[str, Any]) -> LockedModel:
        """Return the model."""
        source, args = self.inventory or (self.source, self.line.args)
        snapshot = Snapshot(source, args, tuple(self.entries), optimizers, schedules)
        return LockedModel(self.source, self.line.args, self.versions, snapshot, self.line.fingerprint)


class _Reader:
    """Takes the lines of a lock one by one."""

    def __init__(self) -> None:
        self._started = False
        self._optimizers: dict[str, Any] = {}
        self._schedules: dict[str, Any] = {}
        self._rules: dict[str, str] = {}
        self._models: list[_Model] = []
        self._seen: set[tuple[str, ...]] = set()
        self._names = 0

    def take(self, text: str) -> None:
        """Read one line; ValueError says what is wrong with it."""
        if text.startswith(_CONFLICT):
            raise ValueError("a conflict of a merge")
        if not text or text.startswith("#"):
            return
        is_parameter = text.startswith("  ")
        line = read(text, 2 if is_parameter else 0)
        if not self._started:
            if line.words != HEAD:
                raise ValueError(f"expected `{' '.join(HEAD)}`")
            self._started = True
        elif len(line.words) != (1 if is_parameter else 2):
            raise ValueError("too many or too few words")
        elif is_parameter:
            self._take_parameter(line.words[0], line.values)
        else:
            self._take_header(line.words[0], line.words[1], line.values)

    def _take_parameter(self, name: str, values: Mapping[str, Any]) -> None:
        if not self._models:
            raise ValueError("a parameter without a model")
        model = self._models[-1]
        model.add(name, values)
        names = model.entries[-1].parameter.names
        self._names += len(names)
        if self._names > MOST_NAMES or any(len(each) > MOST_NAME for each in names):
            raise ValueError("more names, or longer ones, than an inventory may have")
        for each in names:
            self._once(f"two parameters are called `{each}`", "", each)

    def _take_header(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        if kind == "model":
            model = _Model(name, _ModelLine.model_validate(values))
            self._once("the model is there twice", "model", name, repr(model.line.args))
            self._models.append(model)
            return
        of_model = kind not in ("optimizer", "schedule", "rule")
        if of_model and not self._models:
            raise ValueError(f"`{kind}` without a model")
        self._once(f"{kind} `{name}` is there twice", kind, "" if kind == "inventory" else name)
        if kind == "optimizer":
            self._optimizers[name] = dict(values)
        elif kind == "schedule":
            self._schedules[name] = _ScheduleLine.model_validate(values).segments
        elif kind == "rule":
            self._rules[name] = _RuleLine.model_validate(values).sha256
        else:
            self._models[-1].take(kind, name, values)

    def _once(self, message: str, kind: str, *words: str) -> None:
        place = () if kind in ("optimizer", "schedule", "rule", "model") else (str(len(self._models)),)
        if (kind, *place, *words) in self._seen:
            raise ValueError(message)
        self._seen.add((kind, *place, *words))

    def lock(self, path: str) -> Lock:
        """Return the lock."""
        if not self._started:
            raise ValueError("the file is empty")
        models = tuple(model.locked(self._optimizers, self._schedules) for model in self._models)
        return Lock(path, self._rules, models, self._optimizers, self._schedules)
