"""Peak memory above the built model, and the time of a first compile, each model in a process of its own.

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

COLUMNS = ("model", "spec", "parameters", "first compile", "resident peak", "traced peak", "a parameter", "at most")
SMALL = (("1,000", "experts-7"),)
LARGE = (
    ("100,000", "experts-7"),
    ("100,000", "experts-50"),
    ("Llama-70B", "llama"),
    ("DeepSeek-V3", "deepseek"),
    ("ViT-giant", "vit-l"),
)
EACH_MOST, MOST = 1024, 100e6
"""Bytes a parameter of a mixture of experts, and of the whole of another model."""

TEXT = """\
Each model is built on the meta device in a process of its own, and its groups are made twice there: once as a program
does it that does it once, for the time, and for what the resident memory rises by at its peak (as Linux counts it, in
pages; building may have left some free); and once traced by `tracemalloc`, for the peak of what Python allocates. Both
are above the built model, groups included. transformers builds the large language models, from their configurations."""


@dataclass(frozen=True)
class Measured:
    """Seconds, and bytes above the built model; `resident` is None where the system does not say."""

    parameters: int
    seconds: float
    traced: int
    resident: int | None


def measure(effort: Effort) -> Section:
    """A row a model."""
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
        "1 KB a parameter" if mixture else "100 MB",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def measured(name: str, spec: lrspec.SpecFile) -> Measured:
    """Build the model, and make its groups: timed, then traced."""
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
    """A size in bytes, as Linux says it in a file; None elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")), None)


def _forget_peak() -> None:
    """Have Linux count the peak of the resident memory from here on."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5", encoding="ascii")


if __name__ == "__main__":
    name, spec = sys.argv[1:]
    print(json.dumps(asdict(measured(name, lrspec.load(SPECS / f"{spec}.lrspec.yaml")))))
