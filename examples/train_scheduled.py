# Needs lrspec, and: pip install torch timm lightning accelerate scikit-learn
"""Schedules from the spec: in a plain loop that stops and resumes, in Lightning, and with accelerate.

python train_scheduled.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelerate import Accelerator
from lightning.pytorch import LightningModule, Trainer
from small_vit import BATCH, batch, build
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import lrspec
from lrspec.trainers.lightning import VerifyPlan

SPEC = Path(__file__).parent / "small-vit-scheduled.lrspec.yaml"
STEPS, STOP = 8, 5

Rates = list[dict[str, float]]
"""The rate of each group, by its name, at each step."""


def data() -> DataLoader[tuple[Tensor, ...]]:
    """The batches of a run."""
    return DataLoader(TensorDataset(*batch(0)), batch_size=BATCH // STEPS, drop_last=True)


def train(first: int, last: int, saved: dict[str, Any] | None = None) -> tuple[Rates, dict[str, Any]]:
    """Train from a step to another, and return the rates and a checkpoint."""
    model, seen = build(), []
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = lrspec.build_scheduler(plan, optimizer, steps=STEPS)
    if saved is not None:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
    for images, labels in list(data())[first:last]:
        assert not plan.verify(optimizer, model, scheduler)
        seen.append(lrspec.rates_by_group(optimizer))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        scheduler.step()
    objects: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    return seen, {name: each.state_dict() for name, each in objects.items()}


class Digits(LightningModule):
    """Holds the model in `self.model`, and notes the rates of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.model = build()
        self.plan = lrspec.compile(SPEC, self.model)
        self.seen: Rates = []

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        images, labels = batch
        self.seen.append(lrspec.rates_by_group(self.trainer.optimizers[0]))
        return nn.functional.cross_entropy(self.model(images), labels)

    def configure_optimizers(self) -> Any:
        optimizer = lrspec.build_optimizer(self.plan, self.model)
        scheduler = lrspec.build_scheduler(self.plan, optimizer, steps=STEPS)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]  # "epoch" would leave the rates at step 0


def train_with_lightning() -> Rates:
    """The same in Lightning."""
    module = Digits()
    quiet: dict[str, Any] = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = Trainer(
        accelerator="cpu", max_steps=STEPS, callbacks=[VerifyPlan(module.plan, "model")], logger=False, **quiet
    )
    trainer.fit(module, data())
    return module.seen


def train_with_accelerate() -> Rates:
    """The same with accelerate, which would step a scheduler that it has prepared once for each process."""
    accelerator, model, seen = Accelerator(cpu=True), build(), []
    plan = lrspec.compile(SPEC, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = lrspec.build_scheduler(plan, optimizer, steps=STEPS)
    model, optimizer, batches = accelerator.prepare(model, optimizer, data())  # without the scheduler
    assert not plan.verify(optimizer, model, scheduler)
    for images, labels in batches:
        seen.append(lrspec.rates_by_group(optimizer))
        optimizer.zero_grad()
        accelerator.backward(nn.functional.cross_entropy(model(images), labels))
        optimizer.step()
        scheduler.step()
    return seen


if __name__ == "__main__":
    before, checkpoint = train(0, STOP)
    after, _ = train(STOP, STEPS, checkpoint)
    assert before + after == train_with_lightning() == train_with_accelerate()
    for step, of_step in enumerate(before + after):
        print(step, of_step)
