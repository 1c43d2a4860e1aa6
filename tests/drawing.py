"""Properties in two tiers: few drawn examples every day, and many where the slow tests run as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st


def drawn(
    *strategies: st.SearchStrategy[Any],
    few: int,
    many: int,
    examples: Iterable[tuple[Any, ...]] = (),
    **options: Any,
) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """Make a test of a property, which is then run with a few drawn examples, and with many if slow tests run.

    `examples` are tried before those that are drawn, and `options` are settings of hypothesis.
    """

    def decorate(holds: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize(
            "count", [pytest.param(few, id="few"), pytest.param(many, id="many", marks=pytest.mark.slow)]
        )
        def test(count: int) -> None:
            judged: Any = given(*strategies)(holds)
            for values in examples:
                judged = example(*values)(judged)
            settings(max_examples=count, **options)(judged)()

        test.__name__, test.__doc__, test.__module__ = holds.__name__, holds.__doc__, holds.__module__
        return test

    return decorate
