"""Settles what TrainingArguments and a spec both say: the learning rate, the weight decay, the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import value_words
from lrspec.optim.optimizer_classes import BuildError
from lrspec.spec.language import Optimizer
from lrspec.spec.load import SpecFile
from lrspec.spec.torch_optim import ARGUMENTS

_RATES = {"lr": "learning_rate", "weight_decay": "weight_decay"}
_OPTIMIZER = ["optim", "optim_args", "adam_beta1", "adam_beta2", "adam_epsilon", "learning_rate_mapping"]
_SCHEDULE = ["lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "warmup_ratio"]


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
    """Sentences about arguments that have been set, that do nothing beside the spec, and that it does not repeat."""
    base, defaults = file.spec.bases[file.spec.default], _defaults(arguments)
    repeated = _in_arguments(base)
    scheduled = _SCHEDULE if file.spec.schedules else []
    for name in [*_OPTIMIZER, *scheduled]:
        value = getattr(arguments, name, None)
        if value in (None, "", {}, defaults.get(name), repeated.get(name)) or _repeats(base, name, value):
            continue
        reason = "its `schedules` decide" if name in scheduled else "its `optimizer` and `rules` decide"
        yield f"{printable(file.path)}: `{name}` of {type(arguments).__name__} does nothing with the spec: {reason}"


def _in_arguments(base: Optimizer) -> dict[str, Any]:
    """What the spec says of an optimizer, as the arguments say it."""
    options, betas = base.options, base.options.get("betas")
    found = dict(zip(["adam_beta1", "adam_beta2"], betas if isinstance(betas, list | tuple) else [], strict=False))
    return found | {"adam_epsilon": options.get("eps"), "optim": str(base.type).lower()}


def _repeats(base: Optimizer, name: str, value: Any) -> bool:
    """Return whether a text says what the spec says: `momentum=0.9` of the options; and AdamW is the default."""
    if name == "optim":
        return "adamw_torch" in value
    pairs = [each.strip().partition("=") for each in value.split(",")] if name == "optim_args" else []
    return bool(pairs) and all(
        text in map(str, (base.options.get(key), value_words(base.options.get(key)))) for key, _, text in pairs
    )


def _defaults(arguments: Any) -> dict[str, Any]:
    return {field.name: field.default for field in fields(arguments)}
