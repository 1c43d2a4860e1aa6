"""Several optimizers on models: Muon for the matrices and AdamW for the rest, as the page of the language has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lrspec
from lrspec.cli import run
from tests.compiler.test_against_bruteforce import attempted
from tests.drawing import drawn
from tests.pages import blocks
from tests.strategies import inventories, specs

PAGE = Path(__file__).parents[2] / "docs" / "language.md"
OPTIMIZERS = """\
lrspec: 1
optimizers:
  adamw: {type: AdamW, lr: 3e-4, weight_decay: 0.05, betas: [0.9, 0.95]}
  muon: {type: Muon, lr: 0.02, weight_decay: 0.1, momentum: 0.95}
rules:
"""
ALL = "- {name: all, match: '^.+$', lr_mult: 1}\n"


def documented_split() -> str:
    """The rule of the page that gives matrices to Muon, embeddings and heads left out."""
    (rule,) = [
        block.body for block in blocks(PAGE) if "optimizer: muon" in block.body and "lrspec: 1" not in block.body
    ]
    return rule


class Block(nn.Module):
    """A block with a fused weight of experts."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.attn = nn.Linear(4, 4)
        self.experts = nn.Parameter(torch.randn(2, 4, 4))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = self.attn(self.norm(hidden)) @ self.experts.sum(0)
        return hidden + mixed


class Language(nn.Module):
    """A tiny language model whose embedding is also its head; `head_first` says which of the two comes first."""

    def __init__(self, embedding: str, head: str, *, head_first: bool) -> None:
        super().__init__()
        made: dict[str, nn.Module] = {embedding: nn.Embedding(10, 4), head: nn.Linear(4, 10, bias=False)}
        for name in sorted(made, key=lambda name: (name == head) != head_first):
            self.add_module(name, made[name])
        self.ends = (embedding, head)
        self.blocks = nn.Sequential(Block(), Block())
        self.get_submodule(head).weight = self.get_submodule(embedding).weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.blocks(self.get_submodule(self.ends[0])(tokens))
        logits: torch.Tensor = self.get_submodule(self.ends[1])(hidden)
        return logits


def optimizer_of(plan: lrspec.Plan) -> dict[str, str | None]:
    return {planned.name: planned.settings.optimizer for planned in plan.parameters}


@pytest.mark.parametrize("head_first", [False, True])
@pytest.mark.parametrize(
    ("embedding", "head"),
    [("embed", "head"), ("embed_tokens", "lm_head"), ("wte", "lm_head"), ("tok_embeddings", "out")],
)
def test_the_documented_split_leaves_a_tied_embedding_to_adamw(embedding: str, head: str, head_first: bool) -> None:
    model = Language(embedding, head, head_first=head_first)
    plan = lrspec.compile(lrspec.loads(OPTIMIZERS + documented_split() + ALL), model)
    tied = f"{head if head_first else embedding}.weight"
    assert {name for name, its in optimizer_of(plan).items() if its == "muon"} == {
        "blocks.0.attn.weight",
        "blocks.1.attn.weight",
    }
    assert optimizer_of(plan)[tied] == "adamw"
    assert plan.diagnostics == ()


def test_torchs_optimizers_accept_the_groups_and_train() -> None:
    torch.manual_seed(0)
    model = Language("embed", "head", head_first=False)
    optimizers = lrspec.build_optimizers(lrspec.loads(OPTIMIZERS + documented_split() + ALL), model)
    assert {name: type(each).__name__ for name, each in optimizers.items()} == {"adamw": "AdamW", "muon": "Muon"}
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    tokens = torch.arange(10)
    nn.functional.cross_entropy(model(tokens), tokens.flip(0)).backward()  # type: ignore[no-untyped-call]
    for each in optimizers.values():
        each.step()
    assert all(not torch.equal(each, before[name]) for name, each in model.named_parameters())


def test_each_parameter_is_in_the_groups_of_its_own_optimizer() -> None:
    model = Language("embed", "head", head_first=False)
    plan = lrspec.compile(lrspec.loads(OPTIMIZERS + documented_split() + ALL), model)
    names = {
        each: {name for group in plan.param_groups(model, each) for name in group["param_names"]}
        for each in ("adamw", "muon")
    }
    assert names["muon"] == {"blocks.0.attn.weight", "blocks.1.attn.weight"}
    assert names["adamw"] == {name for name, _ in model.named_parameters()} - names["muon"]


TOO_MUCH = OPTIMIZERS + "- {name: blocks, match: '^blocks\\.', optimizer: muon}\n" + ALL


def unfit(model: nn.Module) -> set[str]:
    (found,) = [each for each in lrspec.check(lrspec.loads(TOO_MUCH), model) if each.code == "LRS211"]
    return set(found.parameters)


def test_norms_and_fused_experts_are_named() -> None:
    each = ("norm.weight", "norm.bias", "attn.bias", "experts")
    assert unfit(Language("embed", "head", head_first=False)) == {f"blocks.{n}.{name}" for n in (0, 1) for name in each}


def test_what_is_frozen_is_not_named() -> None:
    model = Language("embed", "head", head_first=False)
    model.blocks[0].requires_grad_(False)
    assert unfit(model) == {f"blocks.1.{name}" for name in ("norm.weight", "norm.bias", "attn.bias", "experts")}


def test_muon_of_torch_refuses_all_but_matrices() -> None:
    for shape in ((4,), (2, 4, 4), ()):
        with pytest.raises(ValueError, match="2D"):
            torch.optim.Muon([nn.Parameter(torch.zeros(shape))])


# ------------------------------------------------------------------------------------------- one, named or not


def one_named(spec: dict[str, Any]) -> dict[str, Any]:
    """The same spec, its optimizer with a name."""
    return {("optimizers" if key == "optimizer" else key): _named(key, value) for key, value in spec.items()}


def _named(key: str, value: Any) -> Any:
    return {"a": value} if key == "optimizer" else value


def without_optimizer(plan: lrspec.Plan) -> Any:
    """A plan as JSON, without what says which optimizer and which text it is of."""
    made = plan.to_dict()
    for each in (*(made["groups"] or ()), *made["parameters"]):
        assert each.pop("optimizer") == "a"
    found = [{key: each[key] for key in ("code", "severity", "rule", "parameters")} for each in made["diagnostics"]]
    return {"groups": made["groups"], "parameters": made["parameters"], "diagnostics": found}


@drawn(specs(several=False), inventories(), few=50, many=200)
def test_one_optimizer_with_a_name_is_the_same_but_for_the_name(spec: dict[str, Any], inventory: Any) -> None:
    only, named = attempted(spec, inventory).plan, attempted(one_named(spec), inventory).plan
    assert only is not None
    assert named is not None
    made = only.to_dict()
    assert all("optimizer" not in each for each in (*(made["groups"] or ()), *made["parameters"]))
    found = [{key: each[key] for key in ("code", "severity", "rule", "parameters")} for each in made["diagnostics"]]
    expected = {"groups": made["groups"], "parameters": made["parameters"], "diagnostics": found}
    assert without_optimizer(named) == expected


# ------------------------------------------------------------------------------------------- what is printed


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a spec of two optimizers and the parameters of the tiny model."""
    monkeypatch.chdir(tmp_path)
    saved = lrspec.Inventory.from_model(Language("embed", "head", head_first=False)).to_dict()
    Path("tiny.json").write_text(json.dumps(saved), "utf-8")
    Path("two.lrspec.yaml").write_text(OPTIMIZERS + documented_split() + ALL, "utf-8")


TABLE = """\
two.lrspec.yaml for tests.compiler.test_several_optimizers.Language

  rule    optimizer   names                                         parameters   elements   learning rate   weight decay
 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  all     adamw       embed.weight … blocks.1.attn.bias                      9        128          0.0003           0.05
  all     muon        blocks.0.attn.weight … blocks.1.attn.weight            2         32            0.02            0.1

  total                                                                     11        160


  rule       also sets          parameters   elements
 ─────────────────────────────────────────────────────
  matrices   optimizer 'muon'            2         32

2 groups (adamw 1, muon 1); 11 parameters trained
"""
OF_MUON = """\
blocks.0.attn.weight [4, 4], 16 elements, owned by Linear
  status          trained, in group 1 (matrices/all)
  optimizer       muon (optimizer of matrices)
  learning rate   0.02 = 0.02 (optimizers.muon.lr) × 1 (lr_mult of all)
  weight decay    0.1 (optimizers.muon.weight_decay)
  momentum        0.95
  rules, in order
    matrices  selects it by where: sets the optimizer to 'muon'
    all       selects it by '^.+$': sets the learning rate to 0.02
"""
OF_THE_DEFAULT = """\
embed.weight [10, 4], 40 elements, also called head.weight, owned by Embedding, declared embedding
  status          trained, in group 0 (all)
  optimizer       adamw (the default)
  learning rate   0.0003 = 0.0003 (optimizers.adamw.lr) × 1 (lr_mult of all)
  weight decay    0.05 (optimizers.adamw.weight_decay)
  betas           [0.9, 0.95]
  rules, in order
    matrices  does not select it
    all       selects it by '^.+$': sets the learning rate to 0.0003
"""
PRINTED = {
    "table": (["compile", "two.lrspec.yaml"], TABLE),
    "explain, of Muon": (["explain", "two.lrspec.yaml", "blocks.0.attn.weight"], OF_MUON),
    "explain, of the default": (["explain", "two.lrspec.yaml", "head.weight"], OF_THE_DEFAULT),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("words", "printed"), PRINTED.values(), ids=PRINTED)
def test_the_command_says_which_optimizer(words: list[str], printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--params", "tiny.json"]) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.usefixtures("here")
def test_the_json_plan_says_which_optimizer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compile", "two.lrspec.yaml", "--params", "tiny.json", "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [(group["name"], group["optimizer"], len(group["params"])) for group in plan["groups"]] == [
        ("all", "adamw", 9),
        ("matrices/all", "muon", 2),
    ]
    chosen = {each["name"]: (each["optimizer"], each["set_by"]) for each in plan["parameters"]}
    assert chosen["embed.weight"] == ("adamw", {"lr": "all"})
    assert chosen["blocks.0.attn.weight"] == ("muon", {"optimizer": "matrices", "lr": "all"})


@pytest.mark.parametrize(
    ("optimizers", "flag"),
    [
        ("optimizer: {type: SGD}", "--lr"),
        ("optimizers: {a: {type: SGD}}", "--lr"),
        ("optimizers: {a: {type: SGD}, b: {type: SGD}}", "--set optimizers.a.lr=…"),
    ],
)
def test_what_gives_a_multiple_its_base_is_a_flag_that_is_taken(optimizers: str, flag: str) -> None:
    spec = lrspec.loads(f"lrspec: 1\n{optimizers}\nrules: [{{name: all, match: '^.', lr_mult: 1}}]")
    (found,) = lrspec.check(spec, nn.Linear(2, 2))
    assert found.message.endswith(f"or pass `{flag}` when compiling.")
