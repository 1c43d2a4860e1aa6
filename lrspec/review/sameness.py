"""Which values of two plans are the same: what the JSON of a plan tells apart is not, except that 1 is 1.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def are_same(one: Any, other: Any) -> bool:
    """Return whether two values are the same: 1 is 1.0, but `true` is not 1."""
    if not isinstance(one, list | tuple | Mapping):
        return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
    one, other = (tuple(each) if isinstance(each, list) else each for each in (one, other))
    return bool(one == other) and (repr(one) == repr(other) or hashable(one) == hashable(other))  # the first is quick


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ, or that only one of two mappings has; None is as absent."""
    keys = dict.fromkeys((*one, *other))
    return [key for key in keys if not are_same(one.get(key), other.get(key))]


def hashable(value: Any) -> Any:
    """Return a value as a key of a mapping, the same for the same values."""
    if isinstance(value, list | tuple):
        return tuple(map(hashable, value))
    if isinstance(value, Mapping):
        return tuple((key, hashable(value[key])) for key in sorted(value))
    return isinstance(value, bool), value
