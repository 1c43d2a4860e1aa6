"""Names of models to inventories: every kind of source, what it refuses, and that nothing is read or downloaded."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
import transformers
from torch import nn

from lrspec.cli import run
from lrspec.models.by_name import inventory_of
from lrspec.models.inventory import Inventory
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.paths import hf_config_path

BERT = {
    "model_type": "bert",
    "architectures": ["BertForMaskedLM"],
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 50,
}
GPT2 = {
    "model_type": "gpt2",
    "architectures": ["GPT2LMHeadModel"],
    "n_embd": 8,
    "n_layer": 2,
    "n_head": 2,
    "vocab_size": 50,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
T5 = {
    "model_type": "t5",
    "architectures": ["T5ForConditionalGeneration"],
    "d_model": 8,
    "d_kv": 4,
    "d_ff": 8,
    "num_layers": 2,
    "num_heads": 2,
    "vocab_size": 50,
}
LLAMA = {**BERT, "model_type": "llama", "architectures": ["LlamaForCausalLM"]}
CLIP: dict[str, Any] = {
    "model_type": "clip",
    "architectures": ["CLIPModel"],
    "text_config": {**BERT, "model_type": "clip_text_model", "architectures": None},
    "vision_config": {"model_type": "clip_vision_model", "hidden_size": 12, "num_hidden_layers": 1},
}
REMOTE = {"model_type": "chatglm", "architectures": ["ChatGLMModel"], "auto_map": {"AutoModel": "modeling.ChatGLM"}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, content: Any) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content if isinstance(content, str) else json.dumps(content))


def hf(content: Any, **args: Any) -> Inventory:
    write("model/config.json", content)
    return inventory_of("hf:model", args, Path())


def refused(source: str, args: dict[str, Any] | None = None, **how: bool) -> str:
    with pytest.raises(ModelError) as refusal:
        inventory_of(source, args or {}, Path(), **how)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def hf_refused(content: Any, **args: Any) -> str:
    write("model/config.json", content)
    return refused("hf:model", args)


def told(inventory: Inventory) -> list[tuple[Any, ...]]:
    return [(each.name, each.aliases, each.shape, each.module) for each in inventory.parameters]


def ties(inventory: Inventory) -> list[tuple[str, ...]]:
    return [each.names for each in inventory.parameters if each.aliases]


# ------------------------------------------------------------------------------------------- timm and torchvision


@pytest.mark.parametrize(
    ("source", "args", "model"),
    [
        ("resnet18", {"num_classes": 2}, lambda: timm.create_model("resnet18", num_classes=2)),
        ("timm:test_vit", {}, lambda: timm.create_model("test_vit")),
        ("timm:test_vit", {"features_only": True}, lambda: timm.create_model("test_vit", features_only=True)),
        ("torchvision:resnet18", {"num_classes": 2}, lambda: torchvision.models.resnet18(num_classes=2)),
        (
            "torchvision:regnet_y_400mf",  # which computes its widths with tensors
            {},
            lambda: torchvision.models.regnet_y_400mf(),
        ),
    ],
)
def test_an_inventory_is_that_of_the_real_model(source: str, args: dict[str, Any], model: Any) -> None:
    assert told(inventory_of(source, args, Path())) == told(Inventory.from_model(model()))


def test_a_detector_is_built_without_the_weights_of_its_backbone() -> None:
    built = inventory_of("torchvision:fasterrcnn_resnet50_fpn", {"num_classes": 3}, Path())
    assert built.parameters[-1].shape == (12,)


def test_a_tag_of_weights_decides_the_settings() -> None:
    plain, tagged = (inventory_of(f"resnet18{tag}", {}, Path()) for tag in ("", ".a1_in1k"))
    assert told(plain) == told(tagged)
    wide = inventory_of("timm:vit_tiny_patch16_224.augreg_in21k", {}, Path())
    assert wide.parameters[-1].shape == (21843,)
    assert wide.source == "timm:vit_tiny_patch16_224.augreg_in21k"


@pytest.mark.parametrize(
    ("source", "args", "words"),
    [
        ("resnet81", {}, "unknown timm model 'resnet81': did you mean `resnet18`"),
        ("resnet18.a1_in2k", {}, "unknown timm model 'resnet18.a1_in2k': did you mean `resnet18.a1_in1k`"),
        ("torchvision:resnet81", {}, "unknown torchvision model 'resnet81': did you mean `resnet18`"),
        ("timm:hf-hub:timm/resnet18.a1_in1k", {}, "would load from outside"),
        ("timm:local-dir:x", {}, "would load from outside"),
        ("resnet18", {"num_clases": 2}, "resnet18 takes no argument 'num_clases': did you mean `num_classes`?"),
        ("torchvision:resnet18", {"num_clases": 2}, "takes no argument 'num_clases': did you mean `num_classes`?"),
        ("torchvision:vit_b_16", {"droput": 0.1}, "takes no argument 'droput': did you mean `dropout`?"),
        ("resnet18", {"num_classes": "two"}, "instances of 'str' and 'int' (with num_classes='two')"),
        ("torchvison:resnet50", {}, ": did you mean `torchvision:resnet50`?"),
        ("TIMM:resnet18", {}, ": did you mean `timm:resnet18`?"),
        ("hf-hub:timm/resnet18.a1_in1k", {}, "would load from outside"),
        ("resnet18", {"pretrained": True}, "pretrained=True: weights are never loaded; remove it"),
        ("resnet18", {"checkpoint_path": "x.pth"}, "checkpoint_path=x.pth: weights are never loaded"),
        ("torchvision:resnet18", {"weights": "DEFAULT"}, "weights=DEFAULT: weights are never loaded"),
        ("torchvision:fasterrcnn_resnet50_fpn", {"weights_backbone": "DEFAULT"}, "weights are never loaded"),
        ("torchvision:fasterrcnn_resnet50_fpn", {"pretrained_backbone": True}, "weights are never loaded"),
        ("torch:x", {}, "torch:x: expected a timm model"),
        ("params:x", {"a": 1}, "a saved inventory takes no arguments, found a"),
    ],
)
def test_what_cannot_be_built_says_why(source: str, args: dict[str, Any], words: str) -> None:
    assert words in refused(source, args)


@pytest.mark.parametrize(
    ("source", "library", "packages"),
    [
        ("resnet18", "timm", "'lrspec[timm]'"),
        ("torchvision:a", "torchvision", "'lrspec[torchvision]'"),
        ("hf:m", "transformers", "'lrspec[transformers]'"),
        ("py:json:loads", "torch", "torch"),
    ],
)
def test_a_library_that_is_missing_is_said_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, source: str, library: str, packages: str
) -> None:
    write("m/config.json", BERT)
    monkeypatch.setitem(sys.modules, library, None)
    assert f": pip install {packages}, or give a saved inventory" in refused(source, run_code=True)


# -------------------------------------------------------------------------------------------------- transformers


@pytest.mark.parametrize("content", [BERT, GPT2, T5, LLAMA, {**LLAMA, "tie_word_embeddings": True}, CLIP])
def test_a_config_gives_the_model_that_transformers_builds(content: dict[str, Any]) -> None:
    kind = transformers.CONFIG_MAPPING[content["model_type"]]
    real = getattr(transformers, content["architectures"][0])(kind.from_dict(dict(content)))
    assert told(hf(content)) == told(Inventory.from_model(real))


def test_weights_that_transformers_ties_are_tied() -> None:
    assert ties(hf(GPT2)) == [("transformer.wte.weight", "lm_head.weight")]
    assert ("bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight") in ties(hf(BERT))
    assert ties(hf(T5))[0][0] == "shared.weight"
    assert ties(hf(LLAMA)) == []
    assert ties(hf(LLAMA, tie_word_embeddings=True)) == [("model.embed_tokens.weight", "lm_head.weight")]


def test_a_config_is_named_by_its_folder_or_by_itself() -> None:
    write("models/mine.json", GPT2)
    by_file = inventory_of("hf:mine.json", {}, Path("models"))
    assert by_file.source == "hf:mine.json"
    assert told(by_file) == told(hf(GPT2))
    assert hf_config_path("model", Path()) == Path("model/config.json")
    assert hf_config_path("mine.json", Path("models")) == Path("models/mine.json")


def test_arguments_are_the_class_settings_of_the_config_and_further_ones_of_the_class() -> None:
    built = hf({**BERT, "id2label": {"0": "a", "1": "b"}}, **{"class": "BertForSequenceClassification"}, num_labels=3)
    assert (built.parameters[-1].name, built.parameters[-1].shape) == ("classifier.bias", (3,))
    assert built.args == {"class": "BertForSequenceClassification", "num_labels": 3}
    pooled, plain = (hf(BERT, **{"class": "BertModel"}, **further) for further in ({}, {"add_pooling_layer": False}))
    assert {each.name for each in pooled.parameters} - {each.name for each in plain.parameters} == {
        "pooler.dense.weight",
        "pooler.dense.bias",
    }
    assert len(hf(BERT, num_hidden_layers=1).parameters) < len(hf(BERT).parameters)
    narrow = hf(CLIP, text_config={"intermediate_size": 4})
    assert narrow.parameters[narrow.index["text_model.encoder.layers.0.mlp.fc1.weight"]].shape == (4, 8)


def test_a_class_for_a_part_of_the_model_takes_that_part_of_the_config() -> None:
    built = hf(CLIP, **{"class": "CLIPTextModel"})
    kind = transformers.CLIPTextConfig.from_dict({**CLIP["text_config"]})
    assert told(built) == told(Inventory.from_model(transformers.CLIPTextModel(kind)))


def test_code_of_a_model_s_own_is_ignored_where_the_class_is_transformers_own() -> None:
    write("model/modeling.py", "raise SystemExit('was run')")
    assert told(hf({**BERT, "auto_map": {"AutoModel": "modeling.Evil"}})) == told(hf(BERT))


SAVED = {
    "_name_or_path": "org/name",
    "_attn_implementation_autoset": True,
    "transformers_version": "4.44.0",
    "torch_dtype": "float32",
    "id2label": {"0": "weights", "1": "revision"},
    "label2id": {"weights": 0, "revision": 1},
    "task_specific_params": {"summarization": {"early_stopping": True, "prefix": "summarize: "}},
}
"""What earlier versions have saved with their configurations."""
DETR = {
    "model_type": "detr",
    "architectures": ["DetrModel"],
    "d_model": 8,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_ffn_dim": 8,
    "decoder_ffn_dim": 8,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "num_queries": 3,
}
OF_TIMM = {"model_type": "timm_backbone", "backbone": "test_resnet", "out_indices": [1, 2, 3, 4]}
DEBERTA = {
    **BERT,
    "model_type": "deberta-v2",
    "architectures": ["DebertaV2Model"],
    "norm_rel_ebd": "layer_norm",
    "conv_kernel_size": 3,
    "conv_act": "gelu",
    "relative_attention": True,
    "position_buckets": 4,
}


@pytest.mark.parametrize("content", [BERT, GPT2, T5, LLAMA, CLIP, DEBERTA])
def test_what_is_saved_with_a_configuration_is_no_obstacle(content: dict[str, Any]) -> None:
    assert told(hf({**SAVED, **content})) == told(hf(content))


def test_settings_that_no_class_declares_reach_the_model_that_reads_them() -> None:
    names = {each.name for each in hf(DEBERTA).parameters}
    assert {"encoder.conv.conv.weight", "encoder.LayerNorm.weight"} <= names


def test_a_backbone_of_timm_is_built_where_it_is_described() -> None:
    content = {**DETR, "backbone_config": OF_TIMM}
    kind = transformers.DetrConfig.from_dict(dict(content))
    assert told(hf({**SAVED, **content})) == told(Inventory.from_model(transformers.DetrModel(kind)))


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"backbone": "microsoft/resnet-50"}, "backbone: `microsoft/resnet-50` may be loaded from outside"),
        ({"backbone": "test_resnet", "use_timm_backbone": False}, "backbone: `test_resnet` may be loaded from outside"),
        ({"backbone": "hf-hub:timm/x"}, "backbone: `hf-hub:timm/x` would load from outside"),
        ({"backbone_kwargs": {"in_chans": 3}}, "backbone_kwargs: `backbone_kwargs` may name files or places"),
        ({"backbone": "test_resnet", "use_timm_backbone": True}, "backbone: `backbone` names a model to load"),
        ({"backbone": "test_resnet", "use_pretrained_backbone": True}, "backbone: `backbone` names a model to load"),
        (
            {"backbone_config": {**OF_TIMM, "use_pretrained_backbone": True}},
            "backbone_config.backbone: `backbone` names",
        ),
    ],
)
def test_a_backbone_that_would_be_looked_for_is_refused_at_its_place(named: dict[str, Any], words: str) -> None:
    content = {**DETR, **named}
    architectures = ["DPTModel" if content["model_type"] == "dpt" else "DetrModel"]
    assert f"model/config.json: {words}" in hf_refused({**content, "architectures": architectures})


def test_what_timm_records_of_its_weights_is_not_read() -> None:
    recorded = {"pretrained_cfg": {"tag": "a1", "url": "https://models.example/x.pth", "hf_hub_id": "timm/"}}
    assert told(hf({**TIMM, **recorded})) == told(hf(TIMM))


def test_a_model_that_looks_for_a_compiler_finds_none_and_others_do_later() -> None:
    from transformers.models.rwkv import modeling_rwkv

    finds = modeling_rwkv.is_ninja_available
    content = {"model_type": "rwkv", "architectures": ["RwkvModel"], "hidden_size": 8, "num_hidden_layers": 1}
    assert len(hf({**content, "vocab_size": 20}).parameters) == 23
    assert modeling_rwkv.is_ninja_available is finds


@pytest.mark.parametrize(
    ("content", "args", "words"),
    [
        ("{\n  'a': 1}", {}, "model/config.json:2:3: not JSON: Expecting property name"),
        ("\x80".encode("latin-1").decode("latin-1") + "{", {}, "model/config.json:1:1: not JSON"),
        ("[" * 100_000, {}, "model/config.json: not readable as JSON"),
        ("[]", {}, "model/config.json: expected a JSON object"),
        ({"architectures": ["BertModel"]}, {}, "model/config.json: no `model_type`"),
        ({**BERT, "model_type": "brt"}, {}, "`brt` is not a model_type of transformers 5"),
        ({**BERT, "model_type": "brt"}, {}, ": did you mean `bert`?"),
        ({**BERT, "model_type": ["bert"]}, {}, "no `model_type`"),
        ({**BERT, "architectures": None}, {}, "no `architectures`: name the class with --model-arg class="),
        ({**BERT, "architectures": "BertModel"}, {}, "`architectures`: expected a list of class names"),
        (
            {**BERT, "architectures": ["BertModel", "BertForMaskedLM"]},
            {},
            "several classes: BertModel, BertForMaskedLM: choose one with --model-arg class=BertModel "
            "(in a spec: args: {class: BertModel})",
        ),
        ({**BERT, "architectures": ["BertForMaskdLM"]}, {}, ": did you mean `BertForMaskedLM`"),
        (BERT, {"class": "BertForMaskdLM"}, "`BertForMaskdLM` is not a class of transformers 5"),
        (BERT, {"class": 3}, "the argument `class` must name a class"),
        (BERT, {"class": "BertConfig"}, "BertConfig is not a model class: expected a subclass of PreTrainedModel"),
        (BERT, {"class": "AutoModel"}, "AutoModel is not a model class"),
        (BERT, {"class": "PreTrainedModel"}, "PreTrainedModel is not a model class"),
        (BERT, {"class": "os"}, "`os` is not a class of transformers"),
        (BERT, {"class": "models"}, "models is not a model class"),
        ({**BERT, "architectures": ["GPT2LMHeadModel"]}, {}, "`bert`, but GPT2LMHeadModel is for `gpt2`"),
        (BERT, {"class": "GPT2Model"}, "its model_type is `bert`, but GPT2Model is for `gpt2`"),
        (BERT, {"num_lables": 3}, "BertForMaskedLM takes no argument 'num_lables': did you mean `num_labels`?"),
        (BERT, {"to_dict": 3}, "takes no argument 'to_dict'"),
        (BERT, {"trust_remote_code": True}, "`trust_remote_code` asks for code that comes with a model"),
        (BERT, {"num_hidden_layers": "two"}, "hf:model cannot be built: "),
        (BERT, {"num_hidden_layers": "two"}, "expected int, got str (value: 'two')"),
        (
            CLIP,
            {"text_config": {"hiden_size": 4}},
            "`text_config` takes no setting 'hiden_size': did you mean `hidden_size`?",
        ),
        (REMOTE, {}, "`chatglm` is not a model_type of transformers"),
        (REMOTE, {}, "code that comes with a model (`auto_map`) is never run: save an inventory from Python"),
        ({**REMOTE, "model_type": "bert"}, {}, "`ChatGLMModel` is not a class of transformers"),
        (BERT, {"pretrained": True}, "weights are never loaded"),
    ],
)
def test_a_config_that_gives_no_model_says_why_and_where(content: Any, args: dict[str, Any], words: str) -> None:
    assert words in hf_refused(content, **args)


@pytest.mark.parametrize("name", ["google-bert/bert-base-uncased", "missing", "x.json", "https://localhost/x", "a\0b"])
def test_a_name_that_is_no_path_is_refused_and_not_looked_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert "expected a config.json or its folder; nothing is downloaded" in refused(f"hf:{name}")


def test_a_folder_without_a_config_is_told_from_one_that_is_missing() -> None:
    Path("model").mkdir()
    assert "hf:model: no config.json in this folder" in refused("hf:model")


def test_a_spec_names_configs_below_its_own_folder_only() -> None:
    write("outside/config.json", BERT)
    write("specs/inside/config.json", BERT)
    Path("specs/link").symlink_to("../outside")
    Path("specs/alias").mkdir()
    Path("specs/alias/config.json").symlink_to("../../outside/config.json")
    os.mkfifo("specs/pipe.json")
    assert inventory_of("hf:inside", {}, Path("specs")).parameters
    for name in ("../outside", str(Path("outside").absolute()), "link", "alias", "../outside/config.json"):
        with pytest.raises(ModelError, match="outside the spec's own folder"):
            inventory_of(f"hf:{name}", {}, Path("specs"))
        assert inventory_of(f"hf:{name}", {}, Path("specs"), outside=True).parameters
    with pytest.raises(ModelError, match="not a regular file"):
        inventory_of("hf:pipe.json", {}, Path("specs"))


# ------------------------------------------------------------------------------------- no network, and no weights

TIMM = {
    "model_type": "timm_wrapper",
    "architectures": ["TimmWrapperModel"],
    "architecture": "test_vit",
    "num_classes": 2,
}
LURES: list[dict[str, Any]] = [
    {**TIMM, "architecture": "hf-hub:timm/resnet18.a1_in1k"},
    {**TIMM, "model_args": {"pretrained": True}},
    {**TIMM, "model_args": {"checkpoint_path": "weights.pth"}},
    {**BERT, "model_type": "detr", "architectures": ["DetrModel"], "backbone": "org/name", "use_timm_backbone": False},
    REMOTE,
]
WATCHED = """
import json, sys
from pathlib import Path
import huggingface_hub, timm, torch, torchvision, transformers
from lrspec.models.by_name import inventory_of
from lrspec.models.sources.model_error import ModelError
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("socket.") else None)
said = []
for source in sys.argv[1:]:
    try:
        inventory_of(source, {}, Path(), run_code=True)
        said.append("")
    except ModelError as refusal:
        said.append(str(refusal))
print(json.dumps([seen, said]))
"""


def test_no_socket_is_opened_whatever_a_config_says() -> None:
    for place, content in enumerate([*LURES, BERT, TIMM]):
        write(f"{place}/config.json", content)
    sources = [*(f"hf:{place}" for place in range(len(LURES) + 2)), "hf:org/name", "resnet18", "torchvision:resnet18"]
    ran = subprocess.run([sys.executable, "-c", WATCHED, *sources], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    seen, said = json.loads(ran.stdout)
    assert seen == []
    assert [bool(words) for words in said] == [True] * len(LURES) + [False, False, True, False, False]


def test_what_looks_up_a_host_while_it_is_built_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(**_: Any) -> nn.Module:
        socket.create_connection(("models.example", 443))
        raise AssertionError("connected")

    monkeypatch.setattr(timm, "create_model", lambda *_, **__: build())
    looks_up = socket.getaddrinfo
    assert refused("resnet18") == "resnet18 would reach models.example to be built, and nothing is downloaded"
    assert socket.getaddrinfo is looks_up


def test_code_of_the_hub_for_attention_is_not_asked_for() -> None:
    assert told(hf({**BERT, "attn_implementation": "org/kernel"})) == told(hf(BERT))
    assert told(hf({**BERT, "_attn_implementation": "org/kernel"})) == told(hf(BERT))


# ---------------------------------------------------------------------------------------------------- the building


class Counted(nn.Module):
    """A model that says on which device it was built last."""

    devices: list[str] = []  # noqa: RUF012

    def __init__(self, needs: str = "nothing", wide: int = 2) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(wide, 2), nn.Linear(wide, 2)
        self.second.weight = self.first.weight
        self.devices.append(self.first.weight.device.type)
        if needs == "numbers":
            self.depth = int(torch.linspace(0, 3, 4).sum())
        if needs == "parameters":
            self.scale = float(self.first.weight.sum())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(Counted, "devices", [])
    return Counted.devices


@pytest.mark.parametrize(
    ("needs", "devices"),
    [("nothing", ["meta"]), ("numbers", ["meta", "meta"]), ("parameters", ["meta", "meta", "cpu"])],
)
def test_a_model_is_on_the_meta_device_as_far_as_it_bears_it(
    counted: list[str], needs: str, devices: list[str]
) -> None:
    before = torch.get_rng_state()
    built = inventory_of(f"py:{__name__}:Counted", {"needs": needs}, Path(), run_code=True)
    assert Counted.devices == devices
    assert ties(built) == [("first.weight", "second.weight")]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_model_that_is_too_large_is_not_built_really(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrspec.models.sources.meta_device._MOST_REAL", 1)
    assert "cannot be built: " in refused(f"py:{__name__}:Counted", {"needs": "parameters"}, run_code=True)
    assert Counted.devices == ["meta", "meta"]


def test_arguments_of_code_of_one_s_own_are_suggested() -> None:
    assert refused(f"py:{__name__}:Counted", {"wdie": 3}, run_code=True).endswith(
        "takes no argument 'wdie': did you mean `wide`?"
    )


MODULE = """import torch

model = torch.nn.Linear(2, 2)
def raises(width=2):
    def inner():
        raise ValueError("not so")
    inner()
def make():
    return torch.nn.Linear(2, 2)
def outer(width):
    return torch.nn.Linear(width, {})
"""


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("mine:raises", {}, "cannot be built: ValueError: not so (mine.py:6, in inner)"),
        ("mine:raises", {"width": 3}, "ValueError: not so (mine.py:6, in inner; with width=3)"),
        ("mine:outer", {"width": "two"}, " (mine.py:11, in outer; with width='two')"),
        ("mine:maek", {}, "module 'mine' has no attribute 'maek': did you mean `make`?"),
        ("mine:model", {}, "py:mine:model: already a model (Linear): name a function that returns it"),
        ("./mine:make", {}, "py:./mine:make: no such file: did you mean `py:mine.py:make`?"),
        ("mine.py:maek", {}, "module 'mine' has no attribute 'maek': did you mean `make`?"),
        ("mine.py:raises", {}, "ValueError: not so (mine.py:6, in inner)"),
        ("mine", {}, "py:mine: expected py:package.module:factory, or py:FILE.py:factory"),
        ("mine.py:", {}, "expected py:package.module:factory, or py:FILE.py:factory"),
        ("dir/mine.py:make", {}, "no such file: looked in {here} for dir/mine.py"),
        ("./:make", {}, "py:./:make: not a Python file: expected py:FILE.py:make"),
        (f"{'x' * 300}.py:make", {}, "no such file: looked in {here} for " + "x" * 300 + ".py"),
        ("mien:make", {}, "ModuleNotFoundError: No module named 'mien': did you mean `mine`?"),
        (
            "other:make",
            {},
            "looked for other.py or the package other/ in the current folder ({here}) and on Python's path",
        ),
        ("pakage.net:make", {}, "No module named 'pakage': did you mean `package`?"),
        ("package.nett:make", {}, "No module named 'package.nett': did you mean `net`?"),
        ("a\\mine:make", {}, "no such file: looked in {here} for a\\mine"),
        ("C:\\a\\mine.py:make", {}, "no such file: looked in {here} for C:\\a\\mine.py"),
        ("a.mien:make", {}, "a/mien.py or the package a/mien/ in the current folder ({here}) and on Python's path"),
        ("broken:make", {}, "No module named 'no_such_module' (broken.py:2)"),
        ("broken.py:make", {}, "No module named 'no_such_module' (broken.py:2)"),
    ],
)
def test_what_code_of_ones_own_does_wrong_is_said_with_its_place(name: str, args: dict[str, Any], words: str) -> None:
    write("mine.py", MODULE)
    write("broken.py", "\nimport no_such_module\n")
    write("package/__init__.py", "")
    write("package/net.py", "")
    sys.modules.pop("mine", None)
    assert refused(f"py:{name}", args, run_code=True).endswith(words.replace("{here}", str(Path.cwd())))


def test_a_file_is_run_as_python_runs_it() -> None:
    write("nets/width.py", "WIDTH = 3\n")
    code = "import torch, dataclasses, width\n@dataclasses.dataclass\nclass C:\n    n: 'int' = 1\n"
    write("nets/json.py", f"{code}make = lambda: torch.nn.Linear(width.WIDTH, C().n)\n")
    path = [*sys.path]
    inventory = inventory_of("py:nets/json.py:make", {}, Path(), run_code=True)
    assert [parameter.shape for parameter in inventory.parameters] == [(1, 3), (1,)]
    assert sys.path == path
    assert sys.modules["json"] is json  # a module of that name stays what it is


def test_imports_of_the_factory_find_what_those_of_its_module_find() -> None:
    write("nets/width.py", "WIDTH = 3\n")
    write("here.py", "WIDTH = 1\n")
    code = "def make():\n    import torch, {0}\n    return torch.nn.Linear({0}.WIDTH, 1)\n"
    write("nets/late.py", code.format("width"))
    write("nets_late.py", code.format("here"))
    sys.modules.pop("width", None)
    path = [*sys.path]
    for source, width in (("py:nets/late.py:make", 3), ("py:nets_late:make", 1)):
        assert inventory_of(source, {}, Path(), run_code=True).parameters[0].shape == (1, width)
    assert sys.path == path


def test_code_may_change_the_path() -> None:
    write("nets/tidy.py", "import sys, torch\nsys.path.pop(0)\ndef make(): return torch.nn.Linear(2, 1)\n")
    assert inventory_of("py:nets/tidy.py:make", {}, Path(), run_code=True).parameters


NAMED = r"""
import sys
from pathlib import Path
from lrspec.models.by_name import inventory_of
files = ("nets/torch.py", "nets/timm.py", "other/timm.py", "nets/a.b.py")
for source in (*(f"py:{file}:make" for file in files), "resnet18"):
    print(inventory_of(source, {}, Path(), run_code=True).parameters[0].shape)
print(*(Path(sys.modules[name].__file__).parent.name for name in ("torch", "timm")))
"""


def test_a_file_with_the_name_of_a_library_does_not_take_its_place() -> None:
    for width, file in enumerate(("nets/torch.py", "nets/timm.py", "other/timm.py", "nets/a.b.py"), 1):
        write(file, f"import torch\ndef make(): return torch.nn.Linear({width}, 1)\n")
    ran = subprocess.run([sys.executable, "-c", NAMED], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == ["(1, 1)", "(1, 2)", "(1, 3)", "(1, 4)", "(64, 3, 7, 7)", "torch timm"]


def test_a_file_is_run_once() -> None:
    write("once.py", "import torch\nopen('ran', 'a').write('x')\ndef make(n=1): return torch.nn.Linear(n, n)\n")
    for n in (1, 2):
        inventory_of("py:once.py:make", {"n": n}, Path(), run_code=True)
    assert Path("ran").read_text() == "x"


@pytest.mark.parametrize(
    ("source", "near"),
    [
        ("mynet:Tagger", "`py:mynet:Tagger`"),
        ("mynet.py:Tagger", "`py:mynet:Tagger`"),
        ("./mynet.py:Tagger", "`py:mynet:Tagger`"),
        ("nets.small:make", "`py:nets.small:make`"),
        ("nets/small.py:make", "`py:nets/small.py:make`"),
        ("tim:resnet18", "`timm:resnet18`"),
        ("tims:resnet18", "`py:tims:resnet18`"),  # there is such a file
        ("tims.Tagger", "`py:tims:Tagger`"),
        ("pack.age.make", "`py:pack.age:make`"),
        ("nets\\small.py:make", "`py:nets\\small.py:make`"),
        ("C:\\nets\\small.py:make", "`py:C:\\nets\\small.py:make`"),
    ],
)
def test_code_without_its_kind_is_suggested_with_it(source: str, near: str) -> None:
    write("tims.py", "")
    write("pack/age/__init__.py", "")
    assert refused(source, run_code=True).endswith(f": did you mean {near}?")
    assert "py:nets" not in refused(source)


def test_a_model_with_a_tag_is_not_taken_for_code() -> None:
    write("resnet18.py", "")
    assert inventory_of("resnet18.a1_in1k", {}, Path(), run_code=True).parameters


def test_a_python_file_alone_is_no_model() -> None:
    assert refused("mynet.py", run_code=True).endswith("name what in it returns the model, as in py:mynet.py:FACTORY")


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("./model", "`hf:./model`"),
        ("model/config.json", "`hf:model/config.json`"),
        ("other.json", "`hf:other.json` or `params:other.json`"),
    ],
)
def test_a_path_without_its_kind_is_told_before_a_library_is_imported(
    path: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    write("model/config.json", BERT)
    write("other.json", BERT)
    assert refused(path) == f"{path}: a path, not a timm model: did you mean {near}?"
    with pytest.raises(ModelError, match="timm is needed"):
        inventory_of("../other.json", {}, Path("model"))  # whether a file is there is not for a spec to find out


def test_code_is_run_only_where_it_is_asked_for() -> None:
    assert "expected a timm model" in refused(f"py:{__name__}:Counted")


def test_nothing_is_printed_and_nothing_is_warned_of(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    hf({**GPT2, "eos_token_id": 5000})
    assert (capsys.readouterr(), caplog.records) == (("", ""), [])


def test_a_spec_names_a_config_with_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    write("specs/model/config.json", BERT)
    model = "{source: 'hf:model', args: {class: BertForSequenceClassification, num_labels: 3}}"
    write("specs/a.lrspec.yaml", f"lrspec: 1\nmodels: {model}\nrules: [{{match: '.', lr: 0.1}}]\n")
    assert run(["compile", "specs/a.lrspec.yaml", "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["model"]["source"] == "hf:model"
    assert plan["parameters"][-1]["shape"] == [3]
    assert run(["check", "specs"]) == 0
