"""What is known of a parameter as one flat mapping, so that two of them differ by keys: `lr`, `options.betas`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lrspec.review.snapshot import Entry

Values = dict[str, Any]
"""Values by flat keys; a key is absent where nothing sets it. A layer is its rule, its index and their number."""

_BY_NAME = ("options", "tags")


def values_of(entry: Entry) -> Values:
    """Return all that a plan says of a parameter, but for its name and what follows from the rest."""
    return dict(_items(entry))


def _items(entry: Entry) -> Iterator[tuple[str, Any]]:
    parameter = entry.parameter
    if parameter.shape is not None:
        yield "shape", parameter.shape
    if parameter.aliases:
        yield "aliases", parameter.aliases
    for key, value in entry.given.items():
        if key in _BY_NAME:
            yield from ((f"{key}.{name}", each) for name, each in value.items())
        else:
            yield key, value
    yield from ((f"set_by.{axis}", rule) for axis, rule in entry.set_by.items())
    if entry.layer is not None:
        yield "layer", entry.layer


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ: 1 is 1.0, but `true` is not 1."""
    keys = dict.fromkeys((*one, *other))
    return [key for key in keys if not _same(one.get(key), other.get(key))]


def _same(one: Any, other: Any) -> bool:
    if type(one) is type(other) and not isinstance(one, list | Mapping):
        return bool(one == other)
    return bool(one == other) and hashable(one) == hashable(other)


def hashable(value: Any) -> Any:
    """Return a value as a key of a mapping, the same for the same values."""
    if isinstance(value, list):
        return tuple(map(hashable, value))
    if isinstance(value, Mapping):
        return tuple((key, hashable(value[key])) for key in sorted(value))
    return (isinstance(value, bool), value)
