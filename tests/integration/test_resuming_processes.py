"""Two processes that stop, and go on with another spec, train as one process does that never stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.processes import EXAMPLES, assert_trained_as_one_process, lines

HERE = Path(__file__).parent

pytestmark = pytest.mark.slow  # torchrun starts processes


@pytest.mark.parametrize(
    "script",
    [EXAMPLES / "resume_fsdp2.py", HERE / "resume_ddp.py", HERE / "resume_whole.py", HERE / "resume_zero.py"],
    ids=["FSDP2 with shards saved", "DDP", "FSDP2 with whole tensors saved", "ZeroRedundancyOptimizer"],
)
def test_two_processes_resume_as_one(script: Path) -> None:
    said = lines(script)
    assert said[:2] == ["12 groups have become 8", "56 parameters resumed, with the settings of the spec"]
    assert_trained_as_one_process(said[2:])
