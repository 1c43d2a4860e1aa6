# Needs lrspec, and: pip install torch transformers accelerate peft
"""Vision-language models under transformers' Trainer, each by a spec: full fine-tuning, a frozen tower, and LoRA.

python vlm.py           trains tiny models of the real classes, a few steps each
python vlm.py --save    saves the parameters of the models at their real size, which the specs are checked against
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

import lrspec
from lrspec.trainers.transformers import use

HERE = Path(__file__).parent
STEPS, IMAGE = 4, 99
TINY_TEXT = {"vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
TINY_HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
TINY_VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
TINY_IMAGE = {"image_size": 28, "patch_size": 14}

Rates = list[dict[str, float]]
"""The rate of each group at each step."""


class Vlm(NamedTuple):
    """A model at its real size and a tiny one of the same class, and one row of data for the latter."""

    real: Callable[[], nn.Module]
    tiny: Callable[[], nn.Module]
    row: Callable[[], dict[str, Any]]


def qwen2_vl(text: dict[str, Any], vision: dict[str, Any], **others: Any) -> Any:
    config = Qwen2VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False, **others)
    return Qwen2VLForConditionalGeneration(config)


def llava(text: dict[str, Any], vision: dict[str, Any], **others: Any) -> Any:
    text, vision = {"model_type": "llama", **text}, {"model_type": "clip_vision_model", **vision}
    return LlavaForConditionalGeneration(LlavaConfig(text_config=text, vision_config=vision, **others))


def paligemma(text: dict[str, Any], vision: dict[str, Any], **others: Any) -> Any:
    """LoRA on the attention of the language model alone: PEFT freezes all the rest."""
    text, vision = {"model_type": "gemma", **text}, {"model_type": "siglip_vision_model", **vision}
    model = PaliGemmaForConditionalGeneration(PaliGemmaConfig(text_config=text, vision_config=vision, **others))
    attention = r".*\.language_model\..*\.[qkvo]_proj"
    return get_peft_model(model, LoraConfig(r=8, target_modules=attention))


def row(images: int, **others: Any) -> dict[str, Any]:
    """Random tokens behind those of an image, all of them to be predicted."""
    tokens = torch.cat([torch.full((images,), IMAGE), torch.randint(4, IMAGE, (8,))])
    return {"input_ids": tokens, "labels": tokens.clone(), **others}


MODELS = {
    "qwen2-vl": Vlm(
        lambda: qwen2_vl(
            {"vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28}
            | {"num_attention_heads": 28, "num_key_value_heads": 4},
            {"depth": 32, "embed_dim": 1280, "num_heads": 16, "hidden_size": 3584},
        ),
        lambda: qwen2_vl(
            TINY_TEXT | TINY_HEADS | {"rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2]}},
            {"depth": 3, "embed_dim": 32, "num_heads": 4, "hidden_size": 32},
            image_token_id=IMAGE,
        ),
        lambda: row(
            1,
            pixel_values=torch.randn(4, 1176),
            image_grid_thw=torch.tensor([1, 2, 2]),
            mm_token_type_ids=torch.tensor([1] + [0] * 8),
        ),
    ),
    "llava": Vlm(
        lambda: llava(
            {"vocab_size": 32064, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32}
            | {"num_attention_heads": 32},
            {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
            | {"image_size": 336, "patch_size": 14},
        ),
        lambda: llava(TINY_TEXT | TINY_HEADS, TINY_VISION | TINY_IMAGE, image_token_index=IMAGE),
        lambda: row(4, pixel_values=torch.randn(3, 28, 28)),
    ),
    "paligemma-lora": Vlm(
        lambda: paligemma(
            {"vocab_size": 257216, "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 18}
            | {"num_attention_heads": 8, "num_key_value_heads": 1, "head_dim": 256},
            {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
            | {"image_size": 224, "patch_size": 14, "projection_dim": 2048},
            projection_dim=2048,
        ),
        lambda: paligemma(
            TINY_TEXT | TINY_HEADS | {"head_dim": 8},
            TINY_VISION | TINY_IMAGE | {"projection_dim": 32},
            projection_dim=32,
            image_token_index=IMAGE,
        ),
        lambda: row(4, pixel_values=torch.randn(3, 28, 28), token_type_ids=torch.tensor([0] * 4 + [1] * 8)),
    ),
}


class Record(TrainerCallback):  # type: ignore[misc]
    """Records the rates of the groups at the beginning of each step."""

    def __init__(self) -> None:
        self.rates: Rates = []

    def on_step_begin(self, *_: Any, optimizer: torch.optim.Optimizer, **others: Any) -> None:
        self.rates.append({group["name"]: group["lr"] for group in optimizer.param_groups})


def train(name: str) -> tuple[lrspec.Plan, Rates, set[str]]:
    """Train a tiny model by its spec; return the plan, the rates, and which parameters have moved."""
    torch.manual_seed(0)
    model, record = MODELS[name].tiny(), Record()
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    with TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, max_steps=STEPS, use_cpu=True, report_to="none", save_strategy="no", logging_strategy="no"
        )
        rows = [MODELS[name].row() for _ in range(8 * STEPS)]
        trainer = Trainer(model, arguments, train_dataset=rows, callbacks=[record])
        plan = use(trainer, HERE / f"{name}.lrspec.yaml")
        trainer.train()
    moved = {name for name, tensor in model.named_parameters() if not torch.equal(tensor, before[name])}
    return plan, record.rates, moved


def save(name: str, path: Path) -> None:
    """Save the parameters of the real model, one a line; it is built without memory for them."""
    with torch.device("meta"):
        inventory = lrspec.Inventory.from_model(MODELS[name].real()).to_dict()
    parameters = inventory.pop("parameters")
    kept = [{key: value for key, value in each.items() if value not in ([], True)} for each in parameters]
    lines = ",\n".join(json.dumps({**each, "declared": each.get("declared", [])}) for each in kept)
    path.write_text(f'{json.dumps(inventory)[:-1]}, "parameters": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    for name in MODELS:
        if "--save" in sys.argv:
            save(name, HERE / f"{name}.params.json")
        else:
            _, rates, moved = train(name)
            print(f"{name}: {len(moved)} parameters have moved; the first rates are {rates[0]}")
