# Needs lrspec, and: pip install torch timm hydra-core scikit-learn
"""Hydra: `_target_: lrspec.build_optimizer`, with the spec in the configuration; any value of it can be overridden.

python train_hydra.py
python train_hydra.py optimizer.spec.optimizer.lr=0.05 optimizer.spec.rules.0.layer_decay=0.9
"""

from __future__ import annotations

import hydra
from hydra.utils import instantiate
from omegaconf import DictConfig
from small_vit import build, train


@hydra.main(version_base=None, config_path=".", config_name="train-hydra")
def main(config: DictConfig) -> None:
    """Print the rates, and the loss after a few steps."""
    model = build()
    optimizer = instantiate(config.optimizer, model=model)
    print({group["name"]: group["lr"] for group in optimizer.param_groups}, train(model, optimizer))


if __name__ == "__main__":
    main()
