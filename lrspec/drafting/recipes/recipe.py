"""What a recipe starts from, and what it makes: a model with its depth and some choices in, rules out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lrspec.drafting.depth.depth import Depth
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Columns
from lrspec.spec.language import Optimizer
from lrspec.spec.torch_optim import ARGUMENTS, DEFAULT_WEIGHT_DECAY, plain_type


class RefusedError(Exception):
    """A recipe makes no sense for a model; the message says why, and what would."""


@dataclass(frozen=True)
class Choices:
    """What somebody wants a recipe to use; None leaves the choice to the recipe."""

    lr: float | None = None
    weight_decay: float | None = None
    layer_decay: float | None = None
    head_mult: float | None = None
    optimizer: str | None = None


@dataclass(frozen=True)
class Subject:
    """A model that a recipe is for."""

    inventory: Inventory
    depth: Depth

    @property
    def columns(self) -> Columns:
        """The parameters of the model."""
        return self.inventory.columns

    @property
    def trained(self) -> list[int]:
        """The places of the parameters that the model trains."""
        return [place for place, trainable in enumerate(self.columns.trainable) if trainable]

    @property
    def reads_text(self) -> bool:
        """Whether the model has an embedding of tokens, as a language model has."""
        return any(declared and "embedding" in declared for declared in self.columns.declared)


@dataclass(frozen=True)
class Sketch:
    """What a recipe makes: the optimizers, the rules, and a sentence for the head of the file.

    `layers` are those that its ladders are meant to give the parameters, None to those on no ladder.
    """

    bases: Mapping[str, Optimizer]
    rules: Sequence[DraftRule]
    note: str
    layers: Sequence[int | None] = ()


def fine_tuning(subject: Subject, choices: Choices) -> Optimizer:
    """Return the optimizer for fine-tuning all of a model.

    For language models BERT's, with 5e-5 in `run_classifier.py` and a weight decay of 0.01 in `optimization.py`; for
    others 1e-3 and 0.05, the defaults of `main_finetune.py` of masked autoencoders, for a batch of 256.
    """
    lr, decay = (5e-5, 0.01) if subject.reads_text else (1e-3, 0.05)
    return optimizer(Optimizer(type="AdamW", lr=lr, weight_decay=decay), choices)


_OF_GRADIENTS = ("SGD", "ASGD")
_OWN_RATES = {"Adadelta": 1.0, "Adafactor": 0.01, "Adagrad": 0.01, "Muon": 1e-3, "Rprop": 0.01}
"""The defaults of those classes of torch.optim whose learning rate is no size of a step such as that of an Adam.

A factor on a step that the class finds itself, a share of the size of a weight, the first of shrinking or of adapted
steps, and a factor on a whole matrix.
"""


def optimizer(default: Optimizer, choices: Choices) -> Optimizer:
    """Return the optimizer of a recipe with the numbers that somebody wants; another class has other arguments.

    SGD and ASGD, whose steps depend on the size of gradients, get ten times the learning rate of an Adam, and SGD
    momentum. A class whose rate has another meaning gets its own default.
    """
    if choices.optimizer is not None and plain_type(choices.optimizer) == "SparseAdam":
        raise RefusedError(
            "SparseAdam takes sparse gradients only, those of nn.Embedding(sparse=True): use AdamW or Adam"
        )
    changed: dict[str, Any] = {**default.options, "type": default.type, "lr": default.lr}
    if choices.optimizer is not None and (type_ := plain_type(choices.optimizer)) != default.type:
        lr = (default.lr or 0.0) * (10 if type_ in _OF_GRADIENTS else 1)
        changed = {"type": choices.optimizer, "lr": _OWN_RATES.get(type_, lr)}
        changed |= {"momentum": 0.9} if type_ == "SGD" else {}
    decay = default.weight_decay if choices.weight_decay is None else choices.weight_decay
    if _takes_decay(plain_type(changed["type"]), decay):
        changed["weight_decay"] = decay
    if choices.lr is not None:
        changed["lr"] = choices.lr
    return Optimizer(**{key: value for key, value in changed.items() if value is not None})


def _takes_decay(type_: str, decay: float | None) -> bool:
    """Return whether a weight decay is an argument of a class, and is not what the class does anyway."""
    if type_ not in ARGUMENTS:
        return True
    return "weight_decay" in ARGUMENTS[type_] and decay != (0 if type_ not in DEFAULT_WEIGHT_DECAY else None)


def rest(comment: str, name: str = "rest", **settings: Any) -> DraftRule:
    """Return the rule for whatever no earlier rule has decided."""
    return DraftRule(name, Selector(), tuple(settings.items()), fallback=True, comment=comment)
