"""Settles what TrainingArguments and a spec both say: the learning rate, the weight decay, the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import value_words
from lrspec.optim.optimizer_classes import BuildError
from lrspec.spec.load import SpecFile
from lrspec.spec.torch_optim import ARGUMENTS

_RATES = {"lr": "learning_rate", "weight_decay": "weight_decay"}


def rates(file: SpecFile, arguments: Any) -> dict[str, float]:
    """Return the `lr` and `weight_decay` that the spec leaves out, from the arguments of a trainer.

    BuildError if the spec sets one of them, and the arguments set another one: a default of their class sets nothing.
    """
    base, defaults, found = file.spec.bases[file.spec.default], _defaults(arguments), {}
    for key, name in _RATES.items():
        own, passed = getattr(base, key), getattr(arguments, name)
        if own is None and (passed != defaults.get(name) or key in ARGUMENTS.get(str(base.type), _RATES)):
            found[key] = passed
        elif own not in (None, passed) and passed != defaults.get(name):
            where = f"`{'.'.join(map(str, file.spec.base_path(file.spec.default)))}.{key}`"
            raise BuildError(
                f"{where} is {value_words(own)} in {printable(file.path)}, "
                f"but `{name}` of {type(arguments).__name__} is {value_words(passed)}: leave out one of the two"
            )
    return found


def unheeded(file: SpecFile, arguments: Any) -> Iterator[str]:
    """Sentences about arguments that have been set, and do nothing beside the spec."""
    scheduled = ["lr_scheduler_type", "warmup_steps", "warmup_ratio"] if file.spec.schedules else []
    defaults = _defaults(arguments)
    for name in ["optim", "learning_rate_mapping", *scheduled]:
        value = getattr(arguments, name, None)
        if value and value != defaults.get(name) and not (name == "optim" and "adamw_torch" in value):
            reason = "its `schedules` decide" if name in scheduled else "its `optimizer` and `rules` decide"
            yield f"{printable(file.path)}: `{name}` of {type(arguments).__name__} does nothing with the spec: {reason}"


def _defaults(arguments: Any) -> dict[str, Any]:
    return {field.name: field.default for field in fields(arguments)}
