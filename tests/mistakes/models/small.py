"""The models of the mistakes that are nobody's else: a language model with tied weights, a segmenter,
a classifier that has been probed, and two towers.

The inventories beside this file are what `lrspec params` says of them, in this folder, and of four models of timm:

    lrspec params -m py:small:LanguageModel -o lm.params.json
    lrspec params -m py:small:Segmenter -o segmenter.params.json
    lrspec params -m py:small:Probed -o probed.params.json
    lrspec params -m py:small:Towers -o towers.params.json
    lrspec params -m resnet18 --model-arg num_classes=10 -o resnet18.params.json
    lrspec params -m vit_tiny_patch16_224 --model-arg depth=3 --model-arg reg_tokens=4 --model-arg num_classes=10 \
        -o vit.params.json
    lrspec params -m convnext_atto --model-arg 'depths=[1,1,2,1]' --model-arg num_classes=10 -o convnext.params.json
    lrspec params -m deit_tiny_distilled_patch16_224 --model-arg depth=3 --model-arg num_classes=10 -o deit.params.json

`bert.names.txt` has the names alone of a BERT with a classifier, as a loop over `named_parameters()` prints them.
"""

from __future__ import annotations

import torch
from torch import nn


class RMSNorm(nn.Module):
    """Normalises by the root mean square; a class of one's own, as every language model has it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))


class Attention(nn.Module):
    """Four projections."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(size, size, bias=False)
        self.k_proj = nn.Linear(size, size, bias=False)
        self.v_proj = nn.Linear(size, size, bias=False)
        self.o_proj = nn.Linear(size, size, bias=False)


class FeedForward(nn.Module):
    """A gated one."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(size, 4 * size, bias=False)
        self.up_proj = nn.Linear(size, 4 * size, bias=False)
        self.down_proj = nn.Linear(4 * size, size, bias=False)


class DecoderLayer(nn.Module):
    """Attention and a feed-forward network, each behind a norm."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.self_attn = Attention(size)
        self.mlp = FeedForward(size)
        self.input_layernorm = RMSNorm(size)
        self.post_attention_layernorm = RMSNorm(size)


class Decoder(nn.Module):
    """Embedding, layers, norm."""

    def __init__(self, vocabulary: int, size: int, layers: int) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, size)
        self.layers = nn.ModuleList(DecoderLayer(size) for _ in range(layers))
        self.norm = RMSNorm(size)


class LanguageModel(nn.Module):
    """A decoder whose output head shares its weight with the embedding."""

    def __init__(self, vocabulary: int = 1000, size: int = 64, layers: int = 3) -> None:
        super().__init__()
        self.model = Decoder(vocabulary, size, layers)
        self.lm_head = nn.Linear(size, vocabulary, bias=False)
        self.lm_head.weight = self.model.embed_tokens.weight


class Stage(nn.Module):
    """A convolution with its norm."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3)
        self.norm = nn.SyncBatchNorm(out)


class Segmenter(nn.Module):
    """A backbone whose stem comes frozen, a head for the picture as a whole and two that segment it."""

    def __init__(self, classes: int = 19) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict({"stem": Stage(3, 16), "stage1": Stage(16, 32), "stage2": Stage(32, 64)})
        self.head = nn.Linear(64, classes)
        self.decode_head = nn.ModuleDict({"fuse": Stage(64, 32), "conv_seg": nn.Conv2d(32, classes, 1)})
        self.auxiliary_head = nn.ModuleDict({"conv_seg": nn.Conv2d(32, classes, 1)})
        self.backbone["stem"].requires_grad_(False)


class Probed(nn.Module):
    """A classifier as a linear probe leaves it: only its last layer requires grad."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem, self.layer1, self.layer2 = Stage(3, 16), Stage(16, 32), Stage(32, 64)
        self.fc = nn.Linear(64, classes)
        for part in (self.stem, self.layer1, self.layer2):
            part.requires_grad_(False)


class Towers(nn.Module):
    """Two towers with a temperature, which has no dimensions, as in CLIP."""

    def __init__(self, size: int = 64) -> None:
        super().__init__()
        self.visual, self.textual = nn.Linear(3 * size, size), nn.Linear(2 * size, size)
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))
