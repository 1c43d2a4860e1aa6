"""An `Inventory`: the parameters of a model without their tensors, read from the model or from a file.

torch is never imported here: a model brings its own.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import brief
from lrspec.diagnostics.wording import count
from lrspec.models.declared import declarations
from lrspec.models.garbage import uncollected
from lrspec.models.parameters import Aliases, Columns, Declared, Parameter, Shape
from lrspec.models.walk import ModelParameters, class_name, is_sharded, owner_classes, walk, why_lazy

if TYPE_CHECKING:
    from torch import nn


class InventoryError(BriefError):
    """No inventory can be made from a model or a file; the message says why and what to do."""


@dataclass(frozen=True, init=False)
class Inventory:
    """The parameters of a model, in model order, each once.

    `source` is where it comes from: `timm:resnet18`, or the class of a model object; `args` are the arguments that
    the model was built with.
    """

    columns: Columns
    source: str
    args: dict[str, Any]

    def __init__(
        self, parameters: Iterable[Parameter] | Columns, source: str = "", args: Mapping[str, Any] | None = None
    ) -> None:
        columns = parameters if isinstance(parameters, Columns) else Columns.of(parameters)
        names = [name for _, name in columns.all_names()] if columns.aliases else columns.names
        if len(set(names)) < len(names):
            duplicate = next(name for name, times in Counter(names).items() if times > 1)
            raise InventoryError(f"two parameters are called {duplicate!r}")
        for name, value in (("columns", columns), ("source", source), ("args", dict(args or {}))):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        elements = "" if self.elements is None else f" ({count(self.elements, 'element')})"
        names = count(len(self.columns.names), "parameter")
        return brief(f"<Inventory: {names}{elements} of {self.source or 'an unnamed model'}>")

    @classmethod
    def from_model(
        cls, model: nn.Module, *, source: str | None = None, args: dict[str, Any] | None = None
    ) -> Inventory:
        """Return the inventory of a model; the model is not changed.

        Raises:
            InventoryError: if sharding has changed the model's shapes or names (FSDP1, ZeRO-3), or if it has lazy
                parameters.
        """
        with uncollected():
            return cls.of(model, walk(model), source, args)

    @classmethod
    def of(
        cls, model: nn.Module, walked: ModelParameters, source: str | None = None, args: Mapping[str, Any] | None = None
    ) -> Inventory:
        """Return the inventory of a model that has been walked; see `from_model`."""
        if is_sharded(walked):
            raise InventoryError(
                f"the parameters of this {type(model).__name__} are shards: compile before the model is sharded, and "
                "bind afterwards: plan = lrspec.compile(spec, model); shard the model; plan.param_groups(model)"
            )
        if lazy := why_lazy(walked):
            raise InventoryError(lazy)
        classes = {owner: owner_classes(owner) for owner in set(walked.owners)}
        names, tensors, owners = walked.names, walked.tensors, [classes[owner] for owner in walked.owners]
        aliases: dict[int, Aliases] = {}
        if len(set(map(id, tensors))) < len(tensors):
            places_of_tensors: dict[int, list[int]] = {}
            for place, tensor in enumerate(tensors):
                places_of_tensors.setdefault(id(tensor), []).append(place)
            for index, (_, *others) in enumerate(places_of_tensors.values()):
                if others:
                    aliases[index] = Aliases(tuple([names[i] for i in others]), tuple([owners[i] for i in others]))
            first_places = [places[0] for places in places_of_tensors.values()]
            names, tensors = [names[place] for place in first_places], [tensors[place] for place in first_places]
            owners = [owners[place] for place in first_places]
        shapes: list[Shape | None] = [tensor.shape for tensor in tensors]
        trainable, declared = [tensor.requires_grad for tensor in tensors], declarations(walked)
        known: list[Declared | None] = [declared.get(id(tensor), ()) for tensor in tensors]
        columns = Columns(names, shapes, trainable, owners, aliases, known)
        return cls(columns, source or class_name(model), args)

    @classmethod
    def from_names(cls, names: Iterable[str], *, source: str = "") -> Inventory:
        """Return an inventory of names alone: without shapes and owners, all trainable."""
        known = list(names)
        unknown: list[None] = [None] * len(known)
        return cls(Columns(known, [*unknown], [True] * len(known), [()] * len(known), {}, [*unknown]), source)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Inventory:
        """Read an inventory as `lrspec params` writes it, or a text file with one name per line.

        Raises:
            InventoryError: if it is anything else, or too large.
            OSError: if the file cannot be read.
        """
        from lrspec.models.inventory_file import load  # here, since few inventories are read from files

        return load(Path(path))

    def to_dict(self) -> dict[str, Any]:
        """Return the inventory as JSON values, as `lrspec params` writes it."""
        from lrspec.models.inventory_file import to_dict

        return to_dict(self)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, in model order."""
        return tuple(map(self.columns.parameter, range(len(self.columns.names))))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of names, aliases and shapes, in order: `sha256:…`."""
        content = [[p.name, p.aliases, p.shape] for p in self.parameters]
        text = json.dumps(content, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @cached_property
    def elements(self) -> int | None:
        """The number of elements of all parameters, or None if a shape is not known."""
        return self.columns.elements(range(len(self.columns.names)))

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of a parameter in `parameters`, by any of its names."""
        return {name: index for index, name in self.columns.all_names()}
