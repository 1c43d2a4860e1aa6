"""The vision-language examples: each spec is clean for the real model, and trains a tiny one of the same class."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import lrspec
from tests.integration.processes import EXAMPLES
from tests.integration.test_use import assert_follow, linear

FOLDER = EXAMPLES / "vlm"
NAMES = ["qwen2-vl", "llava", "paligemma-lora"]


@pytest.fixture
def vlm(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("vlm")
    sys.modules.pop("vlm", None)


def compiled(name: str) -> lrspec.Plan:
    return lrspec.compile(FOLDER / f"{name}.lrspec.yaml", lrspec.Inventory.load(FOLDER / f"{name}.params.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_has_no_findings_for_the_real_model(name: str) -> None:
    assert compiled(name).diagnostics == ()


@pytest.mark.parametrize(
    ("name", "parameters", "elements", "trained"),
    [
        ("qwen2-vl", 730, 8_291_375_616, 730),
        ("llava", 686, 7_063_427_072, 295),
        ("paligemma-lora", 758, 2_940_548_032, 146),
    ],
)
def test_a_saved_model_has_its_real_size(name: str, parameters: int, elements: int, trained: int) -> None:
    plan = compiled(name)
    assert (len(plan.parameters), plan.inventory.elements) == (parameters, elements)
    assert len(plan.group_of) == trained


def test_the_parts_of_qwen2_vl_have_rates_of_their_own() -> None:
    rates = {planned.name: planned.settings.lr for planned in compiled("qwen2-vl").parameters}
    assert rates["model.visual.blocks.31.attn.qkv.weight"] == pytest.approx(2e-6)
    assert rates["model.visual.patch_embed.proj.weight"] == pytest.approx(2e-6 * 0.9**32)
    assert rates["model.visual.merger.mlp.0.weight"] == pytest.approx(2e-5)
    assert rates["model.language_model.layers.27.mlp.up_proj.weight"] == rates["lm_head.weight"] == 1e-5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # of PEFT's
@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_is_that_of_the_class(name: str, vlm: ModuleType, tmp_path: Path) -> None:
    vlm.save(name, tmp_path / "saved.json")
    assert (tmp_path / "saved.json").read_bytes() == (FOLDER / f"{name}.params.json").read_bytes()


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*pin_memory.*")
@pytest.mark.parametrize("name", NAMES)
def test_a_tiny_model_trains_by_the_same_spec(name: str, vlm: ModuleType) -> None:
    plan, rates, moved = vlm.train(name)
    if plan.file.spec.schedules is None:
        assert_follow(rates, plan, linear(vlm.STEPS))
    else:
        assert rates == [plan.rates_at(step, vlm.STEPS) for step in range(vlm.STEPS)]
    assert moved <= set(plan.group_of)
    parts = [group.name.partition("/")[0].partition(".")[0] for group in plan.groups or () if moved & {*group.params}]
    assert {*parts} == {group.name.partition("/")[0].partition(".")[0] for group in plan.groups or ()}
