"""What is known of the parameters of a model, a list for each property: a hundred thousand objects would cost more.

A `Parameter` is made where somebody reads one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Shape: TypeAlias = tuple[int, ...]
Classes: TypeAlias = tuple[str, ...]
"""The names of a class and of its bases."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model, under its canonical name.

    `shape` is None where only names are known. `module` has the class names of the module that owns it:
    its own class and its bases, without `Module`. A tied parameter has its further names in `aliases`, in model
    order, and their owners in `alias_modules`.
    """

    name: str
    aliases: tuple[str, ...] = ()
    shape: Shape | None = None
    requires_grad: bool = True
    module: Classes = ()
    alias_modules: tuple[Classes, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The first name and the aliases."""
        return (self.name, *self.aliases)

    @property
    def owners(self) -> tuple[Classes, ...]:
        """The classes of the owner of each of the names; none where they are not known."""
        return (self.module, *self.alias_modules, *[()] * (len(self.aliases) - len(self.alias_modules)))

    @property
    def elements(self) -> int | None:
        """The number of its elements, or None where the shape is not known."""
        return None if self.shape is None else math.prod(self.shape)


class Aliases(NamedTuple):
    """The further names of a tied parameter, in model order, and the classes of their owners."""

    names: tuple[str, ...]
    owners: tuple[Classes, ...]


class Columns(NamedTuple):
    """Parameters in model order: an item of each list is a parameter's; `aliases` has those of tied ones only."""

    names: list[str]
    shapes: list[Shape | None]
    trainable: list[bool]
    owners: list[Classes]
    aliases: dict[int, Aliases]

    @classmethod
    def of(cls, parameters: Iterable[Parameter]) -> Columns:
        """The columns of some parameters."""
        columns = cls([], [], [], [], {})
        for index, each in enumerate(parameters):
            columns.names.append(each.name)
            columns.shapes.append(each.shape)
            columns.trainable.append(each.requires_grad)
            columns.owners.append(each.module)
            if each.aliases:
                columns.aliases[index] = Aliases(each.aliases, each.owners[1:])
        return columns

    def parameter(self, index: int) -> Parameter:
        """The parameter at an index."""
        shape, aliases = self.shapes[index], self.aliases.get(index, Aliases((), ()))
        return Parameter(
            self.names[index],
            aliases.names,
            None if shape is None else tuple(shape),
            self.trainable[index],
            self.owners[index],
            aliases.owners,
        )

    def names_of(self, index: int) -> tuple[str, ...]:
        """The first name and the aliases of a parameter."""
        aliases = self.aliases.get(index)
        return (self.names[index], *aliases.names) if aliases else (self.names[index],)

    def owners_of(self, index: int) -> tuple[Classes, ...]:
        """The classes of the owner of each name of a parameter."""
        aliases = self.aliases.get(index)
        return (self.owners[index], *aliases.owners) if aliases else (self.owners[index],)

    def all_names(self) -> Iterator[tuple[int, str]]:
        """Every name, with the index of its parameter, in model order."""
        if not self.aliases:
            return enumerate(self.names)
        return ((index, name) for index in range(len(self.names)) for name in self.names_of(index))

    def count_names(self) -> int:
        """How many names there are, aliases included."""
        return len(self.names) + sum(len(each.names) for each in self.aliases.values())

    def elements(self, indices: Iterable[int]) -> int | None:
        """The number of elements of some parameters, or None where a shape is not known."""
        return total_elements([self.shapes[index] for index in indices])


def total_elements(shapes: Sequence[Shape | None]) -> int | None:
    """The number of elements of tensors of some shapes, or None where a shape is not known."""
    return None if None in shapes else sum(math.prod(shape) for shape in shapes if shape is not None)
