"""Plots over time: the curves are the plan's rates, and what the legend says of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import lrspec
from lrspec.compiler.plan import Plan
from lrspec.models.inventory import Inventory
from lrspec.review.plot.curves import curves_of
from lrspec.review.plot.over_time import over_time
from lrspec.review.plot.style import THEMES, settings

MAIN = [{"until": "10%", "from": 0}, {"until": "50%", "to": 0.5, "shape": "cosine"}, {"from": 0.1, "to": 0}]


def plan_of(*rules: dict[str, Any], blocks: int = 3, **keys: Any) -> Plan:
    names = ["embed.weight", *(f"blocks.{at}.weight" for at in range(blocks)), "head.weight"]
    spec = {"lrspec": 1, "optimizer": {"type": "SGD", "lr": 0.1}, **keys, "rules": [*rules]}
    return lrspec.compile(spec, Inventory.from_names(names))


def drawn(plan: Plan, steps: int) -> Figure:
    with settings(THEMES["light"]):
        figure = over_time(plan, steps, THEMES["light"], 3.4)
        figure.canvas.draw()
    return figure


def lines(figure: Figure) -> list[Line2D]:
    return [*figure.axes[0].get_lines()]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for each in figure.legends for text in each.get_texts()]


def data(line: Line2D) -> dict[float, float]:
    return dict(zip(map(float, line.get_xdata()), map(float, line.get_ydata()), strict=True))  # type: ignore[arg-type]


HEAD_AND_BODY = (
    {"name": "head", "match": "^head", "lr_mult": 2, "schedule": "flat"},
    {"name": "body", "fallback": True, "lr_mult": 1},
)
SCHEDULES = {"main": MAIN, "flat": [{"to": 1}]}


@pytest.mark.parametrize("steps", [1, 2, 7, 1000, 123_456])
def test_curves_are_the_rates_of_the_plan(steps: int) -> None:
    plan = plan_of(*HEAD_AND_BODY, schedules=SCHEDULES)
    figure = drawn(plan, steps)
    head, body = (data(line) for line in lines(figure))
    for step in body:
        assert {"head": head[step], "body": body[step]} == plan.rates_at(int(step), steps)
    assert min(body) == 0
    assert max(body) == steps - 1
    assert figure.axes[0].get_yscale() == "log"
    assert legend(figure) == ["head", "body"]


def test_jumps_are_between_two_neighbouring_steps() -> None:
    body = data(lines(drawn(plan_of(*HEAD_AND_BODY, schedules=SCHEDULES), 100_000))[1])
    jumps = [(before, after) for before, after in pairwise(body) if abs(body[before] - body[after]) > 0.03]
    assert jumps == [(49_999, 50_000)]


def test_groups_with_the_same_rates_share_a_curve() -> None:
    decay = {"name": "no-decay", "match": "^embed", "weight_decay": 0}
    figure = drawn(plan_of(*HEAD_AND_BODY, decay, schedules=SCHEDULES), 100)
    assert len(lines(figure)) == 2
    assert legend(figure)[1].endswith(" and 1 other group")


def test_the_legend_of_many_curves_names_a_few_from_the_highest_to_the_lowest() -> None:
    plan = plan_of({"name": "depth", "layers": r"^(.+)\.", "layer_decay": 0.98}, blocks=300)
    figure = drawn(plan, 1000)
    assert len(lines(figure)) == 302
    first, *_, last, more = legend(figure)
    assert (first, last, more) == ("depth.301", "depth.000", "and 295 curves between these")
    assert len({line.get_color() for line in lines(figure)}) > 100


def test_rates_that_fall_to_nothing_do_not_stretch_the_scale() -> None:
    low, high = drawn(plan_of(*HEAD_AND_BODY, schedules=SCHEDULES), 100_000).axes[0].get_ylim()
    assert low == pytest.approx(0.1 / 1000)
    assert 0.2 < high < 1


def test_a_curve_is_dotted_as_long_as_its_parameters_are_frozen() -> None:
    thawing = {"name": "body", "fallback": True, "lr_mult": 1, "freeze": {"until": "25%"}}
    figure = drawn(plan_of(HEAD_AND_BODY[0], thawing, schedules={"flat": [{"to": 1}]}), 100)
    head, frozen, trained = lines(figure)
    assert (head.get_linestyle(), trained.get_linestyle()) == ("-", "-")
    assert frozen.get_linestyle() != "-"
    assert (max(data(frozen)), min(data(trained))) == (25, 25)
    assert legend(figure) == ["head", "body", "frozen"]


def test_optimizers_have_styles_and_are_named() -> None:
    bases = {"a_x": {"type": "AdamW", "lr": 1e-3}, "b": {"type": "SGD", "lr": 0.1}}
    spec = {"lrspec": 1, "optimizers": bases, "rules": [{"match": "^h", "optimizer": "b", "lr_mult": 1}]}
    spec["rules"] += [{"name": "rest", "fallback": True, "lr_mult": 1}]  # type: ignore[operator]
    figure = drawn(lrspec.compile(spec, Inventory.from_names(["a.weight", "h.weight"])), 10)
    assert any("(a_x)" in word for word in legend(figure))
    assert len({line.get_linestyle() for line in lines(figure)}) == 2


def test_groups_without_a_rate_have_no_curve() -> None:
    rules = {"match": "^h", "lr": 0}, {"match": "^[^h]", "lr": 0}
    plan = plan_of(*rules)
    assert [curve.rates[0] for curve in curves_of(plan, 10)[1]] == [0]
    assert drawn(plan, 10).axes[0].get_yscale() == "linear"  # a scale of logarithms has no 0
