"""Two processes in which layers thaw: under DDP and FSDP2 they train as one process would that freezes by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.processes import ROUNDING, lines

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow  # torchrun starts processes


def assert_as_by_hand(said: list[str], labels: list[str]) -> None:
    found = [re.fullmatch(r"(.*): differs by up to (\S+)", line) for line in said]
    assert [each and each[1] for each in found] == labels
    assert all(each and float(each[2]) < ROUNDING for each in found)


def test_ddp_thaws_as_documented_and_is_refused_otherwise() -> None:
    *said, last = lines(HERE / "train_thaw_ddp.py")
    assert said == [
        "DistributedDataParallel waits for gradients of what is still frozen: "
        "build it with find_unused_parameters=True",
        "DistributedDataParallel with static_graph=True cannot train what thaws: build it without static_graph",
        "DistributedDataParallel reduces 2 tensors, and the plan trains 12 there: "
        "it never synchronises what was frozen when it was built",
        "accepted",
    ]
    assert_as_by_hand([last], ["ddp"])


def test_fsdp2_thaws_whole_units_and_parts_of_them_and_resumes_in_the_middle() -> None:
    said = lines(HERE / "train_thaw_fsdp2.py")
    assert_as_by_hand(said, ["whole units", "whole units, resumed", "parts of units", "parts of units, resumed"])
