"""The processor time that limits are measured in."""

from __future__ import annotations

import subprocess
import sys

COMPILES = """
import time
del time.thread_time
import lrspec
spec = {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1.0e-3}, "rules": [{"match": "^weight$", "lr": 1.0e-4}]}
print(len(lrspec.compile(spec, lrspec.Inventory.from_names(["weight"])).groups))
"""


def test_a_platform_need_not_know_the_processor_time_of_a_thread() -> None:
    ran = subprocess.run([sys.executable, "-c", COMPILES], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("1\n", "")
