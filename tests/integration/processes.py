"""Scripts that two processes run, started as torchrun starts them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
ROUNDING = 1e-6  # of float32, for parameters that are smaller than 1


def lines(script: Path, *words: str) -> list[str]:
    """What two processes print that run a script, one process after the other; they must end, and without failing.

    Each prints to a file of its own: on one pipe, lines and their ends may alternate.
    """
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    path = os.pathsep.join(filter(None, [str(EXAMPLES), str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path, "GLOO_SOCKET_IFNAME": LOOPBACK}
    with TemporaryDirectory() as folder:
        command = [*torchrun, "--log-dir", folder, "--redirects", "1", str(script), *words]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stderr=pipe, text=True, encoding="utf-8", env=environment) as launcher:
            try:
                _, said = launcher.communicate(timeout=300)
            except subprocess.TimeoutExpired:
                launcher.terminate()  # torchrun then ends the processes that it has started
                raise
        assert launcher.returncode == 0, said
        printed = [log.read_text(encoding="utf-8") for log in sorted(Path(folder).rglob("stdout.log"))]
    assert len(printed) == 2
    return [line for text in printed for line in text.splitlines()]


def assert_trained_as_one_process(said: list[str]) -> None:
    moved, differ = (re.fullmatch(r".* by up to (\S+)", line) for line in said)
    assert moved
    assert differ
    assert float(moved[1]) > 1e-3
    assert float(differ[1]) < ROUNDING
