"""Loads state dicts into optimizers: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lrspec.optim.live.unwrap import stepping
from lrspec.optim.resume.result import ResumeError

if TYPE_CHECKING:
    from torch.optim import Optimizer


def load_all(state_dicts: Sequence[tuple[Optimizer, dict[str, Any]]]) -> None:
    """Load a state dict into each optimizer.

    torch replaces state and groups by new dicts; the old ones are kept, with their contents, until all are loaded. If
    an optimizer refuses its state dict, ResumeError is raised and all of them are unchanged.
    """
    inner = [stepping(optimizer) for optimizer, _ in state_dicts]
    outer = [optimizer for optimizer, _ in state_dicts if stepping(optimizer) is not optimizer]
    before = []
    for optimizer in [*inner, *outer]:
        states = {key: dict(value) if isinstance(value, dict) else value for key, value in optimizer.state.items()}
        contents = [dict(group) for group in optimizer.param_groups]
        before.append((optimizer, optimizer.state, states, optimizer.param_groups, contents))
    try:
        for optimizer, state_dict in state_dicts:
            try:
                optimizer.load_state_dict(state_dict)
            except Exception as failure:
                raise ResumeError(f"{type(optimizer).__name__} refuses the state: {failure}") from failure
    except BaseException:
        for optimizer, state, states, groups, contents in before:
            state.clear()
            state.update(states)
            for group, content in zip(groups, contents, strict=True):
                group.clear()
                group.update(content)
            optimizer.state, optimizer.param_groups = state, groups
        raise
