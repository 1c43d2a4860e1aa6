"""What the optimizers of torch.optim keep of a parameter: a table, so that no torch is needed.

Taken from torch 2.15; a test takes a step with each optimizer and holds the table equal to what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lrspec.spec.torch_optim import ARGUMENTS, EVERY_ARGUMENT, FLAGS


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

_TELLING = (EVERY_ARGUMENT - FLAGS) | {"amsgrad"}
"""The settings that tell classes apart: most flags came with later versions of torch, `amsgrad` did not."""


def why_not(optimizer: Any, settings: Mapping[str, Any], state: Mapping[str, Any], saved: Mapping[str, Any]) -> str:
    """Why a parameter's state cannot go on in an optimizer, or nothing.

    `settings` are those of its group now, and `saved` those of the group that it was in.
    """
    name = type(optimizer).__name__
    if foreign := sorted(_TELLING.intersection(saved).difference(optimizer.defaults)):
        return f"{name} trains it now, which has no {', '.join(foreign)}"
    keys = _keys_of(optimizer)
    if keys is None or not state:
        return ""
    if not _is_state_of(keys, state):
        return f"{name} trains it now, and the state is another's ({', '.join(map(str, state))})"
    if lacking := _lacking(optimizer, saved):
        others = " or ".join(_savers(state, saved))
        had = f"the state is of {others}" if others else f"the groups of the checkpoint had no {', '.join(lacking)}"
        return f"{name} trains it now, and {had}"
    option = next((o for o, key in keys.by_option.items() if settings.get(o) and key not in state), None)
    return f"`{option}` is new, and the state has no {keys.by_option[option]} for it" if option else ""


def carried(optimizer: Any, settings: Mapping[str, Any], state: Mapping[str, Any], saved: Mapping[str, Any]) -> str:
    """Which class saved a state that goes on in an optimizer, or nothing where it is the optimizer's own.

    The arguments are those of `why_not`. A state dict names no class; the settings of its groups tell.
    """
    if not state:
        return ""
    if not _TELLING.intersection(saved):
        return "a class that the checkpoint does not name"
    if lacking := _lacking(optimizer, saved):
        return f"a class whose groups had no {', '.join(lacking)}"
    return _of_adam(optimizer, settings, saved) if _is_adam(optimizer) else ""


def _of_adam(optimizer: Any, settings: Mapping[str, Any], saved: Mapping[str, Any]) -> str:
    """Adam or AdamW: they keep the same, and differ in a setting that torch saves since 2.7."""
    was = saved.get("decoupled_weight_decay")
    if was is None:
        return "Adam or AdamW"
    saver = "AdamW" if was else "Adam"
    now = settings.get("decoupled_weight_decay", "AdamW" in _names_of(optimizer))
    return saver if bool(was) != bool(now) and saver != type(optimizer).__name__ else ""


def _is_adam(optimizer: Any) -> bool:
    return not {"Adam", "AdamW"}.isdisjoint(_names_of(optimizer))


def _names_of(optimizer: Any) -> set[str]:
    """The classes of torch.optim that an optimizer is of, by inheritance too."""
    return {cls.__name__ for cls in type(optimizer).__mro__ if cls.__module__.startswith("torch.optim.")}


def _lacking(optimizer: Any, saved: Mapping[str, Any]) -> list[str]:
    """The settings that groups of an optimizer have in every version of its class, and that a saved group had not."""
    if not _TELLING.intersection(saved):
        return []
    known = ARGUMENTS.get(type(optimizer).__name__) if is_of_torch(optimizer) else None
    own = set(optimizer.defaults) if known is None else known
    return sorted(own - (FLAGS - _TELLING) - saved.keys())


def _savers(state: Mapping[str, Any], saved: Mapping[str, Any]) -> list[str]:
    """The classes of torch.optim that save such groups with such states."""
    told = _TELLING.intersection(saved)
    return [
        n for n, arguments in ARGUMENTS.items() if arguments & _TELLING == told and _is_state_of(STATE_KEYS[n], state)
    ]


def _is_state_of(keys: Keys, state: Mapping[str, Any]) -> bool:
    return keys.needed <= state.keys() <= keys.possible


def should_have_state(optimizer: Any, saved: Mapping[str, Any]) -> bool:
    """Whether such an optimizer keeps something of each parameter that it trains; `saved` are the group's settings."""
    keys = _keys_of(optimizer)
    return keys is not None and bool(keys.needed or saved.get("momentum"))


def _keys_of(optimizer: Any) -> Keys | None:
    return STATE_KEYS.get(type(optimizer).__name__) if is_of_torch(optimizer) else None


def is_of_torch(optimizer: Any) -> bool:
    """Whether an optimizer is of a class of torch.optim itself: any other, a subclass too, may keep anything."""
    return type(optimizer).__module__.startswith("torch.optim.")


def stepping(optimizer: Any) -> Any:
    """The optimizer that steps: under a ZeroRedundancyOptimizer the one of this process, and else the optimizer itself.

    That one is of the wrapped class and has its defaults, and the state of those parameters that this process steps.
    The groups of the whole model are the outer one's. With `overlap_with_ddp` there is none before the first steps.
    """
    return getattr(optimizer, "optim", optimizer) if _is_zero(optimizer) else optimizer


def class_of(optimizer: Any) -> type:
    """The class that an optimizer steps by: of a ZeroRedundancyOptimizer the one that it was given."""
    inside = stepping(optimizer)
    cls: type = optimizer._optim_constructor if _is_zero(inside) else type(inside)
    return cls


def _is_zero(optimizer: Any) -> bool:
    return any(cls.__name__ == "ZeroRedundancyOptimizer" for cls in type(optimizer).__mro__)
