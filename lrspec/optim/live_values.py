"""Values in real groups as a spec has them: numbers for tensors and numpy's own, tuples for lists."""

from __future__ import annotations

from typing import Any


def plain(value: Any) -> Any:
    """A value that can be compared and printed; of a tensor with one element its number."""
    if hasattr(value, "tolist"):
        numbers = value.reshape(-1).tolist()
        return numbers[0] if len(numbers) == 1 else tuple(numbers)
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value
