"""What works where torch is not installed, and the same bytes from every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = """
import sys
for name in ("torch", "timm", "torchvision", "transformers", "numpy"):
    sys.modules[name] = None  # importing it raises ImportError
import lrspec
from lrspec.cli import run
sys.exit(run(sys.argv[1:]))
"""
SPEC = r"""lrspec: 1
optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.05, betas: [0.9, 0.99], eps: 1e-7}
rules:
  - {name: block, layers: '^(\w+)\.', layer_decay: 0.9}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0, options: {amsgrad: true}}
  - {name: late, match: '^(fc|norm)', lr_scale: 2, options: {eps: 1e-6}, check: {regex-partial-component: ignore}}
"""
PARAMETERS = [
    {"name": f"{block}.{leaf}", "shape": shape, "module": ["Linear"], "requires_grad": block != "stem"}
    for block in ("stem", "b1", "b2", "b10", "norm", "fc")
    for leaf, shape in (("weight", [4, 2]), ("bias", [4]))
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "params.json").write_text(json.dumps({"lrspec_params": 1, "parameters": PARAMETERS}))
    return tmp_path


def blocked(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["compile", "--params", "params.json"],
        ["compile", "--params", "params.json", "--format", "json"],
        ["explain", "a.lrspec.yaml", "fc.weight", "--params", "params.json"],
        ["report", "--params", "params.json"],
        ["explain", "LRS201"],
        ["schema"],
        ["schema", "plan"],
        ["schema", "params"],
        ["--help"],
    ],
)
def test_saved_inventories_need_no_torch(folder: Path, words: list[str]) -> None:
    ran = blocked(folder, *words)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


def test_a_model_without_torch_is_refused_in_one_line(folder: Path) -> None:
    ran = blocked(folder, "compile", "--model", "resnet18")
    assert ran.returncode == 2
    assert "pip install 'lrspec[timm]'" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_importing_lrspec_imports_no_torch() -> None:
    libraries = ("torch", "timm", "torchvision", "transformers", "numpy")
    code = f"import sys, lrspec, lrspec.cli; sys.exit(any(m in sys.modules for m in {libraries}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("form", ["json", "table"])
def test_a_plan_is_the_same_bytes_under_every_hash_seed(folder: Path, form: str) -> None:
    words = ("compile", "--params", "params.json", "--format", form)
    outputs = {blocked(folder, *words, PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "2", "42")}
    assert len(outputs) == 1
    assert outputs.pop()


def test_a_report_is_the_same_bytes_under_every_hash_seed(folder: Path) -> None:
    words = ("report", "--params", "params.json")
    first, other = (blocked(folder, *words, PYTHONHASHSEED=seed).stdout for seed in ("1", "42"))
    assert first == other
    assert first.startswith("<!DOCTYPE html>")


def test_findings_are_the_same_under_every_hash_seed(folder: Path) -> None:
    broken = SPEC.replace("'^(fc|norm)'", "['^fc', '^norm', 'b1', '^x']").replace(
        "check: {", "weight_decay: 1, check: {"
    )
    (folder / "a.lrspec.yaml").write_text(broken)
    words = ("compile", "--params", "params.json", "--format", "json")
    runs = [blocked(folder, *words, PYTHONHASHSEED=seed) for seed in ("0", "1", "2", "42")]
    assert len({run.stdout for run in runs}) == len({run.stderr for run in runs}) == 1
    assert {found["code"] for found in json.loads(runs[0].stdout)["diagnostics"]} >= {"LRS202", "LRS205"}
