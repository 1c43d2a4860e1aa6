"""AGENTS.md: its specs are clean, its figures are those of the plans, and what it says of the language is true."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from pydantic import BaseModel

import lrspec
from lrspec import address
from lrspec.cli import run
from lrspec.diagnostics.codes import CODES
from lrspec.models.by_name import inventory_of
from lrspec.models.inventory import Inventory
from lrspec.spec.language import Decay, Entry, ModelSource, Optimizer, Rule, Segment, SizeFactor, Spec, Thaw, Where
from tests.pages import ROOT, blocks

FILE = ROOT / "AGENTS.md"
PAGE = FILE.read_text(encoding="utf-8")
EXAMPLES = [block.body for block in blocks(FILE) if block.info == "yaml"]
FRAGMENTS = re.findall(r"^\| `(.+)` \| (LRS\d+) ([\w-]+) \| `(.+)` \|$", PAGE, re.MULTILINE)
VIT = "vit_tiny_patch16_224"
HEAD, ALL = r"{name: head, match: '^head\.', lr_mult: 2}", "{name: all, match: '^.+$', lr_mult: 1}"
REST = "{name: rest, fallback: true, lr_mult: 1}"
DECAYED = "{fallback: true, lr_mult: 1, weight_decay: 0.05}"
DECLARED = "{where: {declared: no_weight_decay}, weight_decay: 0}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the configurations and inventories that the examples name."""
    folder = tmp_path_factory.mktemp("agents")
    for name, source in {
        "bert/config.json": "tiny-bert.config.json",
        "llama/config.json": "init/tiny-llama.config.json",
        "tiny-bert-lora.params.json": "tiny-bert-lora.params.json",
        "llava.params.json": "vlm/llava.params.json",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "examples" / source, folder / name)
    return folder


@pytest.fixture(scope="module")
def vit() -> Inventory:
    return inventory_of(VIT, {}, Path())


# ------------------------------------------------------------------------------------------------- the examples


def test_there_are_eight_on_a_page() -> None:
    assert [body.partition(". ")[0] for body in EXAMPLES] == [f"# {number}" for number in range(1, 9)]
    assert len(PAGE.splitlines()) <= 240
    assert max(map(len, PAGE.splitlines())) < 180


@pytest.mark.parametrize("text", EXAMPLES, ids=range(1, 9))
def test_each_example_is_clean_and_gives_what_it_says(text: str, folder: Path) -> None:
    path = folder / "spec.lrspec.yaml"
    path.write_text(text, encoding="utf-8")
    file = lrspec.load(path)
    facts = re.findall(r"(?:^# |, )([\w.]+) gets (\S+) and ([^\s,]+)", text, re.MULTILINE)
    assert facts
    for source in file.spec.sources:
        inventory = inventory_of(source.source, source.args, folder)
        assert lrspec.check(file, inventory) == []
        given = {each.name: each.settings for each in lrspec.compile(file, inventory).parameters}
        for name, lr, weight_decay in facts:
            assert given[name].lr == pytest.approx(float(lr), rel=1e-12)
            assert given[name].weight_decay == float(weight_decay)


def test_a_body_that_is_frozen_instead_leaves_the_head() -> None:
    text = EXAMPLES[0].replace("fallback: true, lr_mult: 0.1", "fallback: true, freeze: true")
    plan = lrspec.compile(lrspec.loads(text), inventory_of("resnet18", {}, Path()))
    assert [each.name for each in plan.parameters if each.status == "trained"] == ["fc.weight", "fc.bias"]


@pytest.mark.parametrize(("wrong", "code", "name", "right"), FRAGMENTS)
def test_each_fragment_has_its_finding_and_is_clean_when_it_is_fixed(
    wrong: str, code: str, name: str, right: str, vit: Inventory
) -> None:
    assert CODES[code].name == name
    assert code in found(wrong, vit)
    assert found(right, vit) == []


def found(fragment: str, inventory: Inventory) -> list[str]:
    """The codes of the findings about a rule that stands before a fallback."""
    return codes([f"{{name: rule, {fragment}}}", REST], inventory)


def codes(rules: list[str], inventory: Inventory) -> list[str]:
    listed = "".join(f"  - {rule}\n" for rule in rules)
    text = f"lrspec: 1\noptimizer: {{type: AdamW, lr: 1e-3}}\nrules:\n{listed}"
    try:
        return [each.code for each in lrspec.check(lrspec.loads(text), inventory)]
    except lrspec.SpecError as error:
        return [each.code for each in error.diagnostics]


# ------------------------------------------------------------------------------------------------- the keys


def keys(row: str) -> set[str]:
    """The keys that a row of the table of keys names, without the examples and values in parentheses."""
    (cell,) = re.findall(rf"^\| {row} \| (.*) \|$", PAGE, re.MULTILINE)
    cell = re.sub(r"\(.*?\)", "", str(cell).partition(", such as")[0])
    return set(re.findall(r"`(\w+)`", cell)) - {"true", "false"}


def fields(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_the_keys_are_all_that_there_are() -> None:
    assert keys("top level") == fields(Spec)
    assert keys("an entry of `models`") == fields(ModelSource) | {"resnet18"}
    assert keys("`optimizer`") == fields(Optimizer)
    assert keys("a rule selects by") | keys("a rule sets") | keys("a rule also has") == fields(Rule)
    assert keys("`where`") == fields(Where)
    assert keys("an entry of `layers`") == fields(Entry)
    assert keys(r"`layer_decay` \(needs `layers`\)") == fields(Decay)
    assert keys("`lr_scale`, `weight_decay_mult`") == fields(SizeFactor)
    assert keys("`freeze`") == fields(Thaw)
    assert keys("a segment of a schedule") == fields(Segment)


@pytest.mark.parametrize("source", ["resnet18", "torchvision:resnet50", "hf:bert", "params:net.params.json"])
def test_models_are_named_as_it_says_and_never_as_code(source: str) -> None:
    text = f"lrspec: 1\nmodels: {source}\noptimizer: {{type: AdamW, lr: 1e-3}}\nrules: [{{match: '^fc', lr_mult: 1}}]\n"
    assert lrspec.loads(text).spec.sources[0].source == source
    with pytest.raises(lrspec.SpecError, match="LRS104"):
        lrspec.loads(text.replace(source, "py:net:build"))


def test_shapes_and_times_are_as_it_says(vit: Inventory) -> None:
    (cell,) = re.findall(r"`shape` \((.*)\) \|$", PAGE, re.MULTILINE)
    shapes = re.findall(r"`(.+?)`", cell)
    assert len(shapes) == 6
    for shape in shapes:
        last = f"shape: {shape}" if shape == "inverse_sqrt" else f"to: 0.1, shape: {shape}"
        schedule = f"schedules: {{main: [{{until: 5%, from: 0}}, {{until: 50}}, {{{last}}}]}}\n"
        text = f"lrspec: 1\noptimizer: {{type: AdamW, lr: 1e-3}}\n{schedule}rules: [{ALL}]\n"
        assert lrspec.check(lrspec.loads(text), vit) == []


def test_diagnostics_are_called_by_their_names() -> None:
    for code, name in re.findall(r"(LRS\d+) ([a-z]+-[a-z-]+)", PAGE):
        assert CODES[code].name == name
    assert {*re.findall(r"LRS\d+", PAGE)} <= {*CODES}


# ------------------------------------------------------------------------------------------------- what they mean


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([HEAD, ALL], {"LRS202"}),
        ([r"{match: '^head\.', lr_mult: 1}", ALL], {"LRS209"}),
        ([HEAD, REST], set()),
        ([HEAD], {"LRS201"}),
        ([r"{match: '^.+$', lr_scale: 2}"], {"LRS201"}),
        ([r"{match: '^.+$', options: {betas: [0.9, 0.99]}}"], {"LRS201"}),
        (["{fallback: true, freeze: true}"], set()),
        ([r"{match: '^head\.', freeze: true, lr_scale: 2}", REST], {"LRS104"}),
        ([r"{match: '^head\.', layer_decay: 0.9}", REST], {"LRS104"}),
        ([REST, HEAD], {"LRS202", "LRS204"}),
        ([r"{match: 'head', lr_mult: 2}", REST], set()),
        ([r"{match: '^ead', lr_mult: 2}", REST], {"LRS203"}),
        ([HEAD, r"{match: '^head\.', exclude: 'bias$', lr_scale: 2}", REST], set()),
        ([r"{layers: ['^head\.', '^norm\.', '^blocks\.', '^patch_embed\.'], layer_decay: 0.9}", REST], {"LRS308"}),
        ([r"{match: '^norm\.', weight_decay: 0}", DECLARED, DECAYED], {"LRS305"}),
        (["{where: {ndim: [0, 1]}, weight_decay: 0}", DECLARED, DECAYED], set()),
        ([REST, "{match: '^norm', lr_mult: yes}"], {"LRS104"}),
        ([REST, "{match: '^norm', lr_mult: !!float 1}"], {"LRS101"}),
        ([REST, "{<<: {match: '^norm'}, lr_scale: 2}"], {"LRS101"}),
    ],
)
def test_what_it_says_of_rules_is_true(rules: list[str], expected: set[str], vit: Inventory) -> None:
    assert {*codes(rules, vit)} == expected


def test_the_first_rule_wins_and_a_norm_of_the_backbone_gets_both(vit: Inventory) -> None:
    text = (
        "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}\nrules:\n"
        "  - {match: '^head', lr_mult: 2}\n  - {fallback: true, lr_mult: 0.1}\n"
        "  - {where: {ndim: [0, 1]}, weight_decay: 0}\n"
    )
    given = {each.name: each.settings for each in lrspec.compile(lrspec.loads(text), vit).parameters}
    assert (given["head.weight"].lr, given["head.weight"].weight_decay) == (2e-3, 0.05)
    assert (given["blocks.0.norm1.weight"].lr, given["blocks.0.norm1.weight"].weight_decay) == (1e-4, 0)


def test_a_rate_does_not_thaw_what_the_model_has_frozen() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    model[0].requires_grad_(False)
    inventory = Inventory.from_model(model)
    assert codes([r"{match: '^1\.', lr_mult: 1}"], inventory) == []
    assert codes([r"{match: '^0\.', lr_mult: 0.1}", REST], inventory) == ["LRS216"]
    assert codes([r"{match: '^0\.', lr_mult: 0.1, freeze: false}", REST], inventory) == []


# ------------------------------------------------------------------------------------------------- its commands


def commands() -> Iterator[str]:
    for block in blocks(FILE):
        if block.info == "sh":
            yield from (line.partition("#")[0].strip() for line in block.body.splitlines())


def test_its_commands_succeed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len([*commands()]) == 6
    for command in commands():
        assert run(command.split()[1:]) == 0, command


def test_its_training_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = [block.body for block in blocks(FILE) if block.info == "python"]
    (tmp_path / "resnet18.lrspec.yaml").write_text(EXAMPLES[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"lrspec": lrspec, "model": timm.create_model("resnet18")}
    exec(compile(code, FILE.name, "exec"), names)
    assert names["findings"] == []
    for call in re.findall(r"`?lrspec\.(build_\w+)", PAGE):
        assert callable(getattr(lrspec, call))


def test_an_optimizer_of_a_script_becomes_a_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text(
        "import torch\n\n\ndef make():\n    model = torch.nn.Linear(2, 2)\n"
        "    return model, torch.optim.SGD(model.parameters(), lr=0.1)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert "`lrspec init --from py:train.py:make`" in PAGE
    assert run(["init", "--from", "py:train.py:make"]) == 0


def test_links_are_absolute_and_lead_to_pages() -> None:
    links = re.findall(r"\]\((\S+)\)", PAGE)
    assert f"{address.REPOSITORY}/blob/main/CONTRIBUTING.md" in links
    pages = [link.removeprefix(address.SITE).strip("/") for link in links if link.startswith(address.SITE)]
    assert len(pages) == len(links) - 1
    assert [page for page in pages if not (ROOT / "docs" / f"{page}.md").exists()] == []
