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
    runs = printed(alone(tmp_path) if how == "one" else lines(SCRIPT, how, str(tmp_path)))
    resumes = [False, True, False, True, False, True][: 5 if how == "fsdp2" else 6]
    assert len(runs) == len(resumes)
    for run, resumed in zip(runs, resumes, strict=True):
        assert_follows(run, resumed)
        assert run["sharded"] == (how == "fsdp2")


def test_fsdp2_resumes_from_shards_by_name_and_refuses_more_groups(tmp_path: Path) -> None:
    first, fewer, more = printed(lines(SCRIPT, "shards", str(tmp_path)))
    assert_follows(first)
    assert_follows(fewer, resumed=True)
    assert first["sharded"]
    assert fewer["sharded"]
    assert len(fewer["plan"]) < len(first["plan"])
    assert fewer["moments"][0] == first["moments"][1]
    assert fewer["moments"][0]
    assert more["refused"].startswith("the spec makes more groups than this checkpoint has, and torch reads no others")


@pytest.mark.parametrize("stage", ["zero2", "zero3"])
@pytest.mark.usefixtures("compiler")
def test_deepspeed_resumes_the_same_groups_at_the_rates_of_the_spec(stage: str, tmp_path: Path) -> None:
    first, edited, other = printed(lines(SCRIPT, stage, str(tmp_path)))
    assert_follows(first)
    assert_follows(edited, resumed=True)
    assert [run["decays"] for run in (first, edited)] == [[0, 0.1], [0, 0.2]]
    assert other["refused"].startswith("the spec makes other groups than this checkpoint has, and DeepSpeed saves")


def printed(said: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said if line.startswith(('{"plan"', '{"refused"'))]


def assert_follows(run: dict[str, Any], resumed: bool = False) -> None:
    """By the Trainer's linear schedule, from half of it if resumed; and all state has seen every step."""
    first, steps = (STEPS, 2 * STEPS) if resumed else (0, STEPS)
    for step, rates in enumerate(run["rates"], first):
        expected = {name: lr * (1 - step / steps) for name, lr in run["plan"].items()}
        assert rates == pytest.approx(expected, rel=0, abs=1e-12)
    assert len(run["rates"]) == STEPS
    assert run["steps"] == [steps]
