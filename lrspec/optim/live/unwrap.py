"""Finds the optimizer, or the scheduler, under wrappers: those of trainers, and torch's ZeroRedundancyOptimizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def inner(wrapped: Any, under: str = "optimizer") -> Any:
    """Return the optimizer, or the scheduler, under the wrappers of trainers."""
    *_, innermost = _layers(wrapped, under)
    return innermost


def _layers(wrapped: Any, under: str = "optimizer") -> Iterator[Any]:
    """The wrappers from the outside in, and what is under them."""
    yield wrapped
    mark = "param_groups" if under == "optimizer" else "step"
    while (inside := getattr(wrapped, under, None)) is not None and hasattr(inside, mark):
        wrapped = inside
        yield wrapped


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


def live_groups(optimizer: Any) -> Sequence[dict[str, Any]]:
    """Return the groups of an optimizer as it steps, with the model's own parameters in them.

    mmengine's wrapper adds a group of its own, which nothing steps. DeepSpeed's ZeRO has flat shards in them, and keeps
    the parameters separately, group by group. A ZeroRedundancyOptimizer that overlaps with DDP steps by its defaults,
    not by its group. TypeError if it is not an optimizer.
    """
    if not hasattr(optimizer, "param_groups"):
        raise TypeError(f"expected an optimizer (torch.optim.Optimizer), found {type(optimizer).__name__}")
    groups: Sequence[dict[str, Any]] = inner(optimizer).param_groups
    whole = next((found for each in _layers(optimizer) if (found := _kept_whole(each, len(groups)))), None)
    if whole:
        return [{**group, "params": params} for group, params in zip(groups, whole, strict=True)]
    if getattr(optimizer, "_overlap_with_ddp", False):
        defaults = stepping(optimizer).defaults
        betas = {"betas": (defaults["beta1"], defaults["beta2"])} if "beta1" in defaults else {}
        return [{**group, **defaults, **betas} for group in groups]
    return groups


def _kept_whole(optimizer: Any, groups: int) -> Sequence[Sequence[Any]] | None:
    """The parameters that ZeRO keeps, by group: stage 3 has several parts of each group."""
    parts, group_of = getattr(optimizer, "fp16_groups", None), getattr(optimizer, "sub_group_to_group_id", None)
    if parts is not None and group_of is not None:
        return [
            [each for number, part in enumerate(parts) if group_of[number] == group for each in part]
            for group in range(groups)
        ]
    whole: Sequence[Sequence[Any]] | None = getattr(optimizer, "bit16_groups", None)
    return whole if whole is not None and len(whole) == groups else None


def _is_zero(optimizer: Any) -> bool:
    return any(cls.__name__ == "ZeroRedundancyOptimizer" for cls in type(optimizer).__mro__)
