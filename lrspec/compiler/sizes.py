"""The sizes of parameters that factors are made of: rows, cols, fan_in and fan_out."""

from __future__ import annotations

import math

from lrspec.models.parameters import Columns
from lrspec.spec.language import SizeFactor

_EMBEDDINGS = ("Embedding", "EmbeddingBag")
_CONVOLUTION, _TRANSPOSED = "_ConvNd", "Conv1D"
"""The base of torch's convolutions; transformers' linear layer whose weight has its inputs first."""


def size(columns: Columns, parameter: int, of: str) -> int | None:
    """The size of a parameter, by its shape and its owners; None if it has no such size.

    `fan_in` and `fan_out` are as `torch.nn.init` has them, and the other way round in transformers' `Conv1D`.
    """
    shape = columns.shapes[parameter]
    if shape is None or len(shape) < 2:
        return None
    classes = {name for owner in columns.owners_of(parameter) for name in owner}
    if len(shape) > 2:
        if of not in ("fan_in", "fan_out") or _CONVOLUTION not in classes:
            return None
        return (shape[1] if of == "fan_in" else shape[0]) * math.prod(shape[2:]) or None
    if of in ("fan_in", "fan_out") and not classes.isdisjoint(_EMBEDDINGS):
        return None
    fan_of_rows = "fan_in" if _TRANSPOSED in classes else "fan_out"
    return (shape[0] if of in ("rows", fan_of_rows) else shape[1]) or None


def factor(sizes: SizeFactor, of_parameter: int) -> float:
    """The factor of a size: `(size / base) ** power`; infinite if it is too large for a number."""
    try:
        return float((of_parameter / sizes.base) ** sizes.power)
    except OverflowError:
        return math.inf
