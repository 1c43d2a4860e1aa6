"""Every example is clean for the models that it names, and every script runs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
import transformers
from torch import nn

import lrspec
from lrspec.spec.language import ModelSource

EXAMPLES = Path(__file__).parent.parent / "examples"
SPECS = sorted(EXAMPLES.glob("*.lrspec.*"))
SCHEMA_LINE = "# yaml-language-server: $schema=../schemas/lrspec.v1.schema.json"

each_spec = pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)


def inventory(model: ModelSource, folder: Path) -> lrspec.Inventory:
    """The parameters of a model that a spec in this folder names."""
    kind, _, rest = model.source.rpartition(":")
    if kind == "params":
        return lrspec.Inventory.load(folder / rest)
    if kind == "hf":
        config = transformers.BertConfig.from_json_file(folder / rest)
        return lrspec.Inventory.from_model(transformers.BertForSequenceClassification(config))
    assert kind in ("", "timm")
    return lrspec.Inventory.from_model(build(model))


def build(model: ModelSource) -> nn.Module:
    """A model of timm, without values where that is possible."""
    name = model.source.removeprefix("timm:")
    with torch.device("cpu" if name.startswith("regnet") else "meta"):  # torch 2.10 has no meta kernel for its widths
        built: nn.Module = timm.create_model(name, pretrained=False, **model.args)
    return built


def compiled(name: str) -> lrspec.Plan:
    """The plan of an example for the one model that it names."""
    file = lrspec.load(EXAMPLES / name)
    (model,) = file.spec.sources
    return lrspec.compile(file, inventory(model, EXAMPLES))


def settings(plan: lrspec.Plan) -> dict[str, lrspec.Settings]:
    return {planned.name: planned.settings for planned in plan.parameters}


def rates(plan: lrspec.Plan) -> list[float | None]:
    """The learning rates of the groups, from the output of the model to its input."""
    assert plan.groups is not None
    return [group.settings.lr for group in reversed(plan.groups)]


def run(script: str, *words: str) -> str:
    """What a script of the examples prints; it must not fail."""
    command = [sys.executable, str(EXAMPLES / script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


@each_spec
def test_an_example_has_no_findings_for_any_of_its_models(path: Path) -> None:
    file = lrspec.load(path)
    assert file.spec.sources
    for model in file.spec.sources:
        assert lrspec.check(file, inventory(model, path.parent)) == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.lrspec.yaml")), ids=lambda path: path.name)
def test_an_example_in_yaml_names_its_schema_for_editors(path: Path) -> None:
    assert path.read_text().splitlines()[0] == SCHEMA_LINE


PACKAGES = {"sklearn": "scikit-learn", "hydra": "hydra-core"}
COME_ALONG = {"lrspec": set[str](), "omegaconf": {"hydra-core"}}
ALSO_NEEDED = {"train_transformers.py": {"accelerate"}}  # by its Trainer


def needed(script: Path) -> set[str]:
    """What a script, and the scripts that it imports, take from elsewhere, by the names of packages."""
    packages: set[str] = set()
    for node in ast.walk(ast.parse(script.read_text())):
        modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules.append(node.module or "")
        for module in (name.partition(".")[0] for name in modules):
            if (own := EXAMPLES / f"{module}.py").exists():
                packages |= needed(own)
            elif module not in sys.stdlib_module_names:
                packages |= COME_ALONG.get(module, {PACKAGES.get(module, module)})
    return packages


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_the_first_line_of_a_script_says_what_it_needs(script: Path) -> None:
    before, _, packages = script.read_text().splitlines()[0].partition("pip install ")
    assert before == "# Needs lrspec, and: "
    assert {*packages.split()} == needed(script) | ALSO_NEEDED.get(script.name, set())


@pytest.mark.parametrize(("name", "layers"), [("ladder", 62), ("blocks", 7)])
def test_the_ladders_of_the_tutorial_have_its_rates(name: str, layers: int) -> None:
    plan = compiled(f"resnet18-{name}.lrspec.yaml")
    assert rates(plan) == pytest.approx([0.01 * 0.9**k for k in range(layers)], rel=1e-12, abs=0)


def test_the_example_in_json_is_the_one_in_yaml() -> None:
    assert lrspec.load(EXAMPLES / "resnet18-blocks.lrspec.json").spec == (
        lrspec.load(EXAMPLES / "resnet18-blocks.lrspec.yaml").spec
    )


def test_norms_and_biases_are_the_same_by_shape_and_by_module() -> None:
    by_shape = compiled("resnet18-head-body-stem.lrspec.yaml")
    by_module = compiled("resnet18-no-decay-by-module.lrspec.yaml")
    assert settings(by_shape) == settings(by_module)
    assert settings(by_module)["layer2.0.downsample.1.weight"].weight_decay == 0


def test_a_vision_transformer_has_fourteen_layers_with_and_without_weight_decay() -> None:
    plan = compiled("vit-layer-decay.lrspec.yaml")
    assert len(rates(plan)) == 28
    assert settings(plan)["cls_token"].weight_decay == 0
    assert settings(plan)["cls_token"].lr == pytest.approx(1e-3 * 0.75**13, rel=1e-12, abs=0)


def test_a_linear_probe_trains_the_head_alone() -> None:
    plan = compiled("linear-probe.lrspec.yaml")
    assert plan.groups is not None
    assert [group.params for group in plan.groups] == [("fc.weight", "fc.bias")]


def test_biases_train_at_twice_the_rate_of_their_block() -> None:
    blocks, biases = settings(compiled("resnet18-blocks.lrspec.yaml")), settings(compiled("biases-twice.lrspec.yaml"))
    for name, block in blocks.items():
        assert block.lr is not None
        assert biases[name].lr == block.lr * (2 if name.endswith(".bias") else 1)


def test_a_model_of_ones_own_is_trained_by_its_spec() -> None:
    plan = compiled("own-model.lrspec.yaml")
    assert plan.groups is not None
    printed = [line.split(maxsplit=1) for line in run("own_model.py").splitlines()]
    assert printed == [
        [group.name, f"lr {group.settings.lr:.3g}, weight decay {group.settings.weight_decay:g}"]
        for group in plan.groups
    ]


def test_a_tied_weight_is_in_one_group() -> None:
    plan = compiled("own-model.lrspec.yaml")
    tied = [planned for planned in plan.parameters if planned.parameter.aliases]
    assert [(each.name, each.parameter.aliases) for each in tied] == [("tokens.weight", ("head.weight",))]
    assert plan.groups is not None
    assert sum(name in ("tokens.weight", "head.weight") for group in plan.groups for name in group.params) == 1


def test_the_saved_inventory_of_a_model_of_ones_own_is_up_to_date(tmp_path: Path) -> None:
    assert run("own_model.py", "--save", str(tmp_path / "saved.json")) == ""
    assert (tmp_path / "saved.json").read_bytes() == (EXAMPLES / "own-model.params.json").read_bytes()


@pytest.mark.slow
def test_training_on_digits_prints_both_accuracies() -> None:
    lines = run("train_digits.py", "--quick").splitlines()
    accuracies = r"ladder \d+\.\d %, one rate \d+\.\d %"
    assert len(lines) == 2
    assert re.fullmatch(f"seed 0: {accuracies}", lines[0])
    assert re.fullmatch(f"mean:   {accuracies}", lines[1])
