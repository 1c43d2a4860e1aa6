"""The parameters of a model, one list per property: a hundred thousand objects would cost more.

A `Parameter` is made only when one is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Shape: TypeAlias = tuple[int, ...]
Classes: TypeAlias = tuple[str, ...]
"""The names of a class and its bases."""
Declared: TypeAlias = tuple[str, ...]
"""What a model declares a parameter as, sorted."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model, under its canonical name.

    `shape` is None where only names are known. `module` has the class names of the module that owns it: its own class
    and its bases, without `Module`. A tied parameter has its other names in `aliases`, in model order, and their
    owners in `alias_modules`. `declared` has what the model declares it as, of `embedding`, `head` and
    `no_weight_decay`, sorted; None if that is not known.
    """

    name: str
    aliases: tuple[str, ...] = ()
    shape: Shape | None = None
    requires_grad: bool = True
    module: Classes = ()
    alias_modules: tuple[Classes, ...] = ()
    declared: Declared | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its aliases."""
        return (self.name, *self.aliases)

    @property
    def owners(self) -> tuple[Classes, ...]:
        """The classes of the owner of each name; empty if they are not known."""
        return (self.module, *self.alias_modules, *[()] * (len(self.aliases) - len(self.alias_modules)))

    @property
    def elements(self) -> int | None:
        """The number of its elements, or None if the shape is not known."""
        return None if self.shape is None else math.prod(self.shape)


class Aliases(NamedTuple):
    """The other names of a tied parameter, in model order, and the classes of their owners."""

    names: tuple[str, ...]
    owners: tuple[Classes, ...]


class Columns(NamedTuple):
    """Parameters in model order: each list has one item per parameter; `aliases` only has the tied ones."""

    names: list[str]
    shapes: list[Shape | None]
    trainable: list[bool]
    owners: list[Classes]
    aliases: dict[int, Aliases]
    declared: list[Declared | None]

    @classmethod
    def of(cls, parameters: Iterable[Parameter]) -> Columns:
        """Return the columns of some parameters."""
        columns = cls([], [], [], [], {}, [])
        for index, parameter in enumerate(parameters):
            columns.names.append(parameter.name)
            columns.shapes.append(parameter.shape)
            columns.trainable.append(parameter.requires_grad)
            columns.owners.append(parameter.module)
            columns.declared.append(parameter.declared)
            if parameter.aliases:
                columns.aliases[index] = Aliases(parameter.aliases, parameter.owners[1:])
        return columns

    def parameter(self, index: int) -> Parameter:
        """Return the parameter at an index."""
        name, trainable, owner = self.names[index], self.trainable[index], self.owners[index]
        shape, aliases = self.shapes[index], self.aliases.get(index, Aliases((), ()))
        shape = None if shape is None else tuple(shape)
        return Parameter(name, aliases.names, shape, trainable, owner, aliases.owners, self.declared[index])

    def names_of(self, index: int) -> tuple[str, ...]:
        """Return the name and the aliases of a parameter."""
        aliases = self.aliases.get(index)
        return (self.names[index], *aliases.names) if aliases else (self.names[index],)

    def owners_of(self, index: int) -> tuple[Classes, ...]:
        """Return the classes of the owner of each name of a parameter."""
        aliases = self.aliases.get(index)
        return (self.owners[index], *aliases.owners) if aliases else (self.owners[index],)

    def all_names(self) -> Iterator[tuple[int, str]]:
        """Return every name, with the index of its parameter, in model order."""
        if not self.aliases:
            return enumerate(self.names)
        return ((index, name) for index in range(len(self.names)) for name in self.names_of(index))

    def count_names(self) -> int:
        """Return the number of names, aliases included."""
        return len(self.names) + sum(len(aliases.names) for aliases in self.aliases.values())

    def elements(self, indices: Iterable[int]) -> int | None:
        """Return the number of elements of some parameters, or None if a shape is not known."""
        return total_elements([self.shapes[index] for index in indices])


def total_elements(shapes: Sequence[Shape | None]) -> int | None:
    """Return the number of elements of tensors of these shapes, or None if a shape is not known."""
    return None if None in shapes else sum(math.prod(shape) for shape in shapes if shape is not None)
