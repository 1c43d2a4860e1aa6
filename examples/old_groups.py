# Needs lrspec, and: pip install timm torch
"""Groups as many training scripts make them: one per parameter, with settings by a chain of ifs.

`lrspec init --from py:old_groups.py:build` writes the spec that says the same. `lrspec` calls `build`, and no group of
it changes.
"""

from __future__ import annotations

import timm
import torch


def build() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """Return a model and its optimizer, as a training script would make them."""
    model = timm.create_model("vit_tiny_patch16_224", num_classes=10)
    groups = []
    for name, parameter in model.named_parameters():
        lr, weight_decay = 1e-4, 0.05
        if "head" in name:
            lr *= 10
        if name.endswith(".bias"):
            lr *= 2
        if parameter.ndim == 1 or name in ("cls_token", "pos_embed"):
            weight_decay = 0.0
        if "patch_embed" in name:
            parameter.requires_grad = False
            continue
        groups.append({"params": [parameter], "lr": lr, "weight_decay": weight_decay})
    return model, torch.optim.AdamW(groups, lr=1e-4)
