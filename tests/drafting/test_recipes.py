"""Recipes: the whole text for a few models, no finding for all, and a refusal where a recipe makes no sense."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import peft
import pytest
import timm
import torch
import transformers
from torch import nn

import lrspec
from lrspec import Inventory
from lrspec.drafting.depth.depth import matched_depth
from lrspec.drafting.depth.structure import structural_depth
from lrspec.drafting.draft import Draft
from lrspec.drafting.prove import DraftError
from lrspec.drafting.recipes import blocks, layer_decay
from lrspec.drafting.recipes import compose as composing
from lrspec.drafting.recipes.compose import compose
from lrspec.drafting.recipes.recipe import Choices, RefusedError, Subject
from lrspec.drafting.recipes.table import RECIPES
from lrspec.drafting.rules import DraftRule, Entry
from lrspec.models.sources.timm import layers_of
from tests.drafting.test_depth import MODELS as TRANSFORMERS
from tests.drafting.test_depth import TEXT, built

SCHEMA = "# yaml-language-server: $schema=lrspec.v1.schema.json\n"


def of_timm(name: str, **args: Any) -> Callable[[], nn.Module]:
    return lambda: timm.create_model(name, **args)


def lora() -> nn.Module:
    settings = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 32}
    model = transformers.BertForSequenceClassification(transformers.BertConfig(vocab_size=50, **settings))
    config = peft.LoraConfig(r=2, target_modules=["query", "value"], task_type="SEQ_CLS")
    adapted = peft.get_peft_model(model, config)
    assert isinstance(adapted, nn.Module)
    return adapted


MODELS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": of_timm("resnet18"),
    "vit": of_timm("vit_tiny_patch16_224"),
    "swin": of_timm("swin_tiny_patch4_window7_224"),
    "poolformer": of_timm("poolformer_s12"),
    "LoRA": lora,
    **{name: TRANSFORMERS[name] for name in ("BERT", "GPT-2", "CLIP", "LLaVA", "T5")},
}


@cache
def subject(name: str) -> Subject:
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MODELS[name]()
    return of_model(model)


def of_model(model: nn.Module) -> Subject:
    inventory, layers = Inventory.from_model(model), layers_of(model)
    return Subject(inventory, matched_depth(inventory, layers) if layers else structural_depth(inventory))


def text(recipe: str, name: str, **numbers: Any) -> str:
    """The text of a spec, without the line for editors."""
    return compose(recipe, subject(name), Choices(**numbers), None).file.text.removeprefix(SCHEMA)


RESNET_LAYER_DECAY = r"""# Layer-wise decay: the nearer to the input, the lower the learning rate.
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - name: depth                       # from the input to the head
    layers:
      - '^(?:conv1|bn1)\.'
      - '^layer(\d+)\.(\d+)\.'
      - '^fc\.'
    layer_decay: 0.75
  - name: no-decay                    # norms and biases
    where: {ndim: [0, 1]}
    weight_decay: 0
"""
VIT_LAYER_DECAY = r"""# Layer-wise decay: the nearer to the input, the lower the learning rate.
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - name: depth                       # from the input to the head
    layers:
      - ['^(?:cls_token|pos_embed)$', '^patch_embed\.']
      - '^blocks\.(\d+)\.'
      - join: '^norm\.'
      - '^head\.'
    layer_decay: 0.75
  - name: no-decay                    # norms and biases
    where: {ndim: [0, 1]}
    weight_decay: 0
  - name: no-decay-declared           # declared by the model: cls_token, pos_embed
    where: {declared: no_weight_decay}
    weight_decay: 0
"""
BERT_LAYER_DECAY = r"""# Layer-wise decay: the nearer to the input, the lower the learning rate.
lrspec: 1
optimizer: {type: AdamW, lr: 5e-5, weight_decay: 0.01}
rules:
  - name: depth                       # from the input to the head
    layers:
      - '^bert\.embeddings\.'
      - '^bert\.encoder\.layer\.(\d+)\.'
      - ['^bert\.pooler\.', '^classifier\.']
    layer_decay: 0.9
  - name: no-decay                    # norms and biases
    where: {ndim: [0, 1]}
    weight_decay: 0
"""
HEAD_BODY = r"""# The head at the full learning rate, the body at a fraction of it.
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - name: head                        # declared by the model
    where: {declared: head}
    lr_mult: 1
  - name: body                        # everything else: pretrained
    fallback: true
    lr_mult: 0.1
  - name: no-decay                    # norms and biases
    where: {ndim: [0, 1]}
    weight_decay: 0
"""
LINEAR_PROBE = r"""# A linear probe: the head is trained, everything else is frozen.
lrspec: 1
optimizer: {type: SGD, lr: 0.1, momentum: 0.9}
rules:
  - name: head                        # declared by the model
    where: {declared: head}
    lr_mult: 1
  - name: rest                        # plan.freeze(model) sets requires_grad
    fallback: true
    freeze: true
"""
LORA_PLUS = r"""# LoRA+: lora_B, which begins at zero, learns faster than lora_A. PEFT has frozen the rest of the model.
lrspec: 1
optimizer: {type: AdamW, lr: 5e-5, weight_decay: 0}
rules:
  - name: lora-b                      # begins at zero
    match: '\.lora_B\.'
    lr_mult: 16
  - name: rest                        # lora_A, and whatever else is trained
    fallback: true
    lr_mult: 1
"""
MUON = r"""# Muon for the matrices of the body, AdamW for everything else. To fine-tune, use lower rates than these.
lrspec: 1
optimizers:
  adamw: {type: AdamW, lr: 3e-4, weight_decay: 0.01, betas: [0.9, 0.95]}
  muon: {type: Muon, lr: 0.02, weight_decay: 0.01}
rules:
  - name: embeddings-and-head         # `adamw` trains these, though they are matrices
    where: {declared: [embedding, head]}
    optimizer: adamw
  - name: matrices                    # all other matrices
    where: {ndim: 2}
    fallback: true
    optimizer: muon
  - name: all                         # each at the rate of its optimizer
    fallback: true
    lr_mult: 1
  - name: no-decay                    # norms and biases
    where: {ndim: [0, 1]}
    weight_decay: 0
"""


@pytest.mark.parametrize(
    ("recipe", "name", "expected"),
    [
        ("layer-decay", "resnet18", RESNET_LAYER_DECAY),
        ("layer-decay", "vit", VIT_LAYER_DECAY),
        ("layer-decay", "BERT", BERT_LAYER_DECAY),
        ("head-body", "resnet18", HEAD_BODY),
        ("linear-probe", "vit", LINEAR_PROBE),
        ("lora-plus", "LoRA", LORA_PLUS),
        ("muon-adamw", "BERT", MUON),
    ],
)
def test_a_recipe_writes_this(recipe: str, name: str, expected: str) -> None:
    assert text(recipe, name) == expected


def entries(draft: Draft) -> list[str]:
    """The lines of the ladder, as they stand in the file."""
    return re.findall(r"^(?:      - |    layers: )(.*)$", draft.file.text, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18", [r"'^(?:conv1|bn1)\.'", r"'^layer(\d+)\.'", r"'^fc\.'"]),
        ("swin", [r"'^(\w+)\.'"]),
        ("poolformer", [r"'^(\w+)\.'"]),
        ("vit", [r"['^(?:cls_token|pos_embed)$', '^patch_embed\.']", r"'^blocks\.'", r"'^norm\.'", r"'^head\.'"]),
        ("BERT", [r"'^bert\.embeddings\.'", r"'^bert\.encoder\.'", r"'^bert\.pooler\.'", r"'^classifier\.'"]),
        ("GPT-2", [r"'^transformer\.(\w+)\.'"]),
    ],
)
def test_blocks_has_a_layer_per_module(name: str, expected: list[str]) -> None:
    assert entries(compose("blocks", subject(name), Choices(), None)) == expected


@pytest.mark.parametrize(
    ("name", "comment"),
    [("resnet18", "in the order of the model"), ("vit", "all blocks are one layer: layer-decay has one for each")],
)
def test_blocks_says_what_is_on_one_layer(name: str, comment: str) -> None:
    assert compose("blocks", subject(name), Choices(), None).rules[0].comment == comment


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["table.weight", "norm_pre.weight", "layer.a.weight"], [["table", "norm_pre"], ["layer"]]),
        (["token", "one.weight", "scale", "two.weight", "last"], [["token", "one"], ["scale", "two", "last"]]),
        (
            ["body.own", *(f"body.a.w{n}" for n in range(20)), "body.b.w", "fc.w"],
            [["body.own", "body.a"], ["body.b"], ["fc"]],
        ),
        ([f"{number}.weight" for number in (0, 2, 10)], [["0"], ["2"], ["10"]]),
        (["a.weight", "b-c.weight"], [["a"], ["b-c"]]),
        (["own", "only.a", "only.b"], None),
    ],
)
def test_a_parameter_beside_modules_goes_with_the_next_of_them(
    names: list[str], expected: list[list[str]] | None
) -> None:
    if expected is None:
        with pytest.raises(RefusedError, match="the model has only one top-level module: use layer-decay"):
            compose("blocks", own(*names), Choices(), None)
        return
    plan = lrspec.compile(compose("blocks", own(*names), Choices(layer_decay=0.5), None).file, own(*names).inventory)
    for layer, members in enumerate(reversed(expected)):
        found = [each.name for each in plan.parameters if each.settings.lr == 1e-3 * 0.5**layer]
        assert found == [name for name in names if any(f"{name}.".startswith(f"{each}.") for each in members)]


REFUSED = {
    ("head-body", "GPT-2"): "the model's head is its embedding (transformer.wte.weight)",
    ("linear-probe", "GPT-2"): "the model's head is its embedding (transformer.wte.weight)",
    ("head-body", "T5"): "the model's head is its embedding (shared.weight)",
    ("linear-probe", "T5"): "the model's head is its embedding (shared.weight)",
    ("head-body", "CLIP"): "the model has no head",
    ("linear-probe", "CLIP"): "the model has no head",
    ("blocks", "CLIP"): "the model has several towers, text and vision: use layer-decay",
    ("blocks", "LLaVA"): "the model has several towers, vision and language: use layer-decay",
    ("blocks", "T5"): "the model has several towers, encoder and decoder: use layer-decay",
    ("muon-adamw", "resnet18"): "the model has no matrix for Muon",
    ("muon-adamw", "poolformer"): "the model has no matrix for Muon",
    **{("lora-plus", name): "no parameter is called lora_B" for name in MODELS if name != "LoRA"},
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_clean_or_refused_with_what_would_do(recipe: str, name: str) -> None:
    if (recipe, name) in REFUSED:
        with pytest.raises(RefusedError) as failure:
            text(recipe, name)
        assert REFUSED[recipe, name] in str(failure.value)
        assert any(other in str(failure.value) for other in RECIPES)
    else:
        draft = compose(recipe, subject(name), Choices(), None)
        assert lrspec.check(draft.file, subject(name).inventory) == []


def test_numbers_replace_those_of_a_recipe() -> None:
    found = text("layer-decay", "resnet18", lr=2e-4, weight_decay=0.1, layer_decay=0.6, head_mult=10)
    assert "optimizer: {type: AdamW, lr: 2e-4, weight_decay: 0.1}" in found
    assert "layer_decay: 0.6" in found
    assert "where: {declared: head}\n    lr_scale: 10" in found
    assert "lr_mult: 0.333\n" in text("head-body", "resnet18", head_mult=3)


def test_without_weight_decay_nothing_is_exempt_from_it() -> None:
    assert "no-decay" not in text("layer-decay", "vit", weight_decay=0)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ("SGD", "{type: SGD, lr: 0.01, momentum: 0.9, weight_decay: 0.05}"),
        ("torch.optim.SGD", "{type: SGD, lr: 0.01, momentum: 0.9, weight_decay: 0.05}"),
        ("timm:lamb", "{type: timm:lamb, lr: 1e-3, weight_decay: 0.05}"),
        ("Rprop", "{type: Rprop, lr: 0.01}"),
        ("ASGD", "{type: ASGD, lr: 0.01, weight_decay: 0.05}"),
        ("RMSprop", "{type: RMSprop, lr: 1e-3, weight_decay: 0.05}"),
        ("torch.optim.Adafactor", "{type: Adafactor, lr: 0.01, weight_decay: 0.05}"),
    ],
)
def test_another_optimizer_gets_what_it_takes(optimizer: str, expected: str) -> None:
    assert f"optimizer: {expected}\n" in text("layer-decay", "resnet18", optimizer=optimizer)


@pytest.mark.parametrize("type_", ["Adadelta", "Adafactor", "Adagrad", "Muon", "Rprop"])
def test_an_optimizer_whose_rate_means_something_else_has_its_own(type_: str) -> None:
    own_rate = inspect.signature(getattr(torch.optim, type_)).parameters["lr"].default
    matrices = own("embed.weight", "fc.weight")
    draft = compose("no-decay", matrices, Choices(optimizer=type_), None)
    assert lrspec.compile(draft.file, matrices.inventory).parameters[0].settings.lr == own_rate
    given = compose("no-decay", matrices, Choices(optimizer=type_, lr=0.5), None)
    assert lrspec.compile(given.file, matrices.inventory).parameters[0].settings.lr == 0.5


@pytest.mark.parametrize(
    ("type_", "message"),
    [("SparseAdam", "SparseAdam takes sparse gradients only"), ("torch.optim.SparseAdam", "use AdamW or Adam")],
)
@pytest.mark.parametrize("recipe", ["no-decay", "layer-decay"])
def test_an_optimizer_of_sparse_gradients_is_refused(recipe: str, type_: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        text(recipe, "resnet18", optimizer=type_)


def test_an_optimizer_that_cannot_train_the_model_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"Muon of torch\.optim trains only parameters of two dimensions"):
        text("layer-decay", "resnet18", optimizer="Muon")


def test_towers_have_a_ladder_each_and_what_is_in_none_the_full_rate() -> None:
    found = text("layer-decay", "CLIP")
    assert "- name: depth-text " in found
    assert "- name: depth-vision " in found
    assert (
        "- name: rest                        # in no tower: logit_scale\n    fallback: true\n    lr_mult: 1\n" in found
    )


LAST = "from the input to the last block"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (TRANSFORMERS["Llama"], ["from the input to the head"]),
        (TRANSFORMERS["GPT-2"], [f"{LAST}; `wte` is also the output head"]),
        (TRANSFORMERS["T5"], [f"{LAST}; `shared` is also the output head", "from the first block to the last"]),
        (TRANSFORMERS["Whisper"], [LAST, f"{LAST}; `embed_tokens` is also the output head"]),
        (TRANSFORMERS["LLaVA"], ["from the input to multi_modal_projector", "from the input to the head"]),
        (TRANSFORMERS["Qwen2-VL"], ["from the input to merger", "from the input to the head"]),
        (of_timm("vit_tiny_patch16_224", num_classes=0), [LAST]),
        (of_timm("convnext_atto", num_classes=0), ["from the input to the final norm"]),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), ["from the input to the output"]),
    ],
)
def test_a_ladder_says_where_it_begins_and_ends(make: Callable[[], nn.Module], expected: list[str]) -> None:
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        draft = compose("layer-decay", of_model(make()), Choices(), None)
    assert [rule.comment for rule in draft.rules if rule.selector.layers] == expected


def test_single_operations_that_are_layers_are_said() -> None:
    draft = compose("layer-decay", of_model(timm.create_model("csatv2")), Choices(), None)
    assert draft.rules[0].comment.endswith("; single operations such as stages.0.2 count as blocks")


def test_what_is_exempt_from_decay_is_said_by_its_kinds() -> None:
    with torch.device("meta"):
        found = {
            name: of_model(make()) for name, make in {**TRANSFORMERS, "convnext": of_timm("convnext_atto")}.items()
        }
    said = {name: compose("no-decay", found[name], Choices(), None).rules[1].comment for name in ("Llama", "convnext")}
    assert said == {"Llama": "norms", "convnext": "norms, biases and scales"}


def test_a_probe_of_a_language_model_has_no_rate_for_images() -> None:
    assert "optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0}\n" in text("linear-probe", "BERT")


def test_all_matrices_are_the_others_only_beside_tables() -> None:
    assert (
        "- name: matrices                    # all matrices\n"
        in compose("muon-adamw", own("a.weight", "a.bias", a_bias=(4,)), Choices(), None).file.text
    )


def test_a_frozen_tower_needs_no_rule() -> None:
    model = TRANSFORMERS["LLaVA"]()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("vision_tower" not in name and "projector" not in name)
    llava = of_model(model)
    draft = compose("layer-decay", llava, Choices(), None)
    assert [rule.name for rule in draft.rules] == ["depth-language", "no-decay"]
    assert lrspec.check(draft.file, llava.inventory) == []


def test_a_partly_frozen_model_keeps_its_layers() -> None:
    model = timm.create_model("resnet18")
    model.conv1.requires_grad_(False)
    model.layer1.requires_grad_(False)
    resnet = of_model(model)
    draft = compose("layer-decay", resnet, Choices(), None)
    assert draft.file.text.removeprefix(SCHEMA) == RESNET_LAYER_DECAY
    assert lrspec.check(draft.file, resnet.inventory) == []


def test_a_frozen_head_is_trained_by_a_probe() -> None:
    model = timm.create_model("resnet18").requires_grad_(False)
    draft = compose("linear-probe", of_model(model), Choices(), None)
    assert "    freeze: false\n    lr_mult: 1\n" in draft.file.text
    plan = lrspec.compile(draft.file, model)
    assert [parameter.name for parameter in plan.parameters if parameter.status.trains] == ["fc.weight", "fc.bias"]


def own(*names: str, **shapes: tuple[int, ...]) -> Subject:
    parameters = [lrspec.Parameter(name, shape=shapes.get(name.replace(".", "_"), (4, 4))) for name in names]
    inventory = Inventory(parameters)
    return Subject(inventory, structural_depth(inventory))


def test_the_head_of_a_model_that_declares_none_is_its_last_module() -> None:
    names = ["embed.weight", *(f"blocks.{n}.{w}.weight" for n in range(2) for w in "ab"), "norm.weight", "out.weight"]
    draft = compose("linear-probe", own(*names), Choices(), None)
    assert "# the last module: the model does not say which is its head\n    match: '^out\\.'" in draft.file.text
    with pytest.raises(RefusedError, match="the model has no head: it declares none, and none comes after its body"):
        compose("linear-probe", own(*names[:-2]), Choices(), None)


@pytest.mark.parametrize("recipe", ["head-body", "linear-probe"])
def test_a_pooler_is_no_head(recipe: str) -> None:
    bert = of_model(built("BertModel", "BertConfig", **TEXT))
    with pytest.raises(RefusedError, match="the model has no head: it declares none"):
        compose(recipe, bert, Choices(), None)
    assert "# from the input to pooler\n" in compose("layer-decay", bert, Choices(), None).file.text


def test_a_model_of_one_parameter_has_no_layers_to_speak_of() -> None:
    with pytest.raises(RefusedError, match="the model has only one layer: use no-decay"):
        compose("layer-decay", own("weight"), Choices(), None)
    assert "lr_mult: 1" in compose("no-decay", own("weight"), Choices(), None).file.text


@pytest.mark.parametrize("recipe", [name for name in RECIPES if name != "lora-plus"])
def test_a_model_without_anything_to_train_is_refused(recipe: str) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)).requires_grad_(False)
    if recipe == "linear-probe":
        assert "freeze: false" in compose(recipe, of_model(model), Choices(), None).file.text
    else:
        with pytest.raises(RefusedError, match="the model has frozen all of its parameters"):
            compose(recipe, of_model(model), Choices(), None)


def test_names_alone_are_exempt_by_name() -> None:
    inventory = Inventory.from_names(["conv.weight", "norm.weight", "norm.bias", "fc.weight", "fc.bias"])
    draft = compose("no-decay", Subject(inventory, structural_depth(inventory)), Choices(), None)
    exempt = {p.name for p in lrspec.compile(draft.file, inventory).parameters if p.settings.weight_decay == 0}
    assert exempt == {"norm.weight", "norm.bias", "fc.bias"}
    assert "norms and biases, by name: the inventory has no shapes" in draft.file.text


@pytest.mark.slow
def test_a_hundred_thousand_parameters_are_drafted() -> None:
    experts = [f"layers.{n}.mlp.experts.{e}.{w}.weight" for n in range(20) for e in range(1250) for w in "abcd"]
    attention = [f"layers.{n}.attn.{w}.weight" for n in range(20) for w in ("q", "k", "v", "out", "gate")]
    moe = own("embed.weight", *experts, *attention, "head.weight")
    assert compose("layer-decay", moe, Choices(), None).file.text.count("'^") == 3


@pytest.mark.parametrize(("recipe", "module"), [("layer-decay", layer_decay), ("blocks", blocks)])
def test_a_ladder_of_other_layers_is_an_error(recipe: str, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ladder", lambda *_: (Entry((r"^(?:b-c|fc)\.",)), Entry((r"^embed\.",))))
    with pytest.raises(DraftError, match=r"embed\.weight: the draft gives layer 1, wanted 0"):
        compose(recipe, own("embed.weight", "b-c.weight", "fc.weight"), Choices(), None)


def test_a_draft_with_errors_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "spec_text", lambda *_: "lrspec: 1\nrules: [{name: all, match: x, lr: 1}]\n")
    with pytest.raises(DraftError, match="the draft does not compile: "):
        text("head-body", "resnet18")


def test_every_rule_says_what_it_is_for() -> None:
    for recipe in RECIPES:
        for name in MODELS:
            if (recipe, name) not in REFUSED:
                rules: tuple[DraftRule, ...] = compose(recipe, subject(name), Choices(), None).rules
                assert all(rule.comment for rule in rules), (recipe, name)


def test_an_inventory_without_parameters_is_refused() -> None:
    with pytest.raises(RefusedError, match="the inventory has no parameters"):
        compose("layer-decay", own(), Choices(), None)
