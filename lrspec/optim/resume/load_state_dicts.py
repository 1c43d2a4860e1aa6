"""State dicts into optimizers, all or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lrspec.optim.resume.result import ResumeError
from lrspec.optim.state_keys import stepping

if TYPE_CHECKING:
    from torch.optim import Optimizer


def load_all(each: Sequence[tuple[Optimizer, dict[str, Any]]]) -> None:
    """Load a state dict into each optimizer.

    Raises:
        ResumeError: where one refuses its own; all are as they were then.
    """
    inner = [stepping(optimizer) for optimizer, _ in each]
    outer = [optimizer for optimizer, _ in each if stepping(optimizer) is not optimizer]
    with _unchanged_on_failure([*inner, *outer]):
        for optimizer, state_dict in each:
            try:
                optimizer.load_state_dict(state_dict)
            except Exception as failure:
                raise ResumeError(f"{type(optimizer).__name__} refuses the state: {failure}") from failure


@contextmanager
def _unchanged_on_failure(optimizers: Sequence[Optimizer]) -> Iterator[None]:
    """torch puts new dicts in place of state and groups; these are kept, with what is in them, until all went well."""
    before = [
        (each, each.state, {key: _copy(inner) for key, inner in each.state.items()}, each.param_groups, _groups(each))
        for each in optimizers
    ]
    try:
        yield
    except BaseException:
        for optimizer, state, states, groups, contents in before:
            state.clear()
            state.update(states)
            for group, content in zip(groups, contents, strict=True):
                group.clear()
                group.update(content)
            optimizer.state, optimizer.param_groups = state, groups
        raise


def _groups(optimizer: Optimizer) -> list[dict[str, Any]]:
    return [dict(group) for group in optimizer.param_groups]


def _copy(inner: Any) -> Any:
    return dict(inner) if isinstance(inner, dict) else inner
