"""Peak memory above the built model, and the time of a first compile, each model in its own process.

python -m benchmarks.memory MODEL SPEC

prints them as JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from dataclasses import asdict, dataclass
from pathlib import Path

import lrspec
from benchmarks.commands import ROOT, python
from benchmarks.compiling import lrspec_groups
from benchmarks.models import SPECS, build
from benchmarks.page import Section, Table, bold, duration
from benchmarks.timing import Effort, tell

COLUMNS = ("model", "spec", "parameters", "first compile", "resident peak", "traced peak", "per parameter", "at most")
SMALL = (("1,000", "experts-7"),)
LARGE = (
    ("100,000", "experts-7"),
    ("100,000", "experts-50"),
    ("Llama-70B", "llama"),
    ("DeepSeek-V3", "deepseek"),
    ("ViT-giant", "vit-l"),
)
EACH_MOST, MOST = 1024, 100e6
"""Bytes per parameter for a mixture of experts, and in total for another model."""

TEXT = """\
Each model is built on the meta device in its own process, and its groups are made there twice. The first run, like that
of an ordinary program, gives the time and the rise of resident memory at its peak (as Linux counts it, in pages;
building may have left some free). The second, traced by `tracemalloc`, gives the peak of Python's allocations. Both
peaks are above the built model, and include the groups. transformers builds the large language models from their
configurations."""


@dataclass(frozen=True)
class Measured:
    """Seconds, and bytes above the built model; `resident` is None if the system does not report it."""

    parameters: int
    seconds: float
    traced: int
    resident: int | None


def measure(effort: Effort) -> Section:
    """One row per model."""
    rows = [_row(*each) for each in (SMALL if effort.quick else LARGE)]
    return Section("Memory, and large models", TEXT, [("", Table(COLUMNS, rows))])


def _row(model: str, spec: str) -> tuple[str, ...]:
    tell(f"memory for {model}, {spec}")
    found = Measured(**json.loads(python(ROOT, "-m", "benchmarks.memory", model, spec)))
    each = found.traced / found.parameters
    mixture = spec.startswith("experts")
    resident = (
        "-" if found.resident is None else bold(_megabytes(found.resident), not mixture and found.resident > MOST)
    )
    return (
        model,
        f"`{spec}`",
        f"{found.parameters:,}",
        duration(found.seconds),
        resident,
        bold(_megabytes(found.traced), not mixture and found.traced > MOST),
        bold(f"{each:.0f} B", mixture and each > EACH_MOST),
        "1 KB per parameter" if mixture else "100 MB",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def measured(name: str, spec: lrspec.SpecFile) -> Measured:
    """Build the model and make its groups, first timed, then traced."""
    model = build(name)
    parameters = sum(1 for _ in model.parameters())
    gc.collect()
    before = _resident("VmRSS")
    _forget_peak()
    start = time.perf_counter()
    lrspec_groups(spec, model)
    seconds = time.perf_counter() - start
    peak = _resident("VmHWM")
    resident = None if before is None or peak is None else peak - before
    gc.collect()
    tracemalloc.start()
    lrspec_groups(spec, model)
    return Measured(parameters, seconds, tracemalloc.get_traced_memory()[1], resident)


def _resident(key: str) -> int | None:
    """A size in bytes, read from a file that Linux provides; None elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")), None)


def _forget_peak() -> None:
    """Make Linux restart its count of peak resident memory."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5", encoding="ascii")


if __name__ == "__main__":
    name, spec = sys.argv[1:]
    print(json.dumps(asdict(measured(name, lrspec.load(SPECS / f"{spec}.lrspec.yaml")))))
