"""Other ways to build parameter groups, each called as its users do."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from itertools import islice
from typing import Any

from timm.optim import param_groups_layer_decay, param_groups_weight_decay  # type: ignore[attr-defined]
from torch import nn

LR, WEIGHT_DECAY, DECAY = 1e-3, 0.05, 0.75

Groups = list[dict[str, Any]]
Keys = Mapping[str, Mapping[str, float]]

_BLOCKS = [f"layer{stage}.{block}." for stage in (1, 2, 3, 4) for block in (0, 1)]
RESNET18_KEYS: Keys = {
    **{block: {"lr_mult": DECAY ** (8 - index)} for index, block in enumerate(_BLOCKS)},
    "conv1": {"lr_mult": DECAY**9},
    "bn1": {"lr_mult": DECAY**9, "decay_mult": 0},
}
VIT_KEYS: Keys = {
    **{f"blocks.{block}.": {"lr_mult": DECAY ** (24 - block)} for block in range(24)},
    "cls_token": {"lr_mult": DECAY**25, "decay_mult": 0},
    "pos_embed": {"lr_mult": DECAY**25, "decay_mult": 0},
    "patch_embed": {"lr_mult": DECAY**25},
    "norm.": {"lr_mult": DECAY, "decay_mult": 0},
}
EXPERTS_KEYS: Keys = {
    "embed_tokens": {"lr_mult": 0.1, "decay_mult": 0},
    "norm": {"decay_mult": 0},
    "mlp.gate.": {"lr_mult": 0.1},
    "mlp.experts.": {"lr_mult": 2},
    "self_attn.": {"lr_mult": 0.5},
    "down_proj.weight": {"lr_mult": 2, "decay_mult": 2},
    "lm_head": {"lr_mult": 1},
}


def timm_layer_decay(model: nn.Module) -> Groups:
    """timm's ladder: the model's `group_matcher` gives the layers, its `no_weight_decay` the exemptions from decay."""
    groups: Groups = param_groups_layer_decay(
        model, WEIGHT_DECAY, no_weight_decay_list=_not_decayed(model), layer_decay=DECAY
    )
    return groups


def timm_weight_decay(model: nn.Module) -> Groups:
    """timm's two groups: with decay, and without."""
    groups: Groups = param_groups_weight_decay(model, WEIGHT_DECAY, no_weight_decay_list=_not_decayed(model))
    return groups


def _not_decayed(model: nn.Module) -> set[str]:
    exempt = getattr(model, "no_weight_decay", None)
    return set() if exempt is None else set(exempt())


def has_mmengine() -> bool:
    """Return whether mmengine is installed."""
    return importlib.util.find_spec("mmengine") is not None


def mmengine(model: nn.Module, keys: Keys) -> Groups:
    """mmengine's groups by `custom_keys`, one per parameter; without logging, and without building the optimizer."""
    from mmengine.logging import MMLogger
    from mmengine.optim import DefaultOptimWrapperConstructor

    MMLogger.get_current_instance().setLevel("ERROR")
    optimizer = {"type": "AdamW", "lr": LR, "weight_decay": WEIGHT_DECAY}
    constructor = DefaultOptimWrapperConstructor(
        {"optimizer": optimizer}, {"custom_keys": keys, "flat_decay_mult": 0.0}
    )
    groups: Groups = []
    constructor.add_params(groups, model)
    return groups


def tutorial(model: nn.Module, most: int | None = None) -> Groups:
    """The loop of the tutorials, from the head down: one group per parameter, each at 0.9 times the previous rate.

    It searches all names for every name. `most` limits the number of steps.
    """
    names = [name for name, _ in model.named_parameters()]
    names.reverse()
    lr, groups = LR, []
    for name in islice(names, most):
        groups.append({"params": [p for n, p in model.named_parameters() if n == name and p.requires_grad], "lr": lr})
        lr *= 0.9
    return groups
