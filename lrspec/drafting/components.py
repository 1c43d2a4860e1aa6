"""Splits names into components, and these into numbers and the texts around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, takewhile
from typing import TypeAlias

Component: TypeAlias = tuple[str, ...]
"""The texts around the numbers of a component: `("conv", "_", "")` for `conv2_1`."""
Numbers: TypeAlias = tuple[str, ...]

NUMBER: Component = ("", "")
"""A component that is a number and nothing else."""
_NUMBER = re.compile(r"(\d+)")


def split(name: str) -> tuple[tuple[Component, ...], Numbers]:
    """Return the components of a name, and the numbers in them."""
    components, numbers = zip(*map(_split, name.split(".")), strict=True)
    return components, tuple(chain.from_iterable(numbers))


def count_shared(one: Sequence[object], other: Sequence[object]) -> int:
    """Return how many items two sequences begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


@lru_cache(maxsize=2**16)
def _split(component: str) -> tuple[Component, Numbers]:
    pieces = _NUMBER.split(component)
    return tuple(pieces[::2]), tuple(pieces[1::2])
