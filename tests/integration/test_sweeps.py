"""Sweeps, really run: what is set for a trial trains as if the spec had said so."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lrspec
from tests.integration.processes import EXAMPLES

WRITTEN = {"optimizer.lr": "lr: 0.1,", "rules.depth.layer_decay": "layer_decay: 0.8"}  # in small-vit.lrspec.yaml

pytestmark = pytest.mark.slow  # Optuna and Hydra train

Values = dict[str, float]
"""Numbers of a spec, by their paths."""


@pytest.fixture(autouse=True)
def _examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


def loss(values: Values) -> float:
    """The loss after training with a spec in whose text the numbers are others."""
    small_vit: Any = importlib.import_module("small_vit")
    text = small_vit.SPEC.read_text(encoding="utf-8")
    for path, value in values.items():
        key, _, rest = WRITTEN[path].partition(" ")
        assert text.count(WRITTEN[path]) == 1
        text = text.replace(WRITTEN[path], f"{key} {value}{',' * rest.endswith(',')}")
    model = small_vit.build()
    result: float = small_vit.train(model, lrspec.build_optimizer(lrspec.loads(text), model))
    return result


def test_a_trial_of_optuna_trains_as_its_numbers_in_the_spec_would() -> None:
    trials = importlib.import_module("sweep_optuna").study(trials=2).trials
    assert len({trial.value for trial in trials}) == 2
    assert [trial.value for trial in trials] == pytest.approx([loss(trial.params) for trial in trials], rel=1e-5)


def hydra(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "sweep_hydra.py"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def test_each_job_of_hydra_trains_as_its_numbers_in_the_spec_would(tmp_path: Path) -> None:
    said = hydra(tmp_path, "--multirun", "+optimizer.lr=0.05", "+rules.depth.layer_decay=0.7,0.9")
    assert said.returncode == 0, said.stderr
    printed = [line.rsplit(maxsplit=1) for line in said.stdout.splitlines() if line.startswith("{")]
    jobs: list[Values] = [ast.literal_eval(values) for values, _ in printed]
    assert jobs == [{"optimizer.lr": 0.05, "rules.depth.layer_decay": decay} for decay in (0.7, 0.9)]
    assert [float(found) for _, found in printed] == pytest.approx([loss(values) for values in jobs], rel=1e-5)
