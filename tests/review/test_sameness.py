"""Which values are the same."""

from __future__ import annotations

from typing import Any

import pytest

from lrspec.review.sameness import are_same, differing, hashable


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        ([1, 2], (1.0, 2), True),
        ([True], [1], False),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        (None, False, False),
    ],
)
def test_what_json_tells_apart_is_different(one: Any, other: Any, expected: bool) -> None:
    assert are_same(one, other) is are_same(other, one) is expected
    assert (hashable(one) == hashable(other)) is expected
    assert differing({"key": one}, {"key": other}) == ([] if expected else ["key"])
