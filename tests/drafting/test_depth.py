"""The layers of models by structure, as tables written by hand, and those of timm as timm has them.

The convention is timm's: what comes before the blocks is one layer, the input; each block is one; a final norm shares
the last block's; what comes after is one layer, the head. A tied embedding is input. Encoder and decoder, vision and
text each have layers of their own, from 0.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import transformers
from torch import nn

from lrspec import Inventory
from lrspec.drafting.depth.depth import Depth, matched_depth
from lrspec.drafting.depth.structure import structural_depth
from lrspec.models.sources.timm import layers_of

TEXT: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LLAMA = {**TEXT, "num_key_value_heads": 2}
VISION = {**TEXT, "image_size": 16, "patch_size": 8}
HALVES = {"encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}


def built(cls: str, config: str, **settings: Any) -> nn.Module:
    """A model of transformers from settings, without memory."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(transformers, cls)(getattr(transformers, config)(**settings))
    assert isinstance(model, nn.Module)
    return model


def clip() -> nn.Module:
    return built("CLIPModel", "CLIPConfig", text_config=TEXT, vision_config=VISION, projection_dim=8)


def t5() -> nn.Module:
    sizes = {"vocab_size": 50, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    return built("T5ForConditionalGeneration", "T5Config", **sizes)


def whisper() -> nn.Module:
    sizes = {"vocab_size": 50, "d_model": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "num_mel_bins": 8}
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    return built("WhisperForConditionalGeneration", "WhisperConfig", **sizes, **HALVES, **tokens)


def bart() -> nn.Module:
    sizes = {"vocab_size": 50, "d_model": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    return built("BartForConditionalGeneration", "BartConfig", **sizes, **HALVES)


def qwen2_vl() -> nn.Module:
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e4}
    vision = {"depth": 2, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "patch_size": 8}
    text = {**LLAMA, "rope_parameters": rope}
    return built("Qwen2VLForConditionalGeneration", "Qwen2VLConfig", text_config=text, vision_config=vision)


def llava() -> nn.Module:
    configs = transformers.LlamaConfig(**LLAMA), transformers.CLIPVisionConfig(**VISION)
    return built("LlavaForConditionalGeneration", "LlavaConfig", text_config=configs[0], vision_config=configs[1])


def gpt2() -> nn.Module:
    tokens = {"bos_token_id": 1, "eos_token_id": 2}
    return built("GPT2LMHeadModel", "GPT2Config", vocab_size=50, n_embd=16, n_head=2, n_layer=2, **tokens)


MODELS: dict[str, Callable[[], nn.Module]] = {
    "BERT": lambda: built("BertForSequenceClassification", "BertConfig", **TEXT),
    "GPT-2": gpt2,
    "Llama": lambda: built("LlamaForCausalLM", "LlamaConfig", **LLAMA),
    "T5": t5,
    "BART": bart,
    "ViT": lambda: built("ViTForImageClassification", "ViTConfig", **VISION),
    "Whisper": whisper,
    "CLIP": clip,
    "Mixtral": lambda: built("MixtralForCausalLM", "MixtralConfig", **LLAMA, num_local_experts=4),
    "Qwen2-VL": qwen2_vl,
    "LLaVA": llava,
    "Swin": lambda: built("SwinForImageClassification", "SwinConfig", depths=[2, 1], num_heads=[1, 2], embed_dim=8),
    "ResNet": lambda: built("ResNetForImageClassification", "ResNetConfig", depths=[1, 2], hidden_sizes=[8, 16]),
}
TABLES: dict[str, dict[str, list[list[str]]]] = {
    "BERT": {
        "": [
            ["bert.embeddings"],
            ["bert.encoder.layer.0"],
            ["bert.encoder.layer.1"],
            ["bert.pooler", "classifier"],
        ]
    },
    "GPT-2": {
        "": [["transformer.wte", "transformer.wpe"], ["transformer.h.0"], ["transformer.h.1", "transformer.ln_f"]]
    },
    "Llama": {"": [["model.embed_tokens"], ["model.layers.0"], ["model.layers.1", "model.norm"], ["lm_head"]]},
    "T5": {
        "encoder": [["shared"], ["encoder.block.0"], ["encoder.block.1", "encoder.final_layer_norm"]],
        "decoder": [["decoder.block.0"], ["decoder.block.1", "decoder.final_layer_norm"]],
    },
    "BART": {
        "encoder": [
            ["model.shared", "model.encoder.embed_positions", "model.encoder.layernorm_embedding"],
            ["model.encoder.layers.0"],
            ["model.encoder.layers.1"],
        ],
        "decoder": [
            ["model.decoder.embed_positions", "model.decoder.layernorm_embedding"],
            ["model.decoder.layers.0"],
            ["model.decoder.layers.1"],
        ],
    },
    "ViT": {"": [["vit.embeddings"], ["vit.layers.0"], ["vit.layers.1", "vit.layernorm"], ["classifier"]]},
    "Whisper": {
        "encoder": [
            ["model.encoder.conv1", "model.encoder.conv2", "model.encoder.embed_positions"],
            ["model.encoder.layers.0"],
            ["model.encoder.layers.1", "model.encoder.layer_norm"],
        ],
        "decoder": [
            ["model.decoder.embed_tokens", "model.decoder.embed_positions"],
            ["model.decoder.layers.0"],
            ["model.decoder.layers.1", "model.decoder.layer_norm"],
        ],
    },
    "CLIP": {
        "text": [
            ["text_model.embeddings"],
            ["text_model.encoder.layers.0"],
            ["text_model.encoder.layers.1", "text_model.final_layer_norm"],
            ["text_projection"],
        ],
        "vision": [
            ["vision_model.embeddings", "vision_model.pre_layrnorm"],
            ["vision_model.encoder.layers.0"],
            ["vision_model.encoder.layers.1", "vision_model.post_layernorm"],
            ["visual_projection"],
        ],
    },
    "Mixtral": {"": [["model.embed_tokens"], ["model.layers.0"], ["model.layers.1", "model.norm"], ["lm_head"]]},
    "Qwen2-VL": {
        "visual": [
            ["model.visual.patch_embed"],
            ["model.visual.blocks.0"],
            ["model.visual.blocks.1"],
            ["model.visual.merger"],
        ],
        "language": [
            ["model.language_model.embed_tokens"],
            ["model.language_model.layers.0"],
            ["model.language_model.layers.1", "model.language_model.norm"],
            ["lm_head"],
        ],
    },
    "LLaVA": {
        "vision": [
            ["model.vision_tower.embeddings", "model.vision_tower.pre_layrnorm"],
            ["model.vision_tower.encoder.layers.0"],
            ["model.vision_tower.encoder.layers.1", "model.vision_tower.post_layernorm"],
            ["model.multi_modal_projector"],
        ],
        "language": [
            ["model.language_model.embed_tokens"],
            ["model.language_model.layers.0"],
            ["model.language_model.layers.1", "model.language_model.norm"],
            ["lm_head"],
        ],
    },
    "Swin": {
        "": [
            ["swin.embeddings"],
            ["swin.encoder.layers.0.blocks.0"],
            ["swin.encoder.layers.0.blocks.1", "swin.encoder.layers.0.downsample"],
            ["swin.encoder.layers.1.blocks.0", "swin.layernorm"],
            ["classifier"],
        ]
    },
    "ResNet": {
        "": [
            ["resnet.embedder"],
            ["resnet.encoder.stages.0.layers.0"],
            ["resnet.encoder.stages.1.layers.0"],
            ["resnet.encoder.stages.1.layers.1"],
            ["classifier"],
        ]
    },
}
BESIDE = {"CLIP": ["logit_scale"]}
"""What is in no tower."""


def layer_in(table: dict[str, list[list[str]]], name: str) -> tuple[str, int] | None:
    """The tower and the layer of a parameter, in a table."""
    for tower, layers in table.items():
        for layer, modules in enumerate(layers):
            if any(name.startswith(f"{module}.") or name == module for module in modules):
                return tower, layer
    return None


def layer_of(depth: Depth, place: int) -> tuple[str, int] | None:
    found = [(tower.name, layer) for tower in depth.towers if (layer := tower.layers[place]) is not None]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("name", MODELS)
def test_the_layers_of_a_model_of_transformers_are_as_in_the_table(name: str) -> None:
    inventory = Inventory.from_model(MODELS[name]())
    depth, names = structural_depth(inventory), inventory.columns.names
    assert [tower.name for tower in depth.towers] == [*TABLES[name]]
    assert [tower.count for tower in depth.towers] == [len(layers) for layers in TABLES[name].values()]
    for place, parameter in enumerate(names):
        assert layer_of(depth, place) == layer_in(TABLES[name], parameter), parameter
    assert [names[place] for place in range(len(names)) if layer_of(depth, place) is None] == BESIDE.get(name, [])


def layers_by_structure(*names: str) -> list[int | None]:
    (tower,) = structural_depth(Inventory.from_names(names)).towers
    return [*tower.layers]


def test_names_alone_have_a_depth() -> None:
    names = ["embed.weight", "blocks.0.a.weight", "blocks.0.b.weight", "blocks.1.a.weight", "blocks.1.b.weight"]
    assert layers_by_structure(*names, "norm.weight", "head.weight") == [0, 1, 1, 2, 2, 2, 3]


def test_a_model_without_blocks_has_a_layer_per_module() -> None:
    names = ["conv1.weight", "bn1.weight", "conv2.weight", "bn2.weight", "fc.weight"]
    assert layers_by_structure(*names) == [0, 0, 1, 1, 2]


def test_a_sequence_has_a_layer_per_item() -> None:
    assert layers_by_structure("net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias") == [0, 0, 1, 1]


def test_a_single_module_is_one_layer() -> None:
    assert layers_by_structure("weight", "bias") == [0, 0]


def test_experts_are_no_layers() -> None:
    experts = [f"experts.{number}.{name}.weight" for number in range(4) for name in ("up", "down")]
    block = ["attn.q.weight", "attn.k.weight", "attn.v.weight", "gate.weight", *experts]
    names = [f"blocks.{number}.{name}" for number in range(2) for name in block]
    assert layers_by_structure(*names) == [0] * 12 + [1] * 12


def test_halves_of_a_block_are_no_layers() -> None:
    block = ["layer.0.q.weight", "layer.0.k.weight", "layer.1.up.weight", "layer.1.down.weight"]
    names = [f"blocks.{number}.{name}" for number in range(2) for name in block]
    assert layers_by_structure(*names) == [0] * 4 + [1] * 4


def test_what_stands_before_the_blocks_of_a_stage_goes_with_the_first_of_them() -> None:
    blocks = [f"blocks.{number}.{name}.weight" for number in range(2) for name in "abc"]
    names = [f"stages.{number}.{name}" for number in range(2) for name in ("down.weight", *blocks, "after.weight")]
    assert layers_by_structure(*names) == [*[0] * 4, *[1] * 4, *[2] * 4, *[3] * 4]


def test_what_stands_between_blocks_goes_with_the_block_before() -> None:
    names = ["dense1.a.weight", "dense1.b.weight", "transition.weight", "dense2.a.weight", "dense2.b.weight"]
    assert layers_by_structure(*names) == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("name", ["poolformer_s12", "pit_ti_224", "csatv2"])
def test_models_without_a_matcher_have_a_layer_per_block(name: str) -> None:
    with torch.device("meta"):
        model = timm.create_model(name)
    assert layers_of(model) is None
    names = {"poolformer_s12": 12, "pit_ti_224": 12, "csatv2": 24}
    (tower,) = structural_depth(Inventory.from_model(model)).towers
    assert tower.count == names[name] + 2


@pytest.mark.parametrize("name", ["resnet18", "cait_xxs24_224", "vit_tiny_patch16_224", "densenet121"])
def test_the_layers_of_timm_are_those_of_its_matcher(name: str) -> None:
    with torch.device("meta"):
        model = timm.create_model(name)
    inventory = Inventory.from_model(model)
    layers = layers_of(model)
    assert layers is not None
    depth = matched_depth(inventory, layers)
    assert depth.matched
    assert [layers[name] for name in inventory.columns.names] == [*depth.towers[0].layers]


def test_lists_beside_each_other_are_one_tower() -> None:
    names = [f"{name}.{n}.{w}.weight" for name in ("blocks", "token_blocks") for n in range(2) for w in "ab"]
    assert layers_by_structure(*names) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_tied_embedding_before_two_towers_is_the_input_of_the_first_that_has_it() -> None:
    inventory = Inventory.from_model(t5())
    depth = structural_depth(inventory)
    place = inventory.index["decoder.embed_tokens.weight"]
    assert inventory.columns.names[place] == "shared.weight"
    assert layer_of(depth, place) == ("encoder", 0)


@pytest.mark.slow
def test_a_hundred_thousand_parameters_have_a_depth() -> None:
    names = [f"layers.{n}.mlp.experts.{e}.{w}.weight" for n in range(50) for e in range(500) for w in "abcd"]
    attention = [f"layers.{n}.attn.{w}.weight" for n in range(50) for w in "qkvo"]
    (tower,) = structural_depth(Inventory.from_names([*names, *attention])).towers
    assert tower.count == 50
