"""Settings whose value depends on the parameter: on its optimizer, its shape, or its layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lrspec.compiler.ladder import Ladder
from lrspec.compiler.settings import Setting, settings
from lrspec.compiler.sizes import factor, size
from lrspec.models.parameters import Columns
from lrspec.spec.language import Rule, SizeFactor, Spec, Thaw
from lrspec.spec.times import Time


@dataclass(frozen=True)
class OwnSettings:
    """What a rule sets on each parameter; `optimizers` has the optimizer of each that a rule gives to one."""

    spec: Spec
    rule: Rule
    columns: Columns
    optimizers: Mapping[int, str]
    ladder: Ladder | None

    def by_value(self, setting: Setting, parameters: Sequence[int]) -> Mapping[Setting, Sequence[int]]:
        """The parameters by what the setting is on them, without those that get nothing from it."""
        several = setting.is_multiple and len(self.spec.bases) > 1
        if not parameters or not (several or isinstance(setting.value, SizeFactor | Thaw)):
            return {setting: parameters}
        by_optimizer = {
            name: next(own for own in settings(self.rule, base) if own.axis == setting.axis)
            for name, base in self.spec.bases.items()
        }
        own: dict[Setting, list[int]] = {}
        for parameter in parameters:
            optimizer = self.optimizers.get(parameter, self.spec.default)
            if (on_it := self._on(by_optimizer[optimizer], parameter, optimizer)) is not None:
                own.setdefault(on_it, []).append(parameter)
        return own

    def _on(self, setting: Setting, parameter: int, optimizer: str) -> Setting | None:
        if isinstance(setting.value, SizeFactor):
            base = self.spec.bases[optimizer].weight_decay if setting.is_multiple else 1.0
            return _sized(setting, setting.value, size(self.columns, parameter, setting.value.of), base or 0.0)
        if isinstance(setting.value, Thaw):
            return _thawing(setting, setting.value, self.ladder, parameter)
        return setting


def _sized(setting: Setting, sizes: SizeFactor, of_parameter: int | None, base: float) -> Setting:
    """The setting on a parameter of some size; without one, the factor is 1."""
    own = 1.0 if of_parameter is None else factor(sizes, of_parameter)
    return replace(setting, value=own * base, factor=own, missing=of_parameter is None)


def _thawing(setting: Setting, thaw: Thaw, ladder: Ladder | None, parameter: int) -> Setting | None:
    """The setting on a parameter that thaws: the time, or true for good, or false; None on no layer of its ladder."""
    beyond = 0
    if thaw.by_layer:
        layers = ladder.layers.get(parameter) if ladder else None
        if not ladder or not layers:
            return None
        distance = ladder.count - 1 - next(iter(layers))  # its family is on one layer
        beyond = distance - (thaw.but_last or 0)
    if beyond < 0 or thaw.until is None:
        return replace(setting, value=beyond >= 0)
    until = Time.of(thaw.until)
    return replace(setting, value=until if thaw.every is None else Time.of(thaw.every).after(until, beyond))
