"""Properties in two tiers: few drawn examples every day, and many where the slow tests run as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st


def drawn(
    *strategies: st.SearchStrategy[Any],
    few: int,
    many: int,
    parts: int = 1,
    examples: Iterable[tuple[Any, ...]] = (),
    **options: Any,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of a property, which is then run with a few drawn examples, and with many if slow tests run.

    `parts` is how many tests draw the many between them, as they run in several processes. `examples` are tried before
    those that are drawn, and `options` are settings of hypothesis. With `--drawn N` each test draws N examples,
    other ones every time.
    """

    few_and_many = [pytest.param(few, None, id="few")]
    for part in range(parts):
        name = f"many-{part + 1}" if parts > 1 else "many"
        few_and_many.append(pytest.param(many // parts, part or None, id=name, marks=pytest.mark.slow))

    def decorate(holds: Callable[..., None]) -> Callable[..., None]:
        @pytest.mark.parametrize(("count", "part"), few_and_many)
        def test(count: int, part: int | None, pytestconfig: pytest.Config) -> None:
            asked: int | None = pytestconfig.getoption("--drawn")
            judged: Any = given(*strategies)(holds)
            for values in examples:
                judged = example(*values)(judged)
            if part is not None and not asked:
                judged = seed(part)(judged)  # in place of that of the test, which the others would share
            settings(max_examples=asked or count, **{"derandomize": not asked, **options})(judged)()

        test.__name__, test.__doc__, test.__module__ = holds.__name__, holds.__doc__, holds.__module__
        return test

    return decorate
