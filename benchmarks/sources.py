"""Counts the timm and torchvision models that have an inventory, and measures memory for the largest models.

    python benchmarks/sources.py

Every name in both registries is built as `lrspec params` builds it, one after the other in a single process, with one
row per family. Three of the largest models are built from their names or configs, each in its own process, and
compiled; memory is counted from the built model on. The page is printed, and written to SOURCES.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision

import lrspec
from lrspec.models.sources import timm as timm_source
from lrspec.models.sources import torchvision as torchvision_source
from lrspec.models.sources import transformers as transformers_source
from lrspec.models.sources.meta_device import build
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.silence import silence

LLAMA_70B = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
DEEPSEEK_V3 = {"model_type": "deepseek_v3", "architectures": ["DeepseekV3ForCausalLM"]}  # its defaults are V3's
LARGE: dict[str, dict[str, Any] | None] = {
    "hf: Llama-70B": LLAMA_70B,
    "hf: DeepSeek-V3": DEEPSEEK_V3,
    "timm:vit_giant_patch14_224": None,
}
SPEC = r"""lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - {name: depth, layers: '(?:layers|blocks)\.(\d+)\.', layer_decay: 0.95}
  - {name: rest, fallback: true, lr_mult: 1}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
MOST = 100  # MB above the built model
HEAD = "| {} | models | have one | wholly on meta | parameters alone | really | parameters | tied | seconds | longest |"


@dataclass(frozen=True)
class Built:
    """The result for a name: where the model was built, and what it has; or why it could not be built."""

    family: str
    name: str
    seconds: float
    where: str = ""
    parameters: int = 0
    tied: int = 0
    why_not: str = ""


def built(name: str, family: str, builder: Callable[[str], Callable[..., Any]]) -> Built:
    """Build a model from a registry, and read its inventory."""
    start = time.perf_counter()
    try:
        with silence("a model", shown=False):
            model = build(builder(name), name, {})
        inventory = lrspec.Inventory.from_model(model)
    except ModelError as failure:
        return Built(family, name, time.perf_counter() - start, why_not=str(failure))
    seconds = time.perf_counter() - start
    tied = sum(bool(each.aliases) for each in inventory.parameters)
    return Built(family, name, seconds, _where(model), len(inventory.parameters), tied)


def _where(model: torch.nn.Module) -> str:
    if not all(each.is_meta for each in model.parameters()):
        return "really"
    return "wholly" if all(each.is_meta for each in model.buffers()) else "alone"


def registries(pattern: str) -> Iterator[tuple[str, list[Built]]]:
    """All models of each registry, grouped by family."""
    entries = [(timm.model_entrypoint(name).__module__, name) for name in timm.list_models(pattern)]
    yield "timm", [built(name, _last(module), timm_source.builder) for module, name in sorted(entries)]
    names = torchvision.models.list_models(include=pattern or None)
    entries = [(torchvision.models.get_model_builder(name).__module__, name) for name in names]
    yield "torchvision", [built(name, _last(module), torchvision_source.builder) for module, name in sorted(entries)]


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def table(library: str, found: list[Built]) -> Iterator[str]:
    """One row per family, one for all, and the names without an inventory."""
    yield HEAD.format(library)
    yield "| --- |" + " ---: |" * 9
    for family, models in groupby(found, lambda each: each.family):
        yield _row(family, list(models))
    yield _row("all", found)
    yield ""
    yield from (f"- `{each.name}`: {each.why_not}" for each in found if each.why_not)


def _row(family: str, models: list[Built]) -> str:
    have = [each for each in models if not each.why_not]
    places = [sum(each.where == where for each in have) for where in ("wholly", "alone", "really")]
    sizes = sorted(each.parameters for each in have) or [0]
    counts = (len(models), len(have), *places, f"{sizes[0]} to {sizes[-1]}", sum(each.tied > 0 for each in have))
    seconds = (
        f"{sum(each.seconds for each in models):.1f}",
        f"{max((each.seconds for each in models), default=0):.2f}",
    )
    return f"| {' | '.join(map(str, (family, *counts, *seconds)))} |"


# ------------------------------------------------------------------------------------------------- the largest


def memory(name: str) -> dict[str, float]:
    """Memory for building a large model, and for its inventory, plan and groups on top of it, in MB."""
    before = _resident()
    start = time.perf_counter()
    with silence("a model", shown=False):
        model = build(_large(name), name, {})
    seconds = time.perf_counter() - start
    gc.collect()
    model_takes = _resident() - before
    _forget_peak()
    before_compiling = _resident()
    start = time.perf_counter()
    _groups(model)
    compiling = time.perf_counter() - start
    resident = _resident("VmHWM") - before_compiling
    tracemalloc.start()
    _groups(model)
    traced = tracemalloc.get_traced_memory()[1] / 1e6
    elements = sum(each.numel() for each in model.parameters()) / 1e9
    count = sum(1 for _ in model.parameters())
    return {
        "parameters": count,
        "elements": elements,
        "seconds": seconds,
        "model": model_takes,
        "compiling": compiling,
        "resident": resident,
        "traced": traced,
    }


def _groups(model: torch.nn.Module) -> None:
    """Compile and bind, as a program does; both results are kept until the end."""
    plan = lrspec.compile(lrspec.loads(SPEC), model)
    plan.param_groups(model)


def _large(name: str) -> Callable[..., Any]:
    config = LARGE[name]
    if config is None:
        return timm_source.builder(name.removeprefix("timm:"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.json")
        path.write_text(json.dumps(config))
        return transformers_source.builder("config.json", folder=Path(folder), outside=True)


def _resident(line: str = "VmRSS") -> float:
    """The resident memory of this process, in MB, as Linux counts it: the current value or the peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{line}:")[2].split()[0]) * 1024 / 1e6


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def largest() -> Iterator[str]:
    """One row per large model, each measured in its own process."""
    yield "| model | parameters | elements | built in | model | compiled in | above it, resident | traced | at most |"
    yield "| --- |" + " ---: |" * 8
    for name in LARGE:
        words = [sys.executable, __file__, "--memory", name]
        took = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        cells = (
            f"{took['parameters']:,}",
            f"{took['elements']:.1f} G",
            f"{took['seconds']:.2f} s",
            f"{took['model']:.0f} MB",
            f"{took['compiling']:.2f} s",
            f"{took['resident']:.1f} MB",
            f"{took['traced']:.1f} MB",
            f"{MOST} MB",
        )
        yield f"| {name} | {' | '.join(cells)} |"


def page(pattern: str, *, with_largest: bool) -> Iterator[str]:
    """The lines of SOURCES.md."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "timm", "torchvision", "transformers"))
    yield "# Models by name\n"
    yield f"Written by `python benchmarks/sources.py`: Python {platform.python_version()}, {versions}."
    yield ("A family is a module of the library; tied counts the models with tied parameters; longest is in seconds.\n")
    for library, found in registries(pattern):
        yield f"## {library}\n"
        yield from table(library, found)
    if with_largest:
        yield "## The largest\n"
        yield ("Above the built model: the rise of peak resident memory, and the peak of Python's allocations.\n")
        yield from largest()


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", help="only names that match, such as 'resnet*'")
    parser.add_argument("--no-largest", action="store_true", help="skip the largest models")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("SOURCES.md"), help="where to write")
    parser.add_argument("--memory", choices=LARGE, help=argparse.SUPPRESS)
    words = parser.parse_args()
    torch.set_num_threads(1)
    if words.memory:
        print(json.dumps(memory(words.memory)))
        return
    text = _text(page(words.filter, with_largest=not words.no_largest))
    print(text, end="")
    words.output.write_text(text, encoding="utf-8")


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main()
