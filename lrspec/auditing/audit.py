"""`audit`: what live optimizers really do to a model, and what of it is probably a mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lrspec.auditing.checks import CHECKS
from lrspec.auditing.result import Audit
from lrspec.auditing.run import observe
from lrspec.auditing.settings import audited_groups
from lrspec.diagnostics.codes import CODES, Severity
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.garbage import uncollected

if TYPE_CHECKING:
    from torch import nn

NAMES = {code.name: code.code for code in CODES.values() if code.code.startswith("LRS5")}
"""The codes that an audit can report, by name."""

_BY_CODE = {code: name for name, code in NAMES.items()}


def audit(
    optimizer: Any,
    model: nn.Module,
    scheduler: Any = None,
    *,
    since: Audit | None = None,
    ignore: Iterable[str] = (),
) -> Audit:
    """Return what the groups of an optimizer give to a model's parameters, and what of it is probably a mistake.

    Nothing is changed: no tensor, no flag, no state. Where it cannot know, it says nothing.

    Args:
        optimizer: the optimizer, under a trainer's wrapper too; of several, a mapping of names or a list.
        model: the model that trains, wrapped or not.
        scheduler: its scheduler of torch or timm, or a list or a mapping of them.
        since: an earlier audit of the same model; rates that differed then and are alike now are LRS512.
        ignore: names of findings to leave out, such as `mixed-decay`.

    Raises:
        InventoryError: if the model has lazy parameters, or if sharding has changed its names or shapes.
        TypeError: for what is not a model, an optimizer, a scheduler or an Audit.
        ValueError: for a name in `ignore` that no finding has.
    """
    if not isinstance(since, Audit | None):
        raise TypeError(f"since: expected an Audit, found {type(since).__name__}")
    ignored = {code_of(name) for name in ([ignore] if isinstance(ignore, str) else ignore)}
    with uncollected():
        run = observe(optimizer, model, scheduler, since)
        groups = tuple(audited_groups(run))
        found = [each for check in CHECKS for each in check(run) if each.code not in ignored]
    found.sort(key=lambda each: (each.severity is not Severity.error, each.code))
    return Audit(run.inventory, groups, tuple(found))


def code_of(name: str) -> str:
    """Return the code of a finding by its name; ValueError for a name that no finding of an audit has."""
    if name not in NAMES:
        raise ValueError(f"no finding of an audit is called {name!r}{did_you_mean(name, NAMES, synonyms=_BY_CODE)}")
    return NAMES[name]
