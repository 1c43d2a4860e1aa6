"""The models that are measured on: two of timm's, and a mixture of experts of any number of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import timm
import torch
from torch import nn

HIDDEN, INTERMEDIATE, VOCABULARY, HEAD = 2048, 768, 151_936, 128
SIZES = {1_000: (16, 18), 10_000: (32, 101), 100_000: (64, 518)}
"""Layers, and experts in a layer, for about so many parameters."""


@dataclass(frozen=True)
class Measured:
    """A model on the meta device, and how to call it."""

    name: str
    model: nn.Module

    @property
    def parameters(self) -> int:
        """How many there are; a tied one counts once."""
        return sum(1 for _ in self.model.parameters())


def of_timm(name: str) -> Measured:
    """A model of timm's registry."""
    with torch.device("meta"):
        return Measured(name, timm.create_model(name, pretrained=False))


def of_experts(size: int) -> Measured:
    """A mixture of experts of about `size` parameters, with names as transformers gives them to Qwen3-MoE."""
    layers, experts = SIZES[size]
    with torch.device("meta"):
        return Measured(f"{size:,} experts' parameters", Experts(layers, experts))


class Experts(nn.Module):
    """A language model whose layers have experts of their own modules: `model.layers.0.mlp.experts.0.up_proj.weight`.

    It has the names, shapes and classes only, and computes nothing.
    """

    def __init__(self, layers: int, experts: int) -> None:
        super().__init__()
        decoder = nn.Module()
        decoder.embed_tokens = nn.Embedding(VOCABULARY, HIDDEN)
        decoder.layers = nn.ModuleList(_layer(experts) for _ in range(layers))
        decoder.norm = nn.RMSNorm(HIDDEN)
        self.model = decoder
        self.lm_head = _linear(HIDDEN, VOCABULARY)

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:
        """What `timm.optim.param_groups_layer_decay` asks a model for: the layers, from input to output."""
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


MODELS: dict[str, Callable[[], Measured]] = {
    "resnet18": lambda: of_timm("resnet18"),
    "ViT-L": lambda: of_timm("vit_large_patch16_224"),
    "1,000": lambda: of_experts(1_000),
    "10,000": lambda: of_experts(10_000),
    "100,000": lambda: of_experts(100_000),
}
