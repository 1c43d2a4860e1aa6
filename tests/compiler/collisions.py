"""Specs and parameters that few draws hit: ladders with numbers, thawing, sizes, schedules and tags that collide."""

from __future__ import annotations

from typing import Any

Rule = dict[str, Any]
OTHERS: Rule = {"fallback": True, "lr": 1}
LOWERED = dict.fromkeys(
    (
        *("no-such-number", "overlapping-rules", "join-without-layer", "shadowed-rule", "unmatched-parameter"),
        *("unexpected-count", "unused-schedule"),
    ),
    "warning",
)
"""What would take the groups away."""


def spec(*rules: Rule, **more: Any) -> dict[str, Any]:
    optimizer = {"type": "AdamW", "lr": 1, "weight_decay": 1}
    return {"lrspec": 1, "optimizer": optimizer, "rules": list(rules), "check": LOWERED, **more}


def parameters(*names: str, **more: Any) -> dict[str, Any]:
    """An inventory of matrices; further names behind a `=` are aliases."""
    return {"parameters": [_parameter(*each.split("="), **more) for each in names]}


def _parameter(name: str, *aliases: str, **more: Any) -> dict[str, Any]:
    names = {"name": name, "aliases": list(aliases), "alias_modules": [["Linear"] for _ in aliases]}
    return {**names, "shape": [2, 4], "requires_grad": True, "module": ["Linear"], "declared": [], **more}


def ladder(*layers: Any, decay: Any = 0.5, **more: Any) -> Rule:
    return {"layers": list(layers), **({"layer_decay": decay} if decay else {}), **more}


BLOCKS = parameters("b10.0", "b9.1", "b3.x", "a.3", "t9", "tx", "t2=t1", "t8=t4", "b4.2=b5.3", "t3.1")
NUMBERS = [
    spec(ladder({"match": r"^b(\d+)\.(\w+)", "every": 2}), OTHERS),
    spec(ladder({"match": r"^(\w+)\.(\w+)", "every": 2}, decay={"first": 0.5}), OTHERS),
    spec(ladder({"match": r"^b(\d+)", "every": 3}, {"join": r"^t(\w+)$"}), OTHERS),
    spec(
        ladder({"match": r"^b(\d+)", "every": 3}, {"gap": 2}, {"join": r"^t(\d+)$", "to": "first"}, {"gap": 1}), OTHERS
    ),
    spec(ladder({"match": r"^b(\d+)\.(\d)", "every": 2}, {"join": r"^t(\d+)\.(\d)"}), OTHERS),
    spec(
        ladder({"match": r"^b(\d+)\.", "every": 2}, {"join": r"^t(\d)\.(\d)"}, decay=None, freeze={"but_last": 1}),
        OTHERS,
    ),
]
JOIN_FIRST = spec(ladder({"match": r"^l(\d+)", "every": 3}, {"join": r"^t(\d+)"}))

LETTERS = parameters("a", "b.bias", "c")
BY_LAYER = {"but_last": 1, "until": 100, "every": 10}
THAWING = [
    spec(ladder("^a", "^b", "^c", decay=None, freeze=BY_LAYER), OTHERS),
    spec(ladder("^a", "^b", "^c", freeze={**BY_LAYER, "but_last": 3})),
    spec(ladder("^x", {"gap": 3}, "^c", decay=None, freeze={"but_last": 1}), OTHERS),
    spec(ladder("^c", {"gap": 1}, decay=None, freeze={"but_last": 1}), OTHERS),
    spec({"match": "^a", "freeze": True}, ladder("^a", "^b", decay=None, freeze={"but_last": 1}), OTHERS),
    spec({"match": "^a", "freeze": False}, ladder("^a", "^b", decay=None, freeze={"but_last": 1}), OTHERS),
    spec({"match": "^a", "lr": 1}, ladder("^a", "^b", "^c", decay=None, freeze=BY_LAYER, fallback=True), OTHERS),
    spec(ladder("^a", "^b"), ladder("^a", "^b", freeze={"but_last": 1}), OTHERS),
    spec(ladder("^a", "^b", freeze={"until": 5, "every": 5}), ladder("^a", "^b", freeze={"but_last": 1}), OTHERS),
    spec(ladder("^a", "^b"), ladder("^a", "^b", freeze={"until": 5}), OTHERS),
    spec(ladder("^a", "^b"), ladder("^a", "^b", freeze={"but_last": 1}), {"match": ".", "freeze": False}, OTHERS),
    spec(*({"match": ".", "freeze": {"until": time}} for time in ("02%", "2.0%", 2)), OTHERS),
    spec(ladder("^c", "^b", "^a", decay=None, freeze={"until": 1, "every": 1}), OTHERS),
    spec(
        ladder({"match": "^(.+)$", "every": 2}, {"join": "bias"}, decay=None, freeze={"but_last": 1}, expect=3), OTHERS
    ),
    spec({"match": ".", "lr_mult": 1, "freeze": {"until": 3}}, {"match": "a", "weight_decay": 0}),
]

BY_ROWS, BY_FAN = {"of": "rows", "power": -1}, {"of": "fan_in", "base": 4, "power": 1}
SIZES = [
    spec({"match": "^[ab]", "lr": 1, **one}, {"match": "^[bc]", **other}, OTHERS)
    for one in ({"lr_scale": BY_ROWS}, {"lr_scale": BY_FAN}, {"weight_decay_mult": BY_FAN})
    for other in ({"lr_scale": 1}, {"lr_scale": BY_ROWS}, {"weight_decay_mult": BY_ROWS}, {"weight_decay": 1})
]
ONE_WITHOUT_RATE = spec(
    {"match": ".", "optimizer": "y", "lr": 2, "lr_scale": BY_ROWS},
    optimizers={"x": {"type": "AdamW", "lr": 1}, "y": {"type": "Rprop"}},
)
del ONE_WITHOUT_RATE["optimizer"]
WIDTHS = {
    "parameters": [
        _parameter("a", shape=[2, 4], module=["Conv1D"]),
        _parameter("b=c", shape=[3, 4]),
        _parameter("c2", shape=[2, 4, 3], module=["Conv1d", "_ConvNd"]),
        _parameter("b2", shape=[4]),
        _parameter("a2", shape=[2, 0]),
        _parameter("b3", shape=[2, 4], module=["Table", "Embedding"]),
    ]
}

TWO: dict[str, Any] = {"m": [{}], "n": [{}]}
OF_A_RUN = [
    *(
        spec({"match": "a", "lr": 1, "schedule": "n"}, {"match": "[ab]", "schedule": name}, last, schedules=TWO)
        for name in TWO
        for last in (OTHERS, {"fallback": True, "freeze": True}, {**OTHERS, "schedule": "m", "tags": {"x": True}})
    ),
    spec({"match": "a", "lr": 1}, {**OTHERS, "schedule": "m", "tags": {"x": 1}}, schedules=TWO),
    spec({"match": "a", "lr": 1, "tags": {"x": 1, "y": True}}, {"match": ".", "tags": {"x": 1.0, "y": 1}}, OTHERS),
]

COLLISIONS = [
    *((each, BLOCKS) for each in NUMBERS),
    (JOIN_FIRST, parameters("t10", "l9")),
    *(
        (each, letters)
        for each in (*THAWING, *OF_A_RUN)
        for letters in (LETTERS, parameters("a", "c", requires_grad=False))
    ),
    *((each, WIDTHS) for each in (*SIZES, ONE_WITHOUT_RATE)),
]
