"""Plots by depth: the marks and axes of the figure say what the plan says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import lrspec
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter
from lrspec.review.plot.by_depth import by_depth
from lrspec.review.plot.columns import columns_of
from lrspec.review.plot.marks import marks_of
from lrspec.review.plot.style import THEMES, settings

LEAVES = {"norm.weight": (8,), "attn.weight": (8, 8), "mlp.weight": (8, 32)}
MODEL = Inventory(
    [
        Parameter("embed.weight", shape=(1000, 8)),
        *(Parameter(f"blocks.{at}.{leaf}", shape=shape) for at in range(3) for leaf, shape in LEAVES.items()),
        Parameter("head.weight", shape=(1000, 8)),
        Parameter("head.bias", shape=(1000,)),
    ],
    "mine",
)
LADDER = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 1e-2, "weight_decay": 0.05},
    "rules": [
        {"name": "depth", "layers": [r"^embed\.", r"^blocks\.(\d+)\.", r"^head\."], "layer_decay": 0.5},
        {"name": "no-decay", "where": {"ndim": [1]}, "weight_decay": 0},
    ],
}


def spec(*rules: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"lrspec": 1, "optimizer": {"type": "SGD", "lr": 0.1}, **keys, "rules": [*rules]}


def drawn(value: dict[str, Any], model: Inventory = MODEL, theme: str = "light") -> Figure:
    with settings(THEMES[theme]):
        figure = by_depth(lrspec.compile(value, model), THEMES[theme], 3.4)
        figure.canvas.draw()
    return figure


def points(axes: Axes) -> Iterator[tuple[float, float, float]]:
    """The marks on some axes: x, y and size."""
    for collection in axes.collections:
        offsets: Any = collection.get_offsets()
        sizes: Any = collection.get_sizes()  # type: ignore[attr-defined]
        for (x, y), size in zip(offsets, cycle(sizes), strict=False):
            yield float(x), float(y), float(size)


def by_height(axes: Axes) -> dict[float, Any]:
    """What is drawn on some axes, by the first y of each."""
    collections: list[Any] = [*axes.collections]
    return {float(each.get_offsets()[0][1]): each for each in collections}


def ticks(axes: Axes) -> dict[str, float]:
    """Where the labels of the y axis are."""
    return {label.get_text(): float(label.get_position()[1]) for label in axes.get_yticklabels()}


def columns(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[-1].get_xticklabels()]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for each in figure.legends for text in each.get_texts()]


def test_each_group_has_a_mark_at_its_rate_in_each_module() -> None:
    rates, decays = drawn(LADDER).axes
    assert rates.get_yscale() == "log"
    assert decays.get_yscale() == "linear"
    assert sorted({(round(x), round(y, 9)) for x, y, _ in points(rates)}) == [
        (at, round(1e-2 * 0.5 ** (4 - at), 9)) for at in range(5)
    ]
    assert len([*points(rates)]) == 9  # each module has a group with weight decay, and but for the first one without
    assert {(round(x), y) for x, y, _ in points(decays)} == {
        *((at, 0.05) for at in range(5)),
        *((at, 0.0) for at in range(1, 5)),
    }


def test_columns_are_labelled_in_model_order_with_names_upright() -> None:
    figure = drawn(LADDER)
    assert columns(figure) == ["embed", "blocks.0", "1", "2", "head"]
    assert [label.get_rotation() for label in figure.axes[-1].get_xticklabels()] == [90, 90, 0, 0, 90]
    assert figure.get_supxlabel() == "modules of mine, in model order"


def test_marks_have_the_elements_of_the_plan() -> None:
    plan = lrspec.compile(LADDER, MODEL)
    marks = marks_of(plan, columns_of(MODEL.columns.names))
    assert sum(mark.elements or 0 for mark in marks) == MODEL.elements
    assert {mark.group for mark in marks} == set(range(len(plan.groups or ())))
    assert [mark.elements for mark in marks] == sorted((mark.elements or 0 for mark in marks), reverse=True)


def test_areas_are_as_the_elements() -> None:
    sizes = {(round(x), y): size for x, y, size in points(drawn(LADDER).axes[1])}
    assert sizes[0, 0.05] / sizes[4, 0.0] == pytest.approx(8)
    assert sizes[2, 0.0] == pytest.approx(sizes[3, 0.0])  # eight elements are still to be seen


def test_parameters_of_a_module_with_rates_of_their_own_stand_side_by_side() -> None:
    every = spec({"name": "each", "layers": "^(.+)$", "layer_decay": 0.9})
    seen = sorted(points(drawn(every).axes[0]))
    assert len(seen) == len(MODEL.columns.names)
    assert [y for _, y, _ in seen] == sorted(y for _, y, _ in seen)
    assert all(abs(x - round(x)) < 0.5 for x, _, _ in seen)


def test_frozen_parts_have_a_row() -> None:
    figure = drawn(spec({"name": "head", "match": r"^head\.", "lr_mult": 1}, {"fallback": True, "freeze": True}))
    rates, frozen, unset = figure.axes
    assert [y for _, y, _ in points(rates)] == [0.1]
    assert ticks(frozen) == {"frozen": 0}
    assert sorted(x for x, _, _ in points(frozen)) == [0, 1, 2, 3]
    assert ticks(unset) == {"weight decay\nnot set": 0}
    assert len([*points(unset)]) == 1


def test_rates_of_zero_are_not_on_the_log_scale() -> None:
    rules = {"match": "^head", "lr": 0}, {"fallback": True, "lr_mult": 1}
    rates, zero, _ = drawn(spec(*rules)).axes
    assert {y for _, y, _ in points(rates)} == {0.1}
    assert ticks(zero) == {"rate 0": 0}
    assert [x for x, _, _ in points(zero)] == [4]


def test_all_frozen_is_one_row() -> None:
    figure = drawn(spec({"match": "^.", "freeze": True}))
    assert [[*ticks(axes)] for axes in figure.axes] == [["frozen"]]


def test_several_optimizers_have_markers_and_names() -> None:
    bases = {"adam_w": {"type": "AdamW", "lr": 1e-3}, "muon": {"type": "Muon", "lr": 0.02, "weight_decay": 0.1}}
    rules = (
        {"match": "^blocks", "where": {"ndim": 2}, "optimizer": "muon", "lr_mult": 1},
        {"fallback": True, "lr_mult": 1},
    )
    figure = drawn({"lrspec": 1, "optimizers": bases, "rules": [*rules]})
    assert legend(figure) == ["adam_w", "muon", "1,000 elements"]
    rates = figure.axes[0]
    assert ticks(rates) == {"0.001": 0.001, "0.02": 0.02}
    paths = {rate: len(collection.get_paths()[0]) for rate, collection in by_height(rates).items()}
    assert paths[0.001] > paths[0.02]  # a circle and a square


def test_what_thaws_is_hollow() -> None:
    figure = drawn(spec({"match": "^blocks", "lr_mult": 1, "freeze": {"until": 100}}, {"fallback": True, "lr_mult": 2}))
    collections: list[Any] = [*figure.axes[0].collections]
    insides = {tuple(each.get_facecolor()[0]) for each in collections}
    assert (1.0, 1.0, 1.0, 1.0) in insides
    assert len(insides) == 2
    assert "frozen at first" in legend(figure)


def test_the_legend_names_an_optimizer_of_which_all_is_frozen_at_first() -> None:
    bases = {"a": {"type": "AdamW", "lr": 1e-3}, "b": {"type": "SGD", "lr": 0.1}}
    late = {"match": "^blocks", "optimizer": "b", "lr_mult": 1, "freeze": {"until": 100}}
    figure = drawn({"lrspec": 1, "optimizers": bases, "rules": [late, {"fallback": True, "lr_mult": 1}]})
    assert legend(figure) == ["a", "b", "frozen at first", "1,000 elements"]


def test_without_shapes_all_marks_are_alike() -> None:
    figure = drawn(spec({"layers": r"^(\w+)\.", "layer_decay": 0.5}), Inventory.from_names(["a.weight", "b.weight"]))
    assert len({size for _, _, size in points(figure.axes[0])}) == 1
    assert legend(figure) == []


def test_labels_for_which_there_is_no_room_are_left_out() -> None:
    names = [f"model.layers.{at}.{part}.weight" for at in range(126) for part in ("norm", "attn", "mlp")]
    labels = columns(drawn(spec({"layers": r"layers\.(\d+)\.", "layer_decay": 0.9}), Inventory.from_names(names)))
    assert labels[0] == "model.layers.0"
    assert labels[-1] == "125"
    assert 10 < len(labels) < 30


def test_names_are_text_and_not_formulas() -> None:
    names = ["a$b_{c}^2$.weight", "e\u202evil.weight", "n\nn.weight", "<script>.weight"]
    figure = drawn(spec({"match": "^.", "lr_mult": 1}), Inventory.from_names(names, source="$x$"))
    assert columns(figure) == ["a$b_{c}^2$", "e\\u202evil", "n\\nn", "<script>"]
    assert not any(label.get_parse_math() for label in figure.axes[-1].get_xticklabels())
    assert figure.get_supxlabel() == "modules of $x$, in model order"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out_from_the_background(theme: str) -> None:
    figure = drawn(LADDER, theme=theme)
    ground = luminance(figure.get_facecolor())
    for color in (THEMES[theme].text, *THEMES[theme].colors):
        assert contrast(ground, luminance(color)) > (7 if color == THEMES[theme].text else 2)


def luminance(color: Any) -> float:
    from matplotlib.colors import to_rgb

    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
