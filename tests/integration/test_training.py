"""Where people train, really run: the rates are the plan's times the schedule's, and `verify` is silent."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from math import cos, pi
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from torch import nn

import lrspec
from lrspec.optim.verify import verify as verifying
from tests.integration.processes import EXAMPLES, lines

STEPS = 8  # of all scripts
LIGHTNING = pytest.mark.filterwarnings(
    "ignore:The 'train_dataloader' does not have many workers", "ignore:`isinstance\\(treespec, LeafSpec\\)`"
)

Rates = dict[str, float]
"""The learning rates of groups, by their names."""


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[list[lrspec.Diagnostic]]:
    """What was found, each time that a script or a callback verified."""
    found: list[list[lrspec.Diagnostic]] = []
    verify = verifying.verify

    def recorded(*given: Any, **named: Any) -> list[lrspec.Diagnostic]:
        found.append(verify(*given, **named))
        return found[-1]

    monkeypatch.setattr(verifying, "verify", recorded)
    return found


@pytest.fixture
def script(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A script of the examples, as a module."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module(request.param)


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("script", [name], indirect=True, ids=[name])


def planned(script: ModuleType) -> Rates:
    """What the script's spec says for its model."""
    groups = lrspec.compile(script.SPEC, script.build()).groups
    assert groups is not None
    return {_logged(group): group.settings.lr for group in groups if group.settings.lr is not None}


def _logged(group: lrspec.Group) -> str:
    """What a log calls a group: of several optimizers, that of the group comes first."""
    return f"{group.settings.optimizer}/{group.name}" if group.settings.optimizer else group.name


def assert_follow(found: list[Rates], plan: Rates, part: Callable[[int], float]) -> None:
    """Hold the rates at each step equal to those of the plan times what the schedule leaves of them."""
    assert len(found) == STEPS
    assert len(set(plan.values())) > 1
    for step, rates in enumerate(found):
        assert rates == pytest.approx({name: lr * part(step) for name, lr in plan.items()}, rel=1e-12, abs=0), step


def half_cosine(done: float) -> float:
    """From 1 to 0, where 0 to 1 is done."""
    return cos(pi * done / 2) ** 2


def warmed_up(from_zero: bool) -> Callable[[int], float]:
    """Two steps of warm-up, of which the first has a rate already or not, then half a cosine."""
    start = [0, 1 / 2] if from_zero else [1 / 3, 2 / 3]
    return lambda step: start[step] if step < 2 else half_cosine((step - 2) / (STEPS - 2))


def one_cycle(step: int) -> float:
    """As OneCycleLR's own choices have it: three tenths of the way up from 1/25, then down to 1e-4 of that."""
    peak, end = 0.3 * STEPS - 1, STEPS - 1
    if step <= peak:
        return 1 + (1 / 25 - 1) * half_cosine(step / peak)
    return 1 / 25e4 + (1 - 1 / 25e4) * half_cosine((step - peak) / (end - peak))


@pytest.mark.slow  # small_vit trains on the digits of scikit-learn
@pytest.mark.parametrize(
    ("script", "from_zero"), [("train_plain", False), ("train_timm", True)], indirect=["script"], ids=["plain", "timm"]
)
def test_a_loop_trains_at_the_plans_rates(
    script: ModuleType, from_zero: bool, verified: list[list[lrspec.Diagnostic]]
) -> None:
    assert_follow(script.train(), planned(script), warmed_up(from_zero))
    assert verified == [[]]


@pytest.mark.slow  # small_vit trains on the digits of scikit-learn
@of("train_lightning")
@LIGHTNING
def test_lightning_logs_the_rates_under_the_names_of_the_groups(
    script: ModuleType, verified: list[list[lrspec.Diagnostic]]
) -> None:
    logged = script.train()
    names = {name: name.removeprefix("lr-SGD/") for name in logged}
    rates = [{names[name]: values[step] for name, values in logged.items()} for step in range(STEPS)]
    assert {len(values) for values in logged.values()} == {STEPS}
    assert_follow(rates, planned(script), one_cycle)
    assert verified == [[]]


@pytest.mark.slow  # small_vit trains on the digits of scikit-learn
@of("train_scheduled")
@LIGHTNING
def test_the_schedules_of_a_spec_are_the_same_in_every_loop_and_when_resumed(
    script: ModuleType, verified: list[list[lrspec.Diagnostic]]
) -> None:
    plan = lrspec.compile(script.SPEC, script.build())
    expected = [plan.rates_at(step, STEPS) for step in range(STEPS)]
    before, saved = script.train(0, script.STOP)
    after, _ = script.train(script.STOP, STEPS, saved)
    assert before + after == script.train_with_lightning() == script.train_with_accelerate() == expected
    assert verified == [[]] * (STEPS + 2)


@of("train_transformers")
@pytest.mark.parametrize("way", ["train", "train_by_use"])
def test_transformers_trains_at_the_plans_rates(
    script: ModuleType, way: str, verified: list[list[lrspec.Diagnostic]]
) -> None:
    assert_follow(getattr(script, way)(), planned(script), warmed_up(from_zero=True))
    assert verified == [[]]


@of("train_lora_plus")
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_lora_plus_trains_the_adapters_b_at_16_times_the_rate(
    script: ModuleType, verified: list[list[lrspec.Diagnostic]]
) -> None:
    plan = planned(script)
    assert plan["adapters/plus"] == 16 * plan["adapters"]
    assert_follow(script.train(), plan, lambda step: half_cosine(step / STEPS))
    assert verified == [[]]


@of("train_lora_plus")
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_the_saved_inventory_of_the_adapters_is_up_to_date(script: ModuleType, tmp_path: Path) -> None:
    script.save(tmp_path / "saved.json")
    assert (tmp_path / "saved.json").read_bytes() == script.PARAMS.read_bytes()


@of("train_muon")
def test_muon_has_the_matrices_and_adamw_what_is_left(
    script: ModuleType, verified: list[list[lrspec.Diagnostic]]
) -> None:
    plan = lrspec.compile(script.SPEC, script.build())
    by_muon = [each.name for each in plan.parameters if each.settings.optimizer == "muon"]
    assert by_muon == [name for name in matrices(script.build()) if name.startswith("blocks.")]
    assert_follow(script.train(), planned(script), lambda step: min(1, (1 + step / 2) / 3))
    assert verified == [[]]


def matrices(model: nn.Module) -> list[str]:
    return [name for name, parameter in model.named_parameters() if parameter.ndim == 2]


@pytest.mark.slow
@of("small_vit")
def test_accelerate_trains_in_two_processes_at_the_plans_rates(script: ModuleType) -> None:
    assert_follow(printed("train_accelerate"), planned(script), lambda step: 1 - step / STEPS)


@pytest.mark.slow
@of("small_vit")
@pytest.mark.usefixtures("compiler")
def test_deepspeed_trains_in_two_processes_at_the_plans_rates(script: ModuleType) -> None:
    assert_follow(printed("train_deepspeed"), planned(script), lambda step: 1 - 0.9 * step / STEPS)


def printed(script: str) -> list[Rates]:
    """The rates at each step that the first of two processes prints."""
    steps = [line.split(maxsplit=1) for line in lines(EXAMPLES / f"{script}.py") if line[:1].isdigit()]
    assert [step for step, _ in steps] == [str(step) for step in range(STEPS)]
    return [ast.literal_eval(rates) for _, rates in steps]
