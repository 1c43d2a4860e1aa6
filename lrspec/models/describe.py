"""Parameters in a message: how many, and the first few with their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, count
from lrspec.models.parameters import Columns, Parameter


def count_parameters(columns: Columns, indices: Sequence[int], adjective: str = "") -> str:
    """`2 trainable parameters (1,026 elements)`; without the elements where shapes are not known."""
    elements = columns.elements(indices)
    noun = f"{adjective} parameter".strip()
    size = "" if elements is None else f" ({count(elements, 'element')})"
    return count(len(indices), noun) + size


def list_parameters(columns: Columns, indices: Sequence[int], which: Mapping[int, int]) -> str:
    """The first few parameters with shapes and sizes, and how many more there are.

    `which` tells by which of its names a rule has a parameter: where that is an alias, it is named.
    """
    shown = [_parameter(columns.parameter(index), which.get(index, 0)) for index in indices[:SHOWN]]
    more = [f"and {len(indices) - SHOWN:,} more"] if len(indices) > SHOWN else []
    return ", ".join([*shown, *more])


def _parameter(parameter: Parameter, which: int) -> str:
    alias = f" (by its alias {printable(parameter.names[which])})" if which else ""
    shown = printable(parameter.name) + alias
    if parameter.shape is None:
        return shown
    return f"{shown} {list(parameter.shape)} ({parameter.elements:,})"
