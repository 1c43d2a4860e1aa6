"""`from_optimizer`: the spec whose groups are those of a live optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.errors import warn
from lrspec.drafting.draft import draft
from lrspec.drafting.live.group_values import GroupsError
from lrspec.drafting.live.read import read
from lrspec.drafting.prove import TooLongError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn
    from torch.optim import Optimizer

    from lrspec.spec.load import SpecFile


def from_optimizer(optimizer: Optimizer | Mapping[str, Optimizer], model: nn.Module, scheduler: Any = None) -> SpecFile:
    """Return the spec that gives every parameter of a model what the groups of its optimizer do; `.text` is the file.

    Args:
        optimizer: the optimizer, under a trainer's wrapper too, or several in a mapping of their names.
        model: the model that it trains, wrapped or not; not sharded.
        scheduler: its scheduler of torch or timm, if there is one, or a list or a mapping of them.

    The learning rates are those that the schedule starts from, or is a multiple of. What does not train is frozen.
    What a spec cannot say is in comments at its head, and issued as a `SpecWarning` each.

    Raises:
        GroupsError: if no spec describes the groups: one has no learning rate, say, or they are too many.
        InventoryError: as `Inventory.from_model`.
        TypeError: for what is not a model, an optimizer or a scheduler.
    """
    wanted, omissions = read(optimizer, model, scheduler)
    warn(omissions)
    try:
        return draft(wanted).file
    except TooLongError as failure:
        raise GroupsError(str(failure)) from None
