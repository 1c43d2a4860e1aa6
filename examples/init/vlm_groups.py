# Needs lrspec, and: pip install torch transformers
"""Vision-language models whose optimizer has a rate for each part, and no weight decay on vectors.

`lrspec init --from` writes the specs that say the same: README.md has the commands.
"""

from __future__ import annotations

from pathlib import Path

import torch
import transformers

FOLDER = Path(__file__).parent


def llava() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """A LLaVA: the vision tower at a tenth of the rate of the language model, the projector at fifty times."""
    config = transformers.LlavaConfig.from_json_file(FOLDER / "tiny-llava.config.json")
    model = transformers.LlavaForConditionalGeneration(config)
    return model, adamw(model, {"model.vision_tower.": 2e-6, "model.multi_modal_projector.": 1e-3})


def qwen2_vl() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """A Qwen2-VL: the vision tower at a tenth of the rate of the language model, the merger at five times."""
    config = transformers.Qwen2VLConfig.from_json_file(FOLDER / "tiny-qwen2-vl.config.json")
    model = transformers.Qwen2VLForConditionalGeneration(config)
    return model, adamw(model, {"model.visual.merger.": 1e-4, "model.visual.": 2e-6})


def adamw(model: torch.nn.Module, rates: dict[str, float], rest: float = 2e-5) -> torch.optim.Optimizer:
    """An AdamW with two groups for each part: the first prefix that a name begins with decides its rate."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        rate = next((rate for prefix, rate in rates.items() if name.startswith(prefix)), rest)
        groups.setdefault((rate, 0.0 if parameter.ndim < 2 else 0.1), []).append(parameter)
    listed = [{"params": params, "lr": rate, "weight_decay": decay} for (rate, decay), params in groups.items()]
    return torch.optim.AdamW(listed, lr=rest)
