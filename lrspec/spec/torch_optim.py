"""The optimizers of torch.optim that take groups, and their arguments: a table, so that no torch is needed.

Taken from the signatures of torch 2.15; a test holds it equal to the torch that is installed.
"""

from __future__ import annotations

_ARGUMENTS = {
    "ASGD": "alpha capturable differentiable foreach lambd lr maximize t0 weight_decay",
    "Adadelta": "capturable differentiable eps foreach lr maximize rho weight_decay",
    "Adafactor": "beta2_decay d eps foreach lr maximize weight_decay",
    "Adagrad": "differentiable eps foreach fused initial_accumulator_value lr lr_decay maximize weight_decay",
    "Adam": "amsgrad betas capturable decoupled_weight_decay differentiable eps foreach fused lr maximize weight_decay",
    "AdamW": "amsgrad betas capturable differentiable eps foreach fused lr maximize weight_decay",
    "Adamax": "betas capturable differentiable eps foreach lr maximize weight_decay",
    "Muon": "adjust_lr_fn eps lr momentum nesterov ns_coefficients ns_steps weight_decay",
    "NAdam": "betas capturable decoupled_weight_decay differentiable eps foreach lr maximize momentum_decay"
    " weight_decay",
    "RAdam": "betas capturable decoupled_weight_decay differentiable eps foreach lr maximize weight_decay",
    "RMSprop": "alpha capturable centered differentiable eps foreach lr maximize momentum weight_decay",
    "Rprop": "capturable differentiable etas foreach lr maximize step_sizes",
    "SGD": "dampening differentiable foreach fused lr maximize momentum nesterov weight_decay",
    "SparseAdam": "betas eps lr maximize",
}

ARGUMENTS = {name: frozenset(arguments.split()) for name, arguments in _ARGUMENTS.items()}
"""The arguments of each optimizer's class, `lr` and `weight_decay` among them, `params` not."""

EVERY_ARGUMENT = frozenset[str]().union(*ARGUMENTS.values())
"""The arguments of all of these classes."""

LENGTHS = {"betas": 2, "etas": 2, "step_sizes": 2, "ns_coefficients": 3}
"""The arguments that are lists of numbers in all classes that have them, and how many numbers."""

FLAGS = frozenset(
    {"amsgrad", "capturable", "centered", "decoupled_weight_decay", "differentiable"}
    | {"foreach", "fused", "maximize", "nesterov"}
)
"""The arguments that are true or false."""

TEXTS = frozenset({"adjust_lr_fn"})
"""The arguments that are texts."""

DEFAULT_WEIGHT_DECAY = {"AdamW": 0.01, "Muon": 0.1}
"""The weight decay that a class applies where none is given; the others apply none."""

ONLY_MATRICES = frozenset({"Muon"})
"""Optimizers of torch.optim that refuse parameters of other than two dimensions."""

FROM_TIMM = "timm:"
"""How the name of an optimizer in timm's registry begins."""

ONE_GROUP_ONLY = frozenset({"LBFGS"})
"""Optimizers of torch.optim that refuse parameter groups."""

NOT_SETTINGS = frozenset({"params", "param_names", "name"})
"""What a parameter group has besides its settings."""

IN_THE_RULE = frozenset({"lr", "weight_decay"})
"""The settings that a rule has as keys of its own, and not under `options`."""

NOT_OPTIONS = NOT_SETTINGS | IN_THE_RULE
"""What no option can be called."""
