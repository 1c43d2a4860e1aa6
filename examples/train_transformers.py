# Needs lrspec, and: pip install torch accelerate transformers
"""The transformers Trainer, with both ways to give it an optimizer, and a check before training starts.

python train_transformers.py            Trainer(optimizers=(optimizer, scheduler))
python train_transformers.py --use      the Trainer makes its optimizer from the spec, and the scheduler that it chooses
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    get_cosine_schedule_with_warmup,
)

import lrspec
from lrspec.trainers.transformers import VerifyPlan, use

HERE = Path(__file__).parent
SPEC, CONFIG = HERE / "tiny-bert.lrspec.yaml", HERE / "tiny-bert.config.json"
WARMUP, STEPS = 2, 8

Rates = list[dict[str, float]]
"""The rate of each group at each step."""


def build() -> Any:
    """The model, with random weights."""
    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig.from_json_file(CONFIG))


def sentences() -> list[dict[str, Any]]:
    """Random tokens, labelled by whether the first is odd."""
    tokens = torch.randint(100, (8 * STEPS, 12))
    return [{"input_ids": row, "labels": int(row[0]) % 2} for row in tokens]


class Record(TrainerCallback):  # type: ignore[misc]
    """Records the optimizer's rates at the beginning of each step."""

    def __init__(self) -> None:
        self.rates: Rates = []

    def on_step_begin(self, *_: Any, optimizer: torch.optim.Optimizer, **others: Any) -> None:
        self.rates.append(lrspec.rates_by_group(optimizer))


def arguments(folder: str, **others: Any) -> TrainingArguments:
    """Arguments for both ways, without `learning_rate` and `weight_decay`: the spec sets them."""
    return TrainingArguments(
        folder, max_steps=STEPS, use_cpu=True, report_to="none", save_strategy="no", logging_strategy="no", **others
    )


def train() -> Rates:
    """Give the Trainer an optimizer and a scheduler."""
    model, record = build(), Record()
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = get_cosine_schedule_with_warmup(optimizer, WARMUP, STEPS)
    with TemporaryDirectory() as folder:
        Trainer(
            model,
            arguments(folder),
            train_dataset=sentences(),
            optimizers=(optimizer, scheduler),
            callbacks=[VerifyPlan(plan), record],
        ).train()
    return record.rates


def train_by_use() -> Rates:
    """Let the Trainer make both: the optimizer from the spec, the scheduler from its arguments."""
    record = Record()
    with TemporaryDirectory() as folder:
        chosen = arguments(folder, lr_scheduler_type="cosine", warmup_steps=WARMUP)
        trainer = Trainer(build(), chosen, train_dataset=sentences(), callbacks=[record])
        use(trainer, SPEC)  # which also adds VerifyPlan
        trainer.train()
    return record.rates


if __name__ == "__main__":
    for step, rates in enumerate(train_by_use() if "--use" in sys.argv else train()):
        print(step, rates)
