"""Whether a value in a group is the one that the plan has, and how a report says that it is not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from lrspec.source import printable
from lrspec.verifying.running import ModelTensor, Portion, Running
from lrspec.wording import two_values

_EXACT = 1e-12
_SINGLE = 1e-6
"""How far apart two equal numbers may be, relatively: of Python, and of a tensor in single precision."""


class Difference(NamedTuple):
    """Some parameters of a group, with what is there and what should be."""

    portion: Portion
    actual: Any
    planned: Any


def same(actual: Any, planned: Any) -> bool:
    """Whether two values of a setting are equal; a list is equal to a tuple, a tensor to its number."""
    if isinstance(actual, list | tuple) and isinstance(planned, list | tuple):
        return len(actual) == len(planned) and all(map(same, actual, planned))
    if _is_number(actual) and _is_number(planned):
        tolerance = _EXACT if isinstance(actual, int | float) and isinstance(planned, int | float) else _SINGLE
        return math.isclose(actual, planned, rel_tol=tolerance)
    return bool(_plain(actual) == _plain(planned))


def close(one: float, other: float) -> bool:
    """Whether two factors of rates are equal, as far as a schedule that multiplies step by step can be exact."""
    return math.isclose(one, other, rel_tol=_SINGLE, abs_tol=1e-9)


def tensors_of(differences: Sequence[Difference]) -> list[ModelTensor]:
    """The parameters that differ."""
    return [tensor for each in differences for tensor in each.portion.tensors]


def differing(running: Running, what: str, differences: Sequence[Difference], where: str = "") -> str:
    """`the weight decay of 3 parameters (9 elements) is 0.1, not 0.05`; of many values the first, with its name."""
    counted = running.counted(tensors_of(differences))
    in_order = sorted(differences, key=lambda each: each.portion.first)
    words = [two_values(_plain(each.actual), _plain(each.planned)) for each in in_order]
    (actual, planned), name = words[0], printable(in_order[0].portion.tensors[0].names[0])
    if len(set(words)) == 1:
        return f"{what} of {counted} is {actual}{where}, not {planned}"
    return f"{what} of {counted} is not the plan's{where}: {actual}, not {planned}, of {name}"


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and (isinstance(value, int | float) or _is_scalar(value))


def _is_scalar(value: Any) -> bool:
    return hasattr(value, "item") and value.numel() == 1


def _plain(value: Any) -> Any:
    """A value that can be compared: of a tensor its number or its numbers, of a list a tuple."""
    if isinstance(value, list | tuple):
        return tuple(_plain(item) for item in value)
    if _is_scalar(value):
        return value.item()
    return _plain(value.tolist()) if hasattr(value, "tolist") else value
