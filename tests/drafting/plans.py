"""From a plan back to what every parameter is to get, as if it had been read from the optimizers that it builds."""

from __future__ import annotations

import lrspec
from lrspec.drafting.wanted import Wanted
from lrspec.spec.language import ONLY, Optimizer


def wanted_of(plan: lrspec.Plan) -> Wanted:
    """What a plan gives each parameter; optimizers that train nothing are left out, as nobody can build them."""
    given, default = plan.file.spec.bases, plan.file.spec.default
    used = {each.settings.optimizer or default for each in plan.parameters if each.status.trains}
    bases = {name: base for name, base in given.items() if name in used} or {ONLY: Optimizer()}
    if len(bases) == 1:
        bases = {ONLY: next(iter(bases.values()))}
    settings = [_settings(each, given, default, len(bases) == 1) for each in plan.parameters]
    sources = plan.file.spec.sources
    return Wanted(plan.inventory, settings, bases, sources[0] if sources else None)


def _settings(
    planned: lrspec.PlannedParameter, bases: dict[str, Optimizer], default: str, alone: bool
) -> lrspec.Settings | None:
    if not planned.status.trains:
        return None
    settings, name = planned.settings, planned.settings.optimizer or default
    own = {key: tuple(value) if isinstance(value, list) else value for key, value in bases[name].options.items()}
    options = tuple((key, value) for key, value in settings.options if key not in own or own[key] != value)
    return lrspec.Settings(settings.lr, settings.weight_decay, options, None if alone else name, tags=settings.tags)
