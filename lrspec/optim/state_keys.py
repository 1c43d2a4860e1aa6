"""The state that torch.optim's optimizers keep for a parameter, as a table, so that torch need not be imported.

Taken from torch 2.15; a test takes a step with each optimizer and compares the result with the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lrspec.spec.torch_optim import ARGUMENTS, EVERY_ARGUMENT, FLAGS


class Keys(NamedTuple):
    """The keys of a parameter's state: those that a step needs, those that an option of the group adds, and all."""

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
"""By class name. SGD and Muon create a missing buffer at the next step."""

FACTORED = frozenset({"row_var", "col_var"})
"""Tensors that are smaller than the parameter in one of its dimensions."""

ELEMENTWISE = (
    frozenset().union(*(keys.possible for keys in STATE_KEYS.values())) - FACTORED - {"step", "eta", "mu", "mu_product"}
)
"""Tensors of the parameter's shape, in these optimizers and in those of other libraries."""

_OF_TIMM = (
    *("exp_avg_diff", "exp_avg_var", "exp_hessian_diag_sq", "grad_sum_sq", "last_grad", "lookahead_slow"),
    *("max_exp_avg_var", "neg_pre_grad", "s", "x0"),
)
_TIMM = ELEMENTWISE.union(_OF_TIMM)
_FACTORED_BY_TIMM = {"Adafactor", "AdafactorBigVision", "Kron"}
"""Classes of timm that keep tensors of other shapes under the same keys."""

HOW_TO_STEP = frozenset({"foreach", "fused", "capturable", "differentiable"})
"""Settings that decide how a step is computed, not its result: they depend on the machine."""

_DISTINCTIVE = (EVERY_ARGUMENT - FLAGS) | {"amsgrad"}
"""The settings that tell classes apart: most flags came with later versions of torch, but `amsgrad` did not."""


def why_not(optimizer: Any, settings: Mapping[str, Any], state: Mapping[str, Any], saved: Mapping[str, Any]) -> str:
    """Explain why an optimizer cannot resume a parameter's state; empty if it can.

    `settings` are those of its group now, and `saved` those of the group that it was in.
    """
    name = type(optimizer).__name__
    if foreign := sorted(_DISTINCTIVE.intersection(saved).difference(optimizer.defaults)):
        return f"{name} trains it now, which has no {', '.join(foreign)}"
    keys = _keys_of(optimizer)
    if keys is None or not state:
        return ""
    if not _is_state_of(keys, state):
        return f"{name} trains it now, and the state is another's ({', '.join(map(str, state))})"
    if lacking := _lacking(optimizer, saved):
        distinctive = _DISTINCTIVE.intersection(saved)
        savers = [
            saver
            for saver, arguments in ARGUMENTS.items()
            if arguments & _DISTINCTIVE == distinctive and _is_state_of(STATE_KEYS[saver], state)
        ]
        if savers:
            return f"{name} trains it now, and the state is of {' or '.join(savers)}"
        return f"{name} trains it now, and the groups of the checkpoint had no {', '.join(lacking)}"
    option = next((o for o, key in keys.by_option.items() if settings.get(o) and key not in state), None)
    return f"`{option}` is new, and the state has no {keys.by_option[option]} for it" if option else ""


def carried(optimizer: Any, settings: Mapping[str, Any], state: Mapping[str, Any], saved: Mapping[str, Any]) -> str:
    """Name the class that saved a state which an optimizer resumes; empty if it is the optimizer's own.

    The arguments are those of `why_not`. A state dict names no class, but the settings of its groups tell. Adam and
    AdamW keep the same, and differ in a setting that torch saves since 2.7.
    """
    if not state:
        return ""
    if not _DISTINCTIVE.intersection(saved):
        return "a class that the checkpoint does not name"
    if lacking := _lacking(optimizer, saved):
        return f"a class whose groups had no {', '.join(lacking)}"
    names = {cls.__name__ for cls in type(optimizer).__mro__ if cls.__module__.startswith("torch.optim.")}
    if names.isdisjoint({"Adam", "AdamW"}):
        return ""
    was_decoupled = saved.get("decoupled_weight_decay")
    if was_decoupled is None:
        return "Adam or AdamW"
    saver = "AdamW" if was_decoupled else "Adam"
    is_decoupled = settings.get("decoupled_weight_decay", "AdamW" in names)
    return saver if bool(was_decoupled) != bool(is_decoupled) and saver != type(optimizer).__name__ else ""


def _lacking(optimizer: Any, saved: Mapping[str, Any]) -> list[str]:
    """The settings that an optimizer's groups have in every version of its class, and that a saved group lacks."""
    if not _DISTINCTIVE.intersection(saved):
        return []
    known = ARGUMENTS.get(type(optimizer).__name__) if is_of_torch(optimizer) else None
    own = set(optimizer.defaults) if known is None else known
    return sorted(own - (FLAGS - _DISTINCTIVE) - saved.keys())


def _is_state_of(keys: Keys, state: Mapping[str, Any]) -> bool:
    return keys.needed <= state.keys() <= keys.possible


def should_have_state(optimizer: Any, saved: Mapping[str, Any]) -> bool:
    """Return whether such an optimizer keeps state for every parameter; `saved` are the settings of its group."""
    keys = _keys_of(optimizer)
    return keys is not None and bool(keys.needed or saved.get("momentum"))


def _keys_of(optimizer: Any) -> Keys | None:
    return STATE_KEYS.get(type(optimizer).__name__) if is_of_torch(optimizer) else None


def is_of_torch(optimizer: Any) -> bool:
    """Return whether an optimizer is of a class of torch.optim; any other, even a subclass, may keep anything."""
    return type(optimizer).__module__.startswith("torch.optim.")


def elementwise_keys(optimizer: Any) -> frozenset[str]:
    """Return the keys of a state whose tensors have the parameter's shape; none if the class is not torch's or timm's.

    A subclass of one of theirs may keep anything.
    """
    if is_of_torch(optimizer):
        keys = _keys_of(optimizer)
        return ELEMENTWISE & keys.possible if keys else frozenset()
    name = type(optimizer).__name__
    if not type(optimizer).__module__.startswith("timm.optim.") or name in _FACTORED_BY_TIMM:
        return frozenset()
    return _TIMM - {"exp_avg_sq"} if name == "NvNovoGrad" else _TIMM  # it has one number for each parameter


def misshapen(optimizer: Any, tensor: Any) -> dict[str, list[int]]:
    """Return the keys of a parameter's state whose tensors should have its shape and do not, with their shapes."""
    keys = elementwise_keys(optimizer)
    kept = {key: value for key, value in optimizer.state.get(tensor, {}).items() if key in keys} if keys else {}
    shapes = {key: getattr(value, "shape", tensor.shape) for key, value in kept.items()}
    return {key: list(shape) for key, shape in shapes.items() if shape != tensor.shape}


def is_for_each_parameter(optimizer: Any) -> bool:
    """Return whether an optimizer keeps state by the parameters in its groups, as those of torch and timm do."""
    bases = (cls for cls in type(optimizer).__mro__ if cls.__name__ != "Optimizer")
    return any(cls.__module__.startswith(("torch.optim.", "timm.optim.")) for cls in bases)
