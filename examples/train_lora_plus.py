# Needs lrspec, and: pip install torch peft transformers
"""LoRA+ on PEFT: in each pair of adapters the second, which starts at zero, trains at 16 times the rate of the first.

python train_lora_plus.py          train, and print the rates
python train_lora_plus.py --save   write tiny-bert-lora.params.json, which the spec is checked against
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch.optim.lr_scheduler import CosineAnnealingLR
from transformers import BertConfig, BertForSequenceClassification

import lrspec

HERE = Path(__file__).parent
SPEC, PARAMS = HERE / "tiny-bert-lora.lrspec.yaml", HERE / "tiny-bert-lora.params.json"
CONFIG = HERE / "tiny-bert.config.json"
STEPS = 8


def build() -> Any:
    """A model with adapters for the queries and values, and a fully trained head."""
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig.from_json_file(CONFIG))
    adapters = LoraConfig(r=4, target_modules=["query", "value"], modules_to_save=["classifier"])
    return get_peft_model(model, adapters)


def train() -> list[dict[str, float]]:
    """Train, and return the rate of each group at each step."""
    model = build()
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = CosineAnnealingLR(optimizer, STEPS)  # eta_min stays 0: it would be one number for all groups
    assert not plan.verify(optimizer, model, scheduler)
    rates = []
    for _ in range(STEPS):
        rates.append(lrspec.rates_by_group(optimizer))
        tokens = torch.randint(100, (8, 12))
        optimizer.zero_grad()
        model(input_ids=tokens, labels=tokens[:, 0] % 2).loss.backward()
        optimizer.step()
        scheduler.step()
    return rates


def save(path: Path) -> None:
    """Write the inventory of the model's parameters."""
    inventory = lrspec.Inventory.from_model(build(), source="py:train_lora_plus:build")
    path.write_text(json.dumps(inventory.to_dict(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--save" in sys.argv:
        save(PARAMS)
    else:
        for step, rates in enumerate(train()):
            print(step, rates)
