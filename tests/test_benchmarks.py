"""The benchmarks run, and compare what they say they compare; how quick things are is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import lrspec
from benchmarks import checking, compiling, contenders, drafting, memory, processes, steps, widths
from benchmarks.models import SPECS, build
from benchmarks.page import Section
from benchmarks.timing import QUICK, Effort, Times, in_turn

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "benchmarks" / "sources.py"
INTERRUPTIONS = ROOT / "benchmarks" / "interruptions.py"


def the_first_cells(section: Section) -> list[str]:
    return [row[0] for _, table in section.tables for row in table.rows]


def printed(*words: str) -> str:
    """What Python prints that is started with these words."""
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def without_mmengine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "has_mmengine", lambda: False)


@pytest.mark.slow
@pytest.mark.usefixtures("without_mmengine")
def test_compiling_has_a_row_for_every_way_and_a_hyphen_for_what_is_not_installed() -> None:
    section = compiling.measure(QUICK)
    of_timm = ["`list(model.named_parameters())`", "lrspec", "lrspec, in one call"]
    _, resnet18 = section.tables[0]
    assert [row[0] for row in resnet18.rows[:3]] == of_timm
    assert [row[1] for row in resnet18.rows if row[0].startswith("mmengine")] == ["-"]
    assert {len(row) for _, table in section.tables for row in table.rows} == {len(compiling.COLUMNS), 4}
    assert "lrspec, 50 rules" in the_first_cells(section)


@pytest.mark.slow
def test_memory_is_measured_in_a_process_of_its_own() -> None:
    assert the_first_cells(memory.measure(QUICK)) == ["1,000"]


@pytest.mark.slow
def test_whole_processes_are_the_help_and_a_compile_with_and_without_a_cache() -> None:
    assert the_first_cells(processes.measure(QUICK)) == [processes.HELP, processes.FIRST, processes.AGAIN]


@pytest.mark.slow
@pytest.mark.parametrize("name", widths.MODELS)
def test_of_two_widths_only_the_matrices_of_the_wide_one_train_at_a_lower_rate(name: str) -> None:
    model = widths.MODELS[name][0]
    rates = {width: planned(lrspec.load(widths.SPEC), model(width)) for width in (64, 128)}
    assert set(rates[64].values()) == {0.01}
    halved = {parameter for parameter, rate in rates[128].items() if rate == 0.005}
    assert halved == {each for each, tensor in model(128).named_parameters() if tensor.dim() == 2} - {"input.weight"}


def planned(file: lrspec.SpecFile, model: nn.Module) -> dict[str, float | None]:
    """The learning rate of each parameter."""
    return {each.name: each.settings.lr for each in lrspec.compile(file, model).parameters}


def test_the_page_of_widths_shows_that_the_best_rate_stays_with_the_rule_and_moves_without() -> None:
    rows = [line for line in widths.PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| moves |")]
    assert len(rows) == len(widths.MODELS)
    for row in rows:
        kept, moved = (float(cell.strip("* ×")) for cell in row.split("|")[2:6:3])
        assert kept <= 2 < moved


@pytest.mark.slow
def test_rates_across_widths_have_a_row_for_each_width_and_how_far_the_best_lie_apart() -> None:
    page = widths.page(widths.QUICK, 8)
    firsts = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("|")]
    assert firsts == ["width", "---", "64", "128", "moves"] * 2


@pytest.mark.slow
def test_checking_is_reading_one_large_spec_and_checking_many() -> None:
    cells = the_first_cells(checking.measure(QUICK))
    assert cells == ["`lrspec.loads`, 3 rules", "`lrspec check --no-model`, 2 specs of 20 rules"]


@pytest.mark.slow
def test_steps_are_measured_for_each_implementation() -> None:
    _, table = steps.measure(QUICK).tables[0]
    assert {row[2] for row in table.rows} == {"foreach", "fused"}


@pytest.mark.slow
def test_the_command_writes_the_page_that_it_prints(tmp_path: Path) -> None:
    written = tmp_path / "results.md"
    page = printed("-m", "benchmarks", "--quick", "--only", "checking", "--output", str(written))
    assert written.read_text(encoding="utf-8") == page
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## Reading and checking"]


MEASURED = [
    ("resnet18", "resnet18"),
    ("ViT-L", "vit-l"),
    ("ViT-giant", "vit-l"),
    ("Llama-70B", "llama"),
    ("DeepSeek-V3", "deepseek"),
    ("1,000", "experts-7"),
    ("1,000", "experts-50"),
    ("1,000", "experts-50-fallbacks"),
]


@pytest.mark.parametrize(("model", "spec"), MEASURED)
def test_nothing_is_found_in_the_specs_that_are_measured(model: str, spec: str) -> None:
    assert lrspec.check(SPECS / f"{spec}.lrspec.yaml", build(model)) == []


@pytest.mark.parametrize(("spec", "rules"), [("experts-7", 7), ("experts-50", 50), ("experts-50-fallbacks", 50)])
def test_specs_have_the_rules_that_the_page_says(spec: str, rules: int) -> None:
    loaded = lrspec.load(SPECS / f"{spec}.lrspec.yaml")
    assert len(loaded.spec.rules) == rules
    if spec.endswith("fallbacks"):
        assert f"{sum(rule.fallback for rule in loaded.spec.rules)} of them" in compiling.FALLBACKS


@pytest.mark.parametrize(("name", "spec"), [("resnet18", "resnet18"), ("ViT-L", "vit-l")])
def test_the_rules_for_the_models_of_timm_give_the_groups_of_timm(name: str, spec: str) -> None:
    model = build(name)
    own = lrspec.param_groups(SPECS / f"{spec}.lrspec.yaml", model)
    timms = contenders.timm_layer_decay(model)
    assert settings(own, model) == settings([group | {"lr": 1e-3 * group["lr_scale"]} for group in timms], model)


def settings(groups: list[dict[str, Any]], model: nn.Module) -> dict[str, tuple[str, float]]:
    """By the name of a parameter its learning rate, to twelve digits, and its weight decay."""
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    found = [(names[id(tensor)], group) for group in groups for tensor in group["params"]]
    return {name: (f"{group['lr']:.12g}", group["weight_decay"]) for name, group in found}


def test_the_tutorials_loop_is_the_ladder_over_single_parameters() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    groups = contenders.tutorial(model)
    assert [group["lr"] for group in groups] == pytest.approx([1e-3, 9e-4, 8.1e-4, 7.29e-4])
    assert groups[0]["params"] == [model[1].bias]


def test_a_thing_that_has_had_its_time_is_timed_no_more_but_often_enough() -> None:
    seen: list[str] = []
    effort = Effort(most=5, least=2, seconds=0, unmeasured=1)
    times = in_turn({"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, effort)
    assert seen == ["a", "b"] * 3
    assert [len(each) for each in times.seconds.values()] == [2, 2]


def test_a_ratio_is_the_median_over_the_rounds_that_both_have() -> None:
    assert Times({"own": [2.0, 9.0, 8.0], "other": [1.0, 3.0]}).ratio("own", "other") == 2.5


@pytest.mark.slow
def test_the_benchmark_of_sources_prints_and_writes_a_row_for_each_family(tmp_path: Path) -> None:
    written = tmp_path / "sources.md"
    page = printed(str(SOURCES), "--filter", "resnet18*", "--no-largest", "--output", str(written))
    assert written.read_text(encoding="utf-8") == page
    rows = re.findall(r"^\| (\w+) \| +(\d+) \| +(\d+) \|", page, re.MULTILINE)
    assert rows == [("resnet", "2", "2"), ("all", "2", "2"), ("resnet", "1", "1"), ("all", "1", "1")]


@pytest.mark.slow
def test_commands_are_interrupted_as_often_as_is_asked_for_and_others_keep_their_rows(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| `params --model resnet18` | 40 | 1 | 0.1 | 0.8 | 13 |\n")
    words = ("--only", "fix", "--count", "3", "--page", str(page))
    subprocess.run([sys.executable, str(INTERRUPTIONS), *words], check=True, stdout=subprocess.DEVNULL)
    written = page.read_text()
    assert (
        "\n| `params --model resnet18` | 40 | 1 | 0.1 | 0.8 | 13 |\n| `check . --fix --no-model` | 3 | 0 |" in written
    )
    assert "Of 43 interruptions, 1 failed." in written


@pytest.mark.slow
def test_the_benchmark_of_drafts_prints_and_writes_a_row_for_each_family(tmp_path: Path) -> None:
    written = tmp_path / "drafting.md"
    page = printed("-m", "benchmarks.drafting", "--filter", "resnet18*", "--no-large", "--page", str(written))
    assert written.read_text(encoding="utf-8") == page
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", page, re.MULTILINE)
    assert rows == [("resnet", "2", "2", "2", "2"), ("all", "2", "2", "2", "2")]


@pytest.mark.slow
def test_drafts_for_mixtures_of_experts_have_a_row_for_each_way_to_train_them() -> None:
    rows = [line.split(" | ")[0] for line in drafting.of_large_models([1_000]).splitlines() if " | 1,011 | " in line]
    assert rows == [f"| {title}" for title in drafting.ASSIGNMENTS]
