"""Factors of schedules: the formulas, their ends, and what a run leaves of them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lrspec
from lrspec.optim.schedules.planned import cut_short, factor, timed

Segments = list[dict[str, Any]]


def spec_of(segments: Segments) -> lrspec.SpecFile:
    rules = [{"name": "all", "match": ".", "lr": 1}]
    return lrspec.load({"lrspec": 1, "schedules": {"main": segments}, "rules": rules})


def factors(segments: Segments, steps: int, more: int = 0) -> list[float]:
    schedules = spec_of(segments).spec.schedules
    assert schedules
    course = timed(schedules["main"], steps)
    return [factor(course, step) for step in range(steps + more)]


SHAPES = {
    "linear": lambda f, t, p: f + (t - f) * p,
    "cosine": lambda f, t, p: t + (f - t) * (1 + math.cos(math.pi * p)) / 2,
    "sqrt": lambda f, t, p: f + (t - f) * math.sqrt(p),
    "exponential": lambda f, t, p: f ** (1 - p) * t**p,
    "power": lambda f, t, p: t + (f - t) * (1 - p) ** 1.5,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_segment_follows_its_formula(shape: str) -> None:
    written = {"power": 1.5} if shape == "power" else shape
    found = factors([{"until": 7}, {"until": 20, "from": 0.3, "to": 0.7, "shape": written}, {}], 30)
    expected = [SHAPES[shape](0.3, 0.7, (step - 7) / 13) for step in range(8, 20)]
    assert found[8:20] == expected
    assert found[7] == 0.3, "exactly where it begins"
    assert found[20] == 0.7, "and the next one exactly where it ends"


def test_linear_is_what_is_left_out() -> None:
    assert factors([{"until": 4, "from": 0}, {}], 6) == [0, 0.25, 0.5, 0.75, 1, 1]


def test_the_first_begins_at_1_and_others_where_the_one_before_ended() -> None:
    assert factors([{"to": 0}], 4) == [1, 0.75, 0.5, 0.25]
    assert factors([{"until": 2, "to": 3}, {"to": 1}], 4) == [1, 2, 3, 2]


def test_inverse_sqrt_goes_on_from_where_it_begins() -> None:
    found = factors([{"until": 4, "from": 0, "to": 2}, {"until": 9, "shape": "inverse_sqrt"}, {"to": 0}], 12)
    assert found[4:9] == [2, *(2 * math.sqrt(4 / step) for step in range(5, 9))]
    assert found[9] == 2 * math.sqrt(4 / 9), "its end is the value of the step where it ends"


def test_inverse_sqrt_from_step_0_has_no_division_by_0() -> None:
    assert factors([{"shape": "inverse_sqrt"}], 4) == [1, 1, math.sqrt(1 / 2), math.sqrt(1 / 3)]


def test_after_the_end_the_end_value_holds() -> None:
    assert factors([{"until": 5, "to": 0.1}], 5, more=3)[5:] == [0.1] * 3
    assert factors([{"shape": "inverse_sqrt"}], 4, more=3)[4:] == [math.sqrt(1 / 4)] * 3
    assert factors([{"until": 2, "to": 0.5}], 6)[2:] == [0.5] * 4, "it may end before the run"


def test_drops_are_segments_with_beginnings() -> None:
    drops: Segments = [{"until": "60%"}, {"until": "80%", "from": 0.1, "to": 0.1}, {"from": 0.01, "to": 0.01}]
    assert factors(drops, 10) == [1] * 6 + [0.1] * 2 + [0.01] * 2


def test_a_percentage_is_the_first_step_that_is_not_before_it_exactly() -> None:
    def end(until: str, steps: int) -> int:
        return [*factors([{"until": until, "to": 0}, {"from": 7, "to": 7}], steps, 1)].index(7)

    assert end("5%", 1000) == 50
    assert end("5%", 1001) == 51
    assert end("12.5%", 1000) == 125
    assert end("7%", 100) == 7, "which floating point makes 7.000000000000001"
    assert end("0.1%", 10) == 1
    assert end("100%", 10) == 10


@given(st.integers(1, 10**6), st.integers(1, 10**4))
def test_a_percentage_is_never_early(steps: int, hundredths: int) -> None:
    percent = f"{hundredths // 100}.{hundredths % 100:02}%"
    (segment,) = timed((spec_of([{"until": percent}]).spec.schedules or {})["main"], steps)
    share = Fraction(hundredths, 10_000) * steps
    assert share <= segment.end < share + 1


def test_an_empty_segment_only_hands_on_its_end() -> None:
    found = factors([{"until": 6, "to": 0.5}, {"until": "10%", "from": 9, "to": 0.2}, {"to": 0}], 10)
    assert found[5] == pytest.approx(1 - 0.5 * 5 / 6)
    assert found[6] == 0.2
    assert found[8] == pytest.approx(0.1)


def test_a_segment_that_is_cut_off_stays_as_long_as_it_is() -> None:
    cosine: Segments = [{"until": 1000, "to": 0, "shape": "cosine"}]
    assert factors(cosine, 10) == factors(cosine, 1000)[:10]


def test_what_a_run_leaves_out_is_said_with_the_numbers() -> None:
    def said(segments: Segments, steps: int) -> list[str]:
        plan = lrspec.compile(spec_of(segments), lrspec.Inventory((lrspec.Parameter("a"),)))
        return [sentence.partition(": ")[2] for sentence in cut_short(plan, ["main"], steps)]

    right: Segments = [{"until": 2000, "from": 0}, {"until": "80%"}, {"to": 0}]
    assert said(right, 10_000) == []
    assert said(right, 1000) == [
        "segment 1 is cut off: it ends at step 2,000 (`until: 2000`)",
        "segment 2 is empty: it begins at step 2,000 and would end at step 800 (`until: 80%`)",
        "segment 3 is empty: it begins at step 2,000 and would end at step 1,000",
    ]
    assert said(right, 2100) == [
        "segment 2 is empty: it begins at step 2,000 and would end at step 1,680 (`until: 80%`)"
    ]
    assert said([{}], 1) == []
    assert said([{"until": "100%", "to": 0}], 1) == []


def test_times_beyond_all_numbers_of_floating_point_are_fine() -> None:
    assert factors([{"until": 10**300, "to": 0}], 3) == [1, 1, 1]
