"""What is known of a parameter as one flat mapping, so that two of them differ by keys: `lr`, `options.betas`."""

from __future__ import annotations

from collections.abc import Iterator
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
