"""Changed settings, those that changed alike together, and their words."""

from __future__ import annotations

from typing import Any

from lrspec.models.parameters import Parameter
from lrspec.review.changes import changes, patterns
from lrspec.review.snapshot import Entry, Snapshot


def snapshot(*given: tuple[dict[str, Any], dict[str, str]]) -> Snapshot:
    entries = [Entry(Parameter(f"p{place}"), values, set_by) for place, (values, set_by) in enumerate(given)]
    return Snapshot("", {}, tuple(entries), {}, {})


def words(old: Snapshot, new: Snapshot) -> list[tuple[str, list[int]]]:
    places = range(len(old.entries))
    found = changes(old, new, zip(places, places, strict=True))
    return [(str(change), [one for one, _ in change.pairs]) for change in found]


def test_what_changed_alike_is_one_change() -> None:
    old = snapshot(*[({"lr": 0.001}, {"lr": "head"})] * 3)
    new = snapshot(*[({"lr": 0.0005}, {"lr": "head"})] * 2, ({"lr": 0.001}, {"lr": "head"}))
    assert words(old, new) == [("lr 0.001 → 0.0005 (set by `head`)", [0, 1])]


def test_the_rules_then_and_now_are_named() -> None:
    old = snapshot(({"optimizer": "muon", "lr": 0.02}, {"optimizer": "matrices", "lr": "matrices"}))
    new = snapshot(({"optimizer": "adamw", "lr": 0.001}, {"optimizer": "rest", "lr": "rest"}))
    expected = "optimizer 'muon' → 'adamw', lr 0.02 → 0.001 (set by `rest` now, by `matrices` before)"
    assert words(old, new) == [(expected, [0])]


def test_a_rule_of_another_name_is_no_change() -> None:
    assert words(snapshot(({"lr": 1.0}, {"lr": "a"})), snapshot(({"lr": 1}, {"lr": "b"}))) == []


def test_layers_that_changed_by_one_factor_are_one_change() -> None:
    old, new = (
        snapshot(*(({"lr": base * 0.5**layer}, {"layer": "blocks"}) for layer in range(3))) for base in (0.1, 0.2)
    )
    assert words(old, new) == [("lr × 2 (0.025 to 0.1 → 0.05 to 0.2) (set by `blocks`)", [0, 1, 2])]


def test_each_setting_has_its_own_rules() -> None:
    rules = {"lr": "head", "weight_decay": "norms"}
    old = snapshot(({"lr": 0.1, "weight_decay": 0.1, "options": {"eps": 1e-8}}, rules))
    new = snapshot(({"lr": 0.2, "weight_decay": 0.2, "options": {"eps": 1e-6}}, rules))
    expected = "lr 0.1 → 0.2 (set by `head`), weight_decay 0.1 → 0.2 (set by `norms`), options.eps 1e-8 → 1e-6"
    assert words(old, new) == [(expected, [0])]


def test_options_are_told_apart() -> None:
    old = snapshot(({"options": {"betas": [0.9, 0.999], "eps": 1e-8}}, {}))
    new = snapshot(({"options": {"betas": [0.9, 0.95]}, "weight_decay": 0.0}, {}))
    expected = "weight_decay not set → 0, options.betas [0.9, 0.999] → [0.9, 0.95], options.eps 1e-8 → not set"
    assert words(old, new) == [(expected, [0])]


def test_names_that_differ_in_numbers_are_a_pattern() -> None:
    names = ["w1", "blocks.0.w1", "blocks.1.w1", "blocks.10.w2", "layer1.0.a"]
    assert patterns(names) == ["w1", "blocks.*.w1 (2 ×)", "blocks.10.w2", "layer1.0.a"]
