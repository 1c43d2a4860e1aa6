"""What the optimizers of torch.optim keep of a parameter: a table, so that no torch is needed.

Taken from torch 2.15; a test takes a step with each optimizer and holds the table equal to what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lrspec.optimizers import EVERY_ARGUMENT, FLAGS


class Keys(NamedTuple):
    """The keys of a parameter's state: those without which a step fails, and those that an option of the group adds."""

    needed: frozenset[str]
    by_option: Mapping[str, str]
    possible: frozenset[str]


def _keys(needed: str, by_option: Mapping[str, str] | None = None, possible: str = "") -> Keys:
    options = by_option or {}
    return Keys(frozenset(needed.split()), options, frozenset([*needed.split(), *options.values(), *possible.split()]))


_ADAM = _keys("step exp_avg exp_avg_sq", {"amsgrad": "max_exp_avg_sq"})
STATE_KEYS = {
    "ASGD": _keys("step eta mu ax"),
    "Adadelta": _keys("step square_avg acc_delta"),
    "Adafactor": _keys("step", possible="row_var col_var variance"),
    "Adagrad": _keys("step sum"),
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "Adamax": _keys("step exp_avg exp_inf"),
    "Muon": _keys("", possible="momentum_buffer"),
    "NAdam": _keys("step mu_product exp_avg exp_avg_sq"),
    "RAdam": _keys("step exp_avg exp_avg_sq"),
    "RMSprop": _keys("step square_avg", {"momentum": "momentum_buffer", "centered": "grad_avg"}),
    "Rprop": _keys("step prev step_size"),
    "SGD": _keys("", possible="momentum_buffer"),
    "SparseAdam": _keys("step exp_avg exp_avg_sq"),
}
"""By the name of the class. SGD and Muon make their buffer at the next step where it is missing."""

FACTORED = frozenset({"row_var", "col_var"})
"""Tensors that are smaller than the parameter, in one of its dimensions."""

ELEMENTWISE = (
    frozenset().union(*(keys.possible for keys in STATE_KEYS.values())) - FACTORED - {"step", "eta", "mu", "mu_product"}
)
"""Tensors with an element for each of the parameter's, in these optimizers and in those of other libraries."""

HOW_TO_STEP = frozenset({"foreach", "fused", "capturable", "differentiable"})
"""Settings that say how a step is computed, not which: they are for the machine that it is computed on."""


def why_not(optimizer: Any, settings: Mapping[str, Any], state: Mapping[str, Any], saved: Mapping[str, Any]) -> str:
    """Why a parameter's state cannot go on in an optimizer, or nothing.

    `settings` are those of its group now, and `saved` those of the group that it was in.
    """
    cls = type(optimizer)
    foreign = sorted((EVERY_ARGUMENT - FLAGS).intersection(saved).difference(optimizer.defaults))
    if foreign:
        return f"{cls.__name__} trains it now, which has no {', '.join(foreign)}"
    keys = _keys_of(optimizer)
    if keys is None or not state:
        return ""
    if keys.needed - state.keys() or state.keys() - keys.possible:
        return f"{cls.__name__} trains it now, and the state is another's ({', '.join(map(str, state))})"
    option = next((o for o, key in keys.by_option.items() if settings.get(o) and key not in state), None)
    return f"`{option}` is new, and the state has no {keys.by_option[option]} for it" if option else ""


def should_have_state(optimizer: Any, saved: Mapping[str, Any]) -> bool:
    """Whether such an optimizer keeps something of each parameter that it trains; `saved` are the group's settings."""
    keys = _keys_of(optimizer)
    return keys is not None and bool(keys.needed or saved.get("momentum"))


def _keys_of(optimizer: Any) -> Keys | None:
    return STATE_KEYS.get(type(optimizer).__name__) if is_of_torch(optimizer) else None


def is_of_torch(optimizer: Any) -> bool:
    """Whether an optimizer is of a class of torch.optim itself: any other, a subclass too, may keep anything."""
    return type(optimizer).__module__.startswith("torch.optim.")
