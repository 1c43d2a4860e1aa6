"""The models used for measuring, and the folder of their specs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import timm
import torch
from torch import nn

SPECS = Path(__file__).parent / "specs"
HIDDEN, INTERMEDIATE, VOCABULARY, HEAD = 2048, 768, 151_936, 128
SIZES = {1_000: (16, 18), 10_000: (32, 101), 100_000: (64, 518)}
"""Number of layers, and of experts per layer, by approximate number of parameters."""


def build(name: str) -> nn.Module:
    """One of `MODELS`, on the meta device."""
    with torch.device("meta"):
        return MODELS[name]()


class Experts(nn.Module):
    """A language model in which each expert has its own modules: `model.layers.0.mlp.experts.0.up_proj.weight`.

    It has only the names, shapes and classes, and computes nothing.
    """

    def __init__(self, layers: int, experts: int) -> None:
        super().__init__()
        decoder = nn.Module()
        decoder.embed_tokens = nn.Embedding(VOCABULARY, HIDDEN)
        decoder.layers = nn.ModuleList(_layer(experts) for _ in range(layers))
        decoder.norm = nn.RMSNorm(HIDDEN)
        self.model = decoder
        self.lm_head = _linear(HIDDEN, VOCABULARY)

    def no_weight_decay(self) -> set[str]:
        """Names that timm exempts from decay, besides parameters with one dimension."""
        return {"model.embed_tokens.weight"}

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:
        """The layers from input to output, as timm's `param_groups_layer_decay` requires them."""
        return {
            "stem": r"^model\.embed_tokens",
            "blocks": [(r"^model\.layers\.(\d+)", None), (r"^model\.norm", (99_999,))],
        }


def _layer(experts: int) -> nn.Module:
    layer = nn.Module()
    layer.self_attn = _attention()
    layer.mlp = nn.Module()
    layer.mlp.gate = _linear(HIDDEN, experts)
    layer.mlp.experts = nn.ModuleList(_expert() for _ in range(experts))
    layer.input_layernorm = nn.RMSNorm(HIDDEN)
    layer.post_attention_layernorm = nn.RMSNorm(HIDDEN)
    return layer


def _attention() -> nn.Module:
    attention = nn.Module()
    attention.q_proj = _linear(HIDDEN, 32 * HEAD)
    attention.k_proj = _linear(HIDDEN, 4 * HEAD)
    attention.v_proj = _linear(HIDDEN, 4 * HEAD)
    attention.o_proj = _linear(32 * HEAD, HIDDEN)
    attention.q_norm = nn.RMSNorm(HEAD)
    attention.k_norm = nn.RMSNorm(HEAD)
    return attention


def _expert() -> nn.Module:
    expert = nn.Module()
    expert.gate_proj = _linear(HIDDEN, INTERMEDIATE)
    expert.up_proj = _linear(HIDDEN, INTERMEDIATE)
    expert.down_proj = _linear(INTERMEDIATE, HIDDEN)
    return expert


def _linear(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=False)


def _llama_70b() -> nn.Module:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=128_256,
        hidden_size=8192,
        intermediate_size=28_672,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
    )
    model: nn.Module = LlamaForCausalLM(config)
    return model


def _deepseek_v3() -> nn.Module:
    from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

    model: nn.Module = DeepseekV3ForCausalLM(DeepseekV3Config())  # its defaults are the 671B model
    return model


def _timm(name: str) -> nn.Module:
    model: nn.Module = timm.create_model(name, pretrained=False)
    return model


MODELS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": partial(_timm, "resnet18"),
    "ViT-B": partial(_timm, "vit_base_patch16_224"),
    "ViT-L": partial(_timm, "vit_large_patch16_224"),
    "ViT-giant": partial(_timm, "vit_giant_patch14_224"),
    "Llama-70B": _llama_70b,
    "DeepSeek-V3": _deepseek_v3,
    **{f"{size:,}": partial(Experts, *sizes) for size, sizes in SIZES.items()},
}
