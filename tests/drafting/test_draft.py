"""A draft says what was wanted, for every parameter."""

from __future__ import annotations

from lrspec import Inventory, Settings
from lrspec.drafting.draft import draft
from lrspec.drafting.wanted import Wanted
from lrspec.spec.language import Optimizer


def test_a_draft_gives_every_parameter_what_is_wanted() -> None:
    inventory = Inventory.from_names(["body.weight", "body.bias", "head.weight"])
    settings = [Settings(1e-4, 0.1, ()), None, Settings(1e-3, 0.0, ())]
    found = draft(Wanted(inventory, settings, {"optimizer": Optimizer(type="AdamW", lr=1e-3, weight_decay=0.1)}))
    assert "lr_mult: 0.1" in found.text
    assert "weight_decay: 0\n" in found.text
