"""Finds the optimizer, or the scheduler, under wrappers: those of trainers, and torch's ZeroRedundancyOptimizer."""

from __future__ import annotations

from typing import Any


def inner(wrapped: Any, under: str = "optimizer") -> Any:
    """Return the optimizer, or the scheduler, under the wrappers of trainers."""
    mark = "param_groups" if under == "optimizer" else "step"
    while (inside := getattr(wrapped, under, None)) is not None and hasattr(inside, mark):
        wrapped = inside
    return wrapped


def stepping(optimizer: Any) -> Any:
    """Return the optimizer that steps: under a ZeroRedundancyOptimizer that of this process, otherwise itself.

    The former is of the wrapped class, and has its defaults and the state of the parameters that this process steps.
    The outer one has the groups of the whole model. With `overlap_with_ddp` there is none before the first steps.
    """
    return getattr(optimizer, "optim", optimizer) if _is_zero(optimizer) else optimizer


def class_of(optimizer: Any) -> type:
    """Return the class that does an optimizer's steps: for a ZeroRedundancyOptimizer, the one that it wraps."""
    inside = stepping(optimizer)
    cls: type = optimizer._optim_constructor if _is_zero(inside) else type(inside)
    return cls


def _is_zero(optimizer: Any) -> bool:
    return any(cls.__name__ == "ZeroRedundancyOptimizer" for cls in type(optimizer).__mro__)
