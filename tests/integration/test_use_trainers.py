"""`use` on the trainers of transformers, TRL and sentence-transformers, in one process and in two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.processes import ROOT, lines

SCRIPT = Path(__file__).parent / "train_use.py"
STEPS = 4

pytestmark = pytest.mark.slow  # TRL and sentence-transformers are not in the extra `test`; torchrun starts processes


def alone(folder: Path) -> list[str]:
    command = [sys.executable, str(SCRIPT), "one", str(folder)]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("how", ["one", "ddp", "fsdp2"])
def test_rates_are_those_of_the_plan_and_of_the_edited_plan_once_resumed(how: str, tmp_path: Path) -> None:
    printed = alone(tmp_path) if how == "one" else lines(SCRIPT, how, str(tmp_path))
    runs = [json.loads(line) for line in printed if line.startswith('{"plan"')]
    resumes = [False, True, False, True, False, True][: 5 if how == "fsdp2" else 6]
    assert len(runs) == len(resumes)
    for run, resumed in zip(runs, resumes, strict=True):
        assert_follows(run, resumed)
        assert run["sharded"] == (how == "fsdp2")


def assert_follows(run: dict[str, Any], resumed: bool) -> None:
    """By the Trainer's linear schedule, from half of it if resumed; and all state has seen every step."""
    first, steps = (STEPS, 2 * STEPS) if resumed else (0, STEPS)
    for step, rates in enumerate(run["rates"], first):
        expected = {name: lr * (1 - step / steps) for name, lr in run["plan"].items()}
        assert rates == pytest.approx(expected, rel=0, abs=1e-12)
    assert len(run["rates"]) == STEPS
    assert run["steps"] == [steps]
