"""The table of torch.optim's classes that take parameter groups, and their arguments, so that torch is not needed.

Taken from the signatures of torch 2.15; a test compares it with the installed torch.
"""

from __future__ import annotations

from typing import Any

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
"""The arguments of each class, including `lr` and `weight_decay` but not `params`."""

EVERY_ARGUMENT = frozenset[str]().union(*ARGUMENTS.values())
"""The arguments of all these classes together."""

LENGTHS = {"betas": 2, "etas": 2, "step_sizes": 2, "ns_coefficients": 3}
"""The arguments that are lists of numbers in every class that has them, with the length of the list."""

FLAGS = frozenset(
    {"amsgrad", "capturable", "centered", "decoupled_weight_decay", "differentiable"}
    | {"foreach", "fused", "maximize", "nesterov"}
)
"""The arguments that are true or false."""

TEXTS = frozenset({"adjust_lr_fn"})
"""The arguments that are strings."""

DEFAULT_WEIGHT_DECAY = {"AdamW": 0.01, "Muon": 0.1}
"""The weight decay that a class applies by default; the others apply none."""

ADAMS = {"Adam": 1e-3, "AdamW": 1e-3, "Adamax": 2e-3, "NAdam": 2e-3, "RAdam": 1e-3}
"""The classes whose steps are about as large as the learning rate, and the rate that each has by default."""

ONLY_MATRICES = frozenset({"Muon"})
"""The optimizers of torch.optim that accept only parameters of two dimensions."""

FROM_TORCH = "torch.optim."
"""The optional prefix of a class of torch.optim."""

FROM_TIMM = "timm:"
"""The prefix of an optimizer from timm's registry."""

ONE_GROUP_ONLY = frozenset({"LBFGS"})
"""The optimizers of torch.optim that do not take parameter groups."""

_MODULES = {"Adafactor": "_adafactor", "Muon": "_muon", "SparseAdam": "sparse_adam"}

SPELLINGS = {
    name: (name, f"{FROM_TORCH}{name}", f"{FROM_TORCH}{_MODULES.get(name, name.lower())}.{name}")
    for name in (*ARGUMENTS, *ONE_GROUP_ONLY)
}
"""The ways to write the type of each class: by itself, in torch.optim, and in the module that defines it."""

_NAMES = {spelling: name for name, spellings in SPELLINGS.items() for spelling in spellings}


def plain_type(type_: Any) -> Any:
    """Return the type of an optimizer without `torch.optim.` before its name; anything else is returned as it is."""
    return _NAMES.get(type_, type_) if isinstance(type_, str) else type_


NOT_SETTINGS = frozenset({"params", "param_names", "name"})
"""The keys of a parameter group that are not settings."""

IN_THE_RULE = frozenset({"lr", "weight_decay"})
"""The settings that are keys of a rule itself, not of its `options`."""

NOT_OPTIONS = NOT_SETTINGS | IN_THE_RULE
"""The names that an option cannot have."""

NOT_TAGS = NOT_OPTIONS | frozenset(
    {"initial_lr", "max_lr", "min_lr", "swa_lr", "lr_scale"} | {"momentum", "base_momentum", "max_momentum", "betas"}
)
"""The names that a tag cannot have: torch, a scheduler or lrspec gives them to groups."""
