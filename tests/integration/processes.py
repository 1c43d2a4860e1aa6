"""Scripts that two processes run, started as torchrun starts them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
ROUNDING = 1e-6  # of float32, for parameters that are smaller than 1


def lines(script: Path, *words: str) -> list[str]:
    """What two processes print that run a script; they must end, and without failing."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    # run by torchrun itself, Python does not buffer: the lines of two processes, and their ends, may alternate
    command = [*torchrun, "--no-python", sys.executable, str(script), *words]
    path = os.pathsep.join(filter(None, [str(EXAMPLES), str(ROOT), os.environ.get("PYTHONPATH")]))
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
