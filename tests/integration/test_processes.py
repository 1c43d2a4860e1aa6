"""Many processes, really many: all have one plan, each binds what it has, and together they train as one would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.processes import EXAMPLES, assert_trained_as_one_process, lines

FSDP1 = Path(__file__).parent / "train_fsdp1.py"
pytestmark = pytest.mark.slow  # torchrun starts processes

WHOLE = "12 groups with 56 parameters"
HALF = "6 groups with 28 parameters"


@pytest.mark.parametrize(
    ("script", "first", "second"),
    [("train_ddp.py", WHOLE, WHOLE), ("train_fsdp2.py", WHOLE, WHOLE), ("train_pipeline.py", HALF, HALF)],
)
def test_two_processes_train_as_one(script: str, first: str, second: str) -> None:
    said = lines(EXAMPLES / script)
    assert said[:3] == [
        "one plan in 2 processes: 12 groups, 56 parameters",
        f"process 0 has {first}",
        f"process 1 has {second}",
    ]
    assert_trained_as_one_process(said[3:])


def test_fsdp1_is_compiled_for_before_it_wraps_and_bound_to_after() -> None:
    said = lines(FSDP1)
    merged = "_flat_param, " + ", ".join(f"blocks.{number}._flat_param" for number in range(4))
    unbound = f"FSDP has merged parameters into {merged}: wrap the model with use_orig_params=True"
    assert said[:2] == [unbound, unbound]
    assert said[2] == said[3]
    assert said[2].startswith("the parameters of this FullyShardedDataParallel are shards: compile before the model")
    assert said[5:7] == [f"process 0 has {WHOLE}", f"process 1 has {WHOLE}"]
    assert_trained_as_one_process(said[7:])
