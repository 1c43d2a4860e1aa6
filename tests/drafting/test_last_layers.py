"""What trains the last layers alone is a ladder with `but_last`, where that is shorter than listing blocks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from lrspec import Inventory, Parameter, Settings
from lrspec.compiler.compile import check
from lrspec.drafting.draft import draft
from lrspec.drafting.wanted import Wanted
from lrspec.spec.language import ONLY, Optimizer

LEAVES = ("attn.weight", "attn.bias", "mlp.weight", "mlp.bias")
NAMES = ["embed.weight", *(f"layers.{n}.{leaf}" for n in range(24) for leaf in LEAVES), "head.weight"]
LAYER = {
    name: int(name.split(".")[1]) + 1 if name.startswith("layers") else 25 * (name == "head.weight") for name in NAMES
}
BASE = Optimizer(type="AdamW", lr=1e-3)


def drafted(rate: Callable[[str], float | None]) -> str:
    """The rules for a model that is frozen where there is no rate; the draft is clean."""
    rates = [rate(name) for name in NAMES]
    model = [
        Parameter(name, requires_grad=lr is not None, shape=(4, 4), module=("Linear",), declared=())
        for name, lr in zip(NAMES, rates, strict=True)
    ]
    settings = [None if lr is None else Settings(lr, None, ()) for lr in rates]
    file = draft(Wanted(Inventory(model), settings, {ONLY: BASE})).file
    assert check(file, Inventory(model)) == []
    return file.text.partition("rules:\n")[2]


def test_only_the_last_two_blocks_train() -> None:
    assert drafted(lambda name: 1e-3 if re.match(r"layers\.2[23]\.", name) else None) == (
        "  - name: blocks\n    layers: '^layers\\.(\\d+)\\.'\n    freeze: {but_last: 2}\n    lr_mult: 1\n"
        "  - name: rest                        # plan.freeze(model) sets requires_grad\n"
        "    fallback: true\n    freeze: true\n"
    )


def test_all_but_the_first_blocks_train() -> None:
    assert drafted(lambda name: None if re.match(r"layers\.(\d|1[0-3])\.", name) else 1e-3) == (
        "  - name: blocks\n    layers: '^layers\\.(\\d+)\\.'\n    freeze: {but_last: 10}\n"
        "  - name: rest                        # everything else\n    fallback: true\n    lr_mult: 1\n"
    )


@pytest.mark.parametrize("last", [5, 16])
def test_a_ladder_goes_on_through_what_is_frozen(last: int) -> None:
    found = drafted(lambda name: 1e-3 * 0.75 ** (25 - LAYER[name]) if LAYER[name] > 25 - last else None)
    assert found.endswith(
        "    layers:\n      - '^embed\\.'\n      - '^layers\\.(\\d+)\\.'\n      - '^head\\.'\n"
        f"    layer_decay: 0.75\n    freeze: {{but_last: {last}}}\n"
    )


def test_what_is_not_the_last_blocks_is_frozen_by_name() -> None:
    first = drafted(lambda name: 1e-3 if name.startswith(("layers.0.", "layers.1.")) else None)
    biases = drafted(lambda name: 1e-3 if LAYER[name] > 20 and not name.endswith("bias") else None)
    assert "but_last" not in first + biases
