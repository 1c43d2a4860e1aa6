# Needs lrspec, and: pip install torch timm lightning scikit-learn
"""Lightning: `configure_optimizers` from a plan, rates logged by group name, and a check before training starts.

python train_lightning.py
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger
from small_vit import BATCH, SPEC, batch, build
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset

import lrspec
from lrspec.trainers.lightning import VerifyPlan

STEPS = 8


class Digits(LightningModule):
    """Holds the model in `self.model`; the plan is for that, because the spec's names have no `model.` prefix."""

    def __init__(self) -> None:
        super().__init__()
        self.model = build()
        self.plan = lrspec.compile(SPEC, self.model)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        images, labels = batch
        return nn.functional.cross_entropy(self.model(images), labels)

    def configure_optimizers(self) -> Any:
        optimizer = lrspec.build_optimizer(self.plan, self.model)
        rates = self.plan.rates(optimizer)  # a list: with a single number, every group would have the same rate
        scheduler = OneCycleLR(optimizer, max_lr=rates, total_steps=STEPS, cycle_momentum=False)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]  # Lightning's default is "epoch"


def train() -> dict[str, list[float]]:
    """Train, and return the logged rates of each group, step by step."""
    module, monitor = Digits(), LearningRateMonitor()
    with TemporaryDirectory() as folder:
        trainer = Trainer(
            accelerator="cpu",
            max_steps=STEPS,
            callbacks=[VerifyPlan(module.plan, part="model"), monitor],
            logger=CSVLogger(folder),
            log_every_n_steps=1,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, DataLoader(TensorDataset(*batch(0)), batch_size=BATCH // STEPS))
    return monitor.lrs


if __name__ == "__main__":
    for name, rates in train().items():
        print(name, rates)
