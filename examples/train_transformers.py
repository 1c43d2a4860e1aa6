# Needs lrspec, and: pip install torch accelerate transformers
"""The transformers Trainer, with both ways to give it an optimizer, and a check before training starts.

python train_transformers.py            Trainer(optimizers=(optimizer, scheduler))
python train_transformers.py --create   a Trainer with its own `create_optimizer`, and the scheduler it chooses
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
from lrspec.trainers.transformers import VerifyPlan

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
    """Arguments for both ways; a `learning_rate` or `weight_decay` here would do nothing: the spec sets them."""
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


class PlannedTrainer(Trainer):  # type: ignore[misc]
    """A Trainer that builds its optimizer from a plan when it needs one."""

    plan: lrspec.Plan
    optimizer: torch.optim.Optimizer | None

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            self.optimizer = lrspec.build_optimizer(self.plan, model or self.model)
        return self.optimizer


def train_created() -> Rates:
    """Let the Trainer create both; the scheduler comes from its arguments."""
    model, record = build(), Record()
    with TemporaryDirectory() as folder:
        chosen = arguments(folder, lr_scheduler_type="cosine", warmup_steps=WARMUP)
        trainer = PlannedTrainer(model, chosen, train_dataset=sentences(), callbacks=[record])
        trainer.plan = lrspec.compile(SPEC, model)
        trainer.add_callback(VerifyPlan(trainer.plan))
        trainer.train()
    return record.rates


if __name__ == "__main__":
    for step, rates in enumerate(train_created() if "--create" in sys.argv else train()):
        print(step, rates)
