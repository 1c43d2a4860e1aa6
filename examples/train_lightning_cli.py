# Needs lrspec, and: pip install torch timm lightning scikit-learn
"""LightningCLI: the spec stands in the configuration, or is named there or on the command line.

It also needs jsonargparse[signatures], which comes with lightning[pytorch-extra].

python train_lightning_cli.py fit --config lightning-cli.yaml
python train_lightning_cli.py fit --config lightning-cli.yaml --model.spec small-vit-scheduled.lrspec.yaml
"""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.cli import LightningCLI
from small_vit import BATCH, batch, build
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lrspec.trainers.lightning import configure_optimizers

STEPS = 8


class Digits(LightningModule):
    """Holds the model in `self.model`, and the spec for it: a path, or a mapping from the configuration."""

    def __init__(self, spec: str | dict[str, Any]) -> None:
        super().__init__()
        self.model = build()
        self.spec = spec

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        images, labels = batch
        return nn.functional.cross_entropy(self.model(images), labels)

    def configure_optimizers(self) -> Any:
        return configure_optimizers(self, self.spec, part="model")

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(TensorDataset(*batch(0)), batch_size=BATCH // STEPS)


def run() -> dict[str, list[float]]:
    """Run the command line, and return the rates of each group that the LearningRateMonitor has logged."""
    trainer: Any = LightningCLI(Digits, save_config_callback=None).trainer
    (monitor,) = (each for each in trainer.callbacks if isinstance(each, LearningRateMonitor))
    return dict(monitor.lrs)


if __name__ == "__main__":
    for name, rates in run().items():
        print(name, rates)
