"""The names of real models, of timm and of transformers: torch's own, in torch's order."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import nn

from lrspec import Inventory
from lrspec.models.walk import walk

TIMM = [
    "beit_base_patch16_224",
    "coatnet_nano_rw_224",
    "convnext_atto",
    "deit3_small_patch16_224",
    "densenet121",
    "efficientnet_b0",
    "eva02_tiny_patch14_224",
    "hiera_tiny_224",
    "maxvit_rmlp_pico_rw_256",
    "mixer_s32_224",
    "mobilenetv3_small_050",
    "regnetx_002",
    "resnet18",
    "swin_tiny_patch4_window7_224",
    "vit_tiny_patch16_224",
    "xcit_nano_12_p16_224",
]
TINY = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 32}
TRANSFORMERS: dict[str, dict[str, Any]] = {
    "AlbertForMaskedLM": {**TINY, "embedding_size": 4},  # its layers are one layer
    "BertForMaskedLM": TINY,  # its head is its embedding
    "GPT2LMHeadModel": {"n_embd": 8, "n_layer": 2, "n_head": 2, "vocab_size": 32},
    "LlamaForCausalLM": TINY,
    "MixtralForCausalLM": {**TINY, "num_key_value_heads": 2, "num_local_experts": 4},
    "T5ForConditionalGeneration": {
        "d_model": 8,
        "d_kv": 4,
        "d_ff": 16,
        "num_layers": 2,
        "num_heads": 2,
        "vocab_size": 32,
    },
    "ViTForImageClassification": TINY,
}


def assert_names_are_torchs(model: nn.Module) -> None:
    listed = list(model.named_parameters(remove_duplicate=False))
    found = walk(model)
    assert [*zip(found.names, map(id, found.tensors), strict=True)] == [(n, id(p)) for n, p in listed]
    assert [p.name for p in Inventory.from_model(model).parameters] == [name for name, _ in model.named_parameters()]


@pytest.mark.parametrize("name", TIMM)
def test_names_of_timm_are_torchs(name: str) -> None:
    with torch.device("cpu" if name.startswith("regnet") else "meta"):  # torch 2.10 has no meta kernel for its widths
        assert_names_are_torchs(timm.create_model(name))


@pytest.mark.parametrize(("name", "options"), TRANSFORMERS.items())
def test_names_of_transformers_are_torchs(name: str, options: dict[str, Any]) -> None:
    import transformers

    model_class = getattr(transformers, name)
    with torch.device("meta"):
        assert_names_are_torchs(model_class(model_class.config_class(**options)))
