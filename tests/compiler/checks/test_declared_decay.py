"""Weight decay of what a model declares to be without any: LRS311; and the head it declares under Muon: LRS307."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
import torchvision
import transformers
from torch import nn

import lrspec

HEADER = "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}\nrules:\n"
ALL = "  - {name: all, match: '^.+$', lr_mult: 1}\n"
NO_DECAY = "  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}\n"
DECLARED = "  - {name: declared, where: {declared: no_weight_decay}, weight_decay: 0}\n"


def zoo(name: str, **arguments: Any) -> lrspec.Inventory:
    with torch.device("meta"):
        return lrspec.Inventory.from_model(timm.create_model(name, **arguments))


class Scan(nn.Module):
    """A state space model's layer, whose parameters say themselves that they should not decay."""

    def __init__(self) -> None:
        super().__init__()
        self.log, self.skip = nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(3))
        self.out = nn.Linear(3, 3)
        for parameter in (self.log, self.skip):
            vars(parameter)["_no_weight_decay"] = True


VIT, SWIN = zoo("vit_tiny_patch16_224"), zoo("swin_tiny_patch4_window7_224")
SCAN = lrspec.Inventory.from_model(nn.Sequential(Scan(), Scan()))
TABLES = "relative_position_bias_table"


def found(spec: str, inventory: lrspec.Inventory, code: str = "LRS311") -> list[lrspec.Diagnostic]:
    return [each for each in lrspec.check(lrspec.loads(spec), inventory) if each.code == code]


DECAYED = {
    "a vit": (VIT, HEADER + ALL + NO_DECAY, "0.05", ["cls_token", "pos_embed"]),
    "a swin": (SWIN, HEADER + ALL + NO_DECAY, "0.05", [TABLES]),
    "parameters that say so": (SCAN, HEADER + ALL + NO_DECAY, "0.05", ["0.log", "1.log"]),
    "by a rule": (VIT, HEADER + ALL + "  - {match: 'embed', weight_decay: 0.3}\n" + DECLARED, "0.3", ["pos_embed"]),
    "by a multiple": (
        VIT,
        HEADER + ALL + "  - {match: 'token', weight_decay_mult: 2}\n" + DECLARED,
        "2",
        ["cls_token"],
    ),
    "by the class, where others get some": (
        VIT,
        HEADER.replace(", weight_decay: 0.05", "") + ALL + "  - {match: '^head', weight_decay: 0.1}\n",
        "rules",
        ["cls_token", "pos_embed"],
    ),
}
SPARED = {
    "what is declared": HEADER + ALL + NO_DECAY + DECLARED,
    "by name": HEADER + ALL + "  - {match: ['^cls_token$', '^pos_embed$'], weight_decay: 0}\n",
    "nothing decays": HEADER.replace("0.05", "0") + ALL,
    "no word of weight decay, as in every first script": HEADER.replace(", weight_decay: 0.05", "") + ALL,
    "frozen": HEADER
    + "  - {match: '_embed|_token', freeze: true}\n"
    + ALL.replace("'^.+$'", "'^(?:blocks|norm|head)'"),
    "another class, without a default": HEADER.replace("AdamW", "SGD").replace(", weight_decay: 0.05", "")
    + ALL
    + "  - {match: '^head', weight_decay: 0.1}\n",
}


@pytest.mark.parametrize("case", DECAYED)
def test_declared_parameters_that_decay_are_reported_where_the_decay_is_given(case: str) -> None:
    inventory, spec, piece, parts = DECAYED[case]
    (one,) = found(spec, inventory)
    assert spec.splitlines()[one.line - 1][one.column - 1 :].startswith(piece)
    assert all(any(part in name for part in parts) for name in one.parameters)
    assert one.parameters


@pytest.mark.parametrize("case", SPARED)
def test_declared_parameters_without_decay_are_not(case: str) -> None:
    assert found(SPARED[case], VIT) == []


def test_a_model_that_declares_nothing_or_is_not_known_to_is_not_judged() -> None:
    spec = HEADER + ALL
    assert found(spec, zoo("resnet18")) == []
    assert found(spec, lrspec.Inventory.from_names(["cls_token", "head.weight"])) == []


def test_each_source_is_one_finding() -> None:
    spec = HEADER + ALL + "  - {match: '^pos_embed$', weight_decay: 0.1}\n"
    assert [one.parameters for one in found(spec, VIT)] == [("cls_token",), ("pos_embed",)]


# ------------------------------------------------------------------------------------------------ heads under Muon

MUON = """lrspec: 1
optimizers:
  adamw: {type: AdamW, lr: 3e-4}
  muon: {type: Muon, lr: 0.02}
rules:
"""
EVERYTHING = "  - {name: all, match: '^.+$', lr_mult: 1}\n"
TINY = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 11}


def transformer(kind: str) -> lrspec.Inventory:
    return lrspec.Inventory.from_model(getattr(transformers, kind)(transformers.BertConfig(**TINY)))


BERT, MASKED = transformer("BertForSequenceClassification"), transformer("BertForMaskedLM")
TV = lrspec.Inventory.from_model(torchvision.models.vit_b_16())
HEADS = {
    "timm": (VIT, "  - {where: {ndim: 2}, optimizer: muon}\n", ["head.weight"]),
    "two heads": (
        zoo("deit_tiny_distilled_patch16_224"),
        "  - {where: {ndim: 2}, exclude: '^head\\.', optimizer: muon}\n",
        ["head_dist.weight"],
    ),
    "torchvision": (TV, "  - {where: {ndim: 2}, exclude: '^head\\.', optimizer: muon}\n", ["heads.head.weight"]),
    "transformers": (
        BERT,
        "  - {where: {ndim: 2}, exclude: 'embeddings', optimizer: muon}\n",
        ["classifier.weight"],
    ),
    "what leads to the head": (
        MASKED,
        "  - {where: {ndim: 2}, exclude: 'embeddings', optimizer: muon}\n",
        ["cls.predictions.transform.dense.weight"],
    ),
}
RIGHT = {
    "by name": (VIT, "  - {where: {ndim: 2}, exclude: '^head', optimizer: muon}\n"),
    "by declaration": (
        BERT,
        "  - {where: {declared: [embedding, head]}, optimizer: adamw}\n"
        "  - {where: {ndim: 2}, fallback: true, optimizer: muon}\n",
    ),
    "only the blocks": (VIT, "  - {match: '^blocks', where: {ndim: 2}, optimizer: muon}\n"),
    "a frozen head": (
        VIT,
        "  - {match: '^head', freeze: true}\n  - {where: {ndim: 2}, exclude: '^head', optimizer: muon}\n",
    ),
    "another optimizer": (VIT, "  - {where: {ndim: 2}, optimizer: adamw}\n  - {match: 'qkv.w', optimizer: muon}\n"),
}


@pytest.mark.parametrize("case", HEADS)
def test_a_declared_head_under_muon_is_reported(case: str) -> None:
    inventory, rule, names = HEADS[case]
    spec = MUON + rule + EVERYTHING
    (one,) = found(spec, inventory, "LRS307")
    assert (list(one.parameters), one.line) == (names, 6)
    assert "head parameter" in one.message


@pytest.mark.parametrize("case", RIGHT)
def test_a_head_that_another_optimizer_trains_is_not(case: str) -> None:
    inventory, rule = RIGHT[case]
    everything = EVERYTHING.replace("match: '^.+$'", "fallback: true")
    assert found(MUON + rule + everything, inventory, "LRS307") == []


def test_embeddings_and_heads_are_one_finding() -> None:
    (one,) = found(MUON + "  - {where: {ndim: 2}, optimizer: muon}\n" + EVERYTHING, BERT, "LRS307")
    assert "4 embedding and head parameters" in one.message


def test_where_declared_needs_to_know_what_is_declared() -> None:
    names = lrspec.Inventory.from_names(["a", "b"])
    (one,) = found(HEADER + ALL + DECLARED, names, "LRS208")
    assert (one.line, one.column) == (5, 29)
    assert "`declared` needs what the model declares" in one.message
    known = lrspec.Inventory([lrspec.Parameter("a", declared=()), lrspec.Parameter("b", declared=("no_weight_decay",))])
    assert found(HEADER + ALL + DECLARED, known, "LRS208") == [], "names alone are enough if it is known"
