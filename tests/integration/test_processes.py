"""Many processes, really many: all have one plan, each binds what it has, and together they train as one would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
FSDP1 = Path(__file__).parent / "train_fsdp1.py"
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
ROUNDING = 1e-6  # of float32, for parameters that are smaller than 1
WHOLE = "12 groups with 56 parameters"
HALF = "6 groups with 28 parameters"


def lines(script: Path) -> list[str]:
    """What two processes print that run a script; they must end, and without failing."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    path = os.pathsep.join(filter(None, [str(EXAMPLES), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": LOOPBACK}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, encoding="utf-8", env=environment) as launcher:
        try:
            printed, said = launcher.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            launcher.terminate()  # torchrun then ends the processes that it has started
            raise
    assert launcher.returncode == 0, said
    return printed.splitlines()


def assert_trained_as_one_process(said: list[str]) -> None:
    moved, differ = (re.fullmatch(r".* by up to (\S+)", line) for line in said)
    assert moved
    assert differ
    assert float(moved[1]) > 1e-3
    assert float(differ[1]) < ROUNDING


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
