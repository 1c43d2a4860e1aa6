"""`lrspec init` for a model of each family of timm: no finding, and timm's own rates and weight decays."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import lrspec
from lrspec.drafting.depth.of_model import read_depth
from lrspec.drafting.recipes.compose import compose
from lrspec.drafting.recipes.recipe import Choices, Subject
from tests.integration.test_timm_families import MATCHERS, SPECS, each_family, expected
from tests.test_examples import build

pytestmark = pytest.mark.slow


@each_family
def test_layer_decay_is_that_of_timm(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = lrspec.load(SPECS[family]).spec.sources
    monkeypatch.chdir(tmp_path)
    inventory, depth = read_depth(source.source, dict(source.args), cache=False)
    assert depth.matched != (family in MATCHERS)
    draft = compose("layer-decay", Subject(inventory, depth), Choices(lr=1e-3, weight_decay=0.05), source)
    assert lrspec.check(draft.file, inventory) == []
    with torch.device("meta"):
        model = build(source)
    if family in MATCHERS:  # as timm would group it with one
        vars(model)["group_matcher"] = lambda coarse: MATCHERS[family]
    given = expected(model, 0.05)
    planned = {each.name: each.settings for each in lrspec.compile(draft.file, inventory).parameters}
    assert planned.keys() >= given.keys()
    for name, (multiplier, weight_decay) in given.items():
        assert planned[name].lr == pytest.approx(1e-3 * multiplier, rel=1e-12, abs=0), name
        assert planned[name].weight_decay == weight_decay, name
