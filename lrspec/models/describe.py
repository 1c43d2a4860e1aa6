"""Parameters in a message: their number, and the first few with their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, count
from lrspec.models.parameters import Columns


def count_parameters(columns: Columns, indices: Sequence[int], adjective: str = "") -> str:
    """Return `2 trainable parameters (1,026 elements)`, without the elements if shapes are not known."""
    elements = columns.elements(indices)
    noun = f"{adjective} parameter".strip()
    size = "" if elements is None else f" ({count(elements, 'element')})"
    return count(len(indices), noun) + size


def list_parameters(columns: Columns, indices: Sequence[int], which: Mapping[int, int]) -> str:
    """Return the first few parameters with shapes and sizes, and the number of the others.

    `which` tells which of its names a rule selects a parameter by; an alias is shown.
    """
    items = []
    for index in indices[:SHOWN]:
        parameter, name = columns.parameter(index), which.get(index, 0)
        alias = f" (by its alias {printable(parameter.names[name])})" if name else ""
        size = "" if parameter.shape is None else f" {list(parameter.shape)} ({parameter.elements:,})"
        items.append(f"{printable(parameter.name)}{alias}{size}")
    if len(indices) > SHOWN:
        items.append(f"and {len(indices) - SHOWN:,} more")
    return ", ".join(items)
