"""Rates at a step, held against a literal reading of the table of shapes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from tests.bruteforce_schedules import factor
from tests.compiler.test_against_bruteforce import ONE_PARAMETER, compiled
from tests.drawing import drawn
from tests.strategies import schedules

RATE = 0.3


def with_schedule(schedule: list[dict[str, Any]]) -> dict[str, Any]:
    """A spec with one schedule and one group."""
    rules = [{"name": "all", "match": ".", "lr": RATE}]
    return {"lrspec": 1, "schedules": {"main": schedule}, "rules": rules}


@drawn(schedules(), st.integers(1, 250), few=100, many=600)
def test_rates_at_a_step_are_those_of_the_table_of_shapes(schedule: list[dict[str, Any]], steps: int) -> None:
    plan = compiled(with_schedule(schedule), ONE_PARAMETER)
    for step in range(steps + 20):
        expected = RATE * factor(schedule, step, steps)
        assert plan.rates_at(step, steps) == {"all": pytest.approx(expected, rel=1e-12, abs=1e-15)}, step
