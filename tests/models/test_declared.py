"""What models declare of their parameters: on real models, and on models of one's own that answer oddly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
import transformers
from torch import nn

from lrspec import Inventory

TINY = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 11}


def declared(model: nn.Module, what: str) -> list[str]:
    """The names of the parameters that a model declares as `what`."""
    return [p.name for p in Inventory.from_model(model).parameters if what in (p.declared or ())]


def zoo(name: str, **arguments: Any) -> nn.Module:
    with torch.device("meta"):
        model: nn.Module = timm.create_model(name, **arguments)
    return model


def bert(kind: str) -> nn.Module:
    model: nn.Module = getattr(transformers, kind)(transformers.BertConfig(**TINY))
    return model


class Answers(nn.Module):
    """A module that answers as it is told."""

    def __init__(self, answer: Callable[[], Any], **children: nn.Module) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.answer = answer
        for name, child in children.items():
            self.add_module(name, child)

    def no_weight_decay(self) -> Any:
        return self.answer()


class Named(nn.Module):
    """A module that speaks of two parameters inside it by names relative to itself."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.scale = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
        self.blocks = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])

    def no_weight_decay(self) -> set[str]:
        return {"token", "blocks.*.bias"}


def fail() -> Any:
    raise RuntimeError("not now")


# ------------------------------------------------------------------------------------------------------- embeddings


class Rows(nn.Embedding):
    """An embedding of one's own."""


class Embedding(nn.Module):
    """What is called an embedding only."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 2))


def test_embeddings_are_those_of_torch_and_what_is_derived_from_them() -> None:
    parts = {
        "a": nn.Embedding(2, 2),
        "b": nn.EmbeddingBag(2, 2),
        "c": Rows(2, 2),
        "d": Embedding(),
        "e": nn.Linear(2, 2),
    }
    assert declared(nn.ModuleDict(parts), "embedding") == ["a.weight", "b.weight", "c.weight"]


def test_a_tied_parameter_has_what_is_declared_under_any_of_its_names() -> None:
    model = nn.ModuleDict({"head": nn.Linear(3, 5, bias=False), "embed": nn.Embedding(5, 3)})
    model["embed"].weight = model["head"].weight
    (parameter,) = Inventory.from_model(model).parameters
    assert (parameter.names, parameter.declared) == (("head.weight", "embed.weight"), ("embedding",))


# ------------------------------------------------------------------------------------------------------------ heads


def test_the_head_of_transformers_is_what_gives_the_output_and_all_outside_the_base_model() -> None:
    assert declared(bert("BertForSequenceClassification"), "head") == ["classifier.weight", "classifier.bias"]
    assert declared(bert("BertModel"), "head") == []
    masked = Inventory.from_model(bert("BertForMaskedLM")).parameters
    assert [p.name for p in masked if p.declared == ("embedding", "head")] == ["bert.embeddings.word_embeddings.weight"]
    assert [p.name.rpartition(".")[0] for p in masked if p.declared == ("head",)][
        -1
    ] == "cls.predictions.transform.LayerNorm"


def test_the_head_of_timm_is_its_classifier_and_what_its_configuration_names() -> None:
    assert declared(zoo("resnet18"), "head") == ["fc.weight", "fc.bias"]
    assert declared(zoo("convnext_atto"), "head") == ["head.fc.weight", "head.fc.bias"]
    two = ["head.weight", "head.bias", "head_dist.weight", "head_dist.bias"]
    assert declared(zoo("deit_tiny_distilled_patch16_224"), "head") == two
    assert declared(zoo("vit_tiny_patch16_224", num_classes=0), "head") == []


@pytest.mark.parametrize("classifier", ["blocks.11", ["head", "blocks.11"], ("blocks.11", "missing"), None, 3])
def test_the_configuration_of_a_timm_model_may_name_further_modules(classifier: Any) -> None:
    model = zoo("vit_tiny_patch16_224")
    vars(model)["pretrained_cfg"] = {"classifier": classifier}
    heads = {name.rpartition(".")[0] for name in declared(model, "head")}
    assert ("blocks.11.norm1" in heads) == (classifier not in (None, 3))
    assert "head" in heads


def test_the_head_of_torchvision_is_a_child_of_one_of_four_names() -> None:
    assert declared(torchvision.models.resnet18(), "head") == ["fc.weight", "fc.bias"]
    assert declared(torchvision.models.vit_b_16(), "head") == ["heads.head.weight", "heads.head.bias"]
    assert declared(torchvision.models.mobilenet_v3_small(), "head")[0] == "classifier.0.weight"
    assert declared(torchvision.models.swin_t(), "head") == ["head.weight", "head.bias"]


def test_models_inside_a_model_of_ones_own_speak_for_themselves() -> None:
    model = nn.ModuleDict({"tower": zoo("resnet18"), "text": bert("BertForSequenceClassification")})
    assert declared(model, "head") == [
        *("tower.fc.weight", "tower.fc.bias"),
        *("text.classifier.weight", "text.classifier.bias"),
    ]


def test_inside_a_model_of_a_library_nothing_but_that_model_is_asked() -> None:
    outer = bert("BertForSequenceClassification")
    outer.add_module("tower", zoo("vit_tiny_patch16_224"))
    assert "tower.blocks.0.norm1.weight" in declared(outer, "head"), "all that is not in the base model"
    assert declared(outer, "no_weight_decay") == []
    inner = bert("BertForSequenceClassification")
    inner.get_submodule("bert").add_module("tower", zoo("vit_tiny_patch16_224"))
    assert declared(inner, "head") == ["classifier.weight", "classifier.bias"]
    plain = zoo("resnet18")
    plain.layer1 = Named()
    assert declared(plain, "no_weight_decay") == [], "resnet has no such method, whatever its blocks have"


def test_a_class_of_ones_own_that_is_called_like_a_library_s_is_not_asked() -> None:
    class PreTrainedModel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base_model, self.fc = nn.Linear(2, 2), nn.Linear(2, 2)

        def get_output_embeddings(self) -> nn.Module:
            return self.fc

        get_classifier = get_output_embeddings

    assert declared(PreTrainedModel(), "head") == []


MADE = nn.Linear(2, 2)


class OwnResNet(timm.models.resnet.ResNet):
    """A model of one's own with a base of timm's, which answers as it is told."""

    answer: Callable[[], Any]

    def get_classifier(self, *_: Any) -> Any:
        return self.answer()


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (lambda: {"one": nn.Linear(1, 1), "two": MADE}, ["made.weight", "made.bias"]),
        (lambda: [MADE, None, 3], ["made.weight", "made.bias"]),
        (lambda: (MADE,), ["made.weight", "made.bias"]),
        (lambda: MADE.weight, []),
        (lambda: "made", []),
        (lambda: None, []),
        (fail, []),
    ],
)
def test_an_answer_of_another_type_declares_no_head(answer: Callable[[], Any], found: list[str]) -> None:
    with torch.device("meta"):
        model = OwnResNet(timm.models.resnet.Bottleneck, (1, 1, 1, 1))  # type: ignore[arg-type]
    model.made, model.answer = MADE, answer
    assert declared(model, "head") == found


# -------------------------------------------------------------------------------------------------- no weight decay


def test_what_models_of_timm_exempt_from_weight_decay_is_known() -> None:
    model = zoo("vit_tiny_patch16_224")
    assert declared(model, "no_weight_decay") == ["cls_token", "pos_embed"]
    assert len(declared(zoo("swin_tiny_patch4_window7_224"), "no_weight_decay")) == 12


def test_names_are_patterns_relative_to_the_module_that_has_the_method() -> None:
    expected = ["inner.token", "inner.blocks.0.bias", "inner.blocks.1.bias"]
    assert declared(nn.ModuleDict({"inner": Named(), "blocks": nn.Linear(2, 2)}), "no_weight_decay") == expected


def test_only_the_outermost_method_is_asked() -> None:
    model = Answers(lambda: ["weight"], inner=Named())
    assert declared(model, "no_weight_decay") == ["weight"]
    model = Answers(lambda: ["weight"], tower=zoo("resnet18"), vit=zoo("vit_tiny_patch16_224"))
    assert declared(model, "no_weight_decay") == ["weight"]
    assert declared(model, "head") == ["tower.fc.weight", "tower.fc.bias", "vit.head.weight", "vit.head.bias"]


@pytest.mark.parametrize("answer", [lambda: {"weight"}, lambda: ["w*"], lambda: ("weigh[t]", "x"), lambda: {"?eight"}])
def test_the_answer_is_a_set_a_list_or_a_tuple_of_texts(answer: Callable[[], Any]) -> None:
    assert declared(Answers(answer), "no_weight_decay") == ["weight"]


@pytest.mark.parametrize(
    "answer", [lambda: "weight", lambda: {"weight": 1}, lambda: ["weight", 1], lambda: None, fail, lambda: {"Weight"}]
)
def test_another_answer_declares_nothing(answer: Callable[[], Any]) -> None:
    assert declared(Answers(answer), "no_weight_decay") == []


def test_a_parameter_may_say_so_itself() -> None:
    model = nn.Linear(2, 2)
    for parameter, value in ((model.weight, True), (model.bias, 1)):
        vars(parameter)["_no_weight_decay"] = value
    assert declared(model, "no_weight_decay") == ["weight"]


# -------------------------------------------------------------------------------------------------------- wrappers


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile, nn.Sequential])
def test_wrappers_do_not_change_what_is_declared(wrap: Callable[[nn.Module], nn.Module]) -> None:
    model = Named()
    model.blocks[0] = nn.DataParallel(model.blocks[0])
    plain = [name.removeprefix("0.") for name in declared(wrap(model), "no_weight_decay")]
    assert plain == ["token", "blocks.0.bias", "blocks.1.bias"]


def test_a_module_in_two_places_is_asked_in_both() -> None:
    part = Named()
    assert len(declared(nn.ModuleList([part, part, Named()]), "no_weight_decay")) == 6


def test_names_alone_do_not_say_what_is_declared() -> None:
    assert [p.declared for p in Inventory.from_names(["a", "b"]).parameters] == [None, None]
