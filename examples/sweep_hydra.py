# Needs lrspec, and: pip install torch timm hydra-core scikit-learn
"""Hydra: applies the command line to the spec, with one value or several per path.

python sweep_hydra.py +rules.depth.layer_decay=0.9
python sweep_hydra.py --multirun +optimizer.lr=0.05,0.1 +rules.depth.layer_decay=0.7,0.8
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf
from small_vit import SPEC, build, train

import lrspec


def paths(values: Any, *steps: str) -> Iterator[tuple[str, Any]]:
    """Flatten nested mappings to values by dotted path: `rules.depth.layer_decay`."""
    if not isinstance(values, dict):
        yield ".".join(steps), values
    else:
        for key, value in values.items():
            yield from paths(value, *steps, key)


@hydra.main(version_base=None)
def main(config: DictConfig) -> None:
    """Print what was set, and the loss after a few steps."""
    values = dict(paths(OmegaConf.to_container(config)))
    model = build()
    optimizer = lrspec.build_optimizer(lrspec.load(SPEC).override(values), model)
    print(values, train(model, optimizer))


if __name__ == "__main__":
    main()
