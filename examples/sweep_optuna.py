# Needs lrspec, and: pip install torch timm optuna scikit-learn
"""Optuna: a study over numbers in a spec, each named by its path there.

python sweep_optuna.py
"""

from __future__ import annotations

import optuna
from small_vit import SPEC, build, train

import lrspec

SPACE = {"optimizer.lr": (0.01, 1.0), "rules.depth.layer_decay": (0.5, 1.0)}


def objective(trial: optuna.Trial) -> float:
    """The loss after a few steps with the rates of a trial."""
    spec = lrspec.load(SPEC).override({path: trial.suggest_float(path, *ends) for path, ends in SPACE.items()})
    model = build()
    return train(model, lrspec.build_optimizer(spec, model))


def study(trials: int) -> optuna.Study:
    """A few trials, the same in every run."""
    found = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    found.optimize(objective, trials)
    return found


if __name__ == "__main__":
    print(study(trials=10).best_params)
