"""Models of timm, and what timm's layer decay gives each parameter."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import timm
import torch
from timm.optim import param_groups_layer_decay  # type: ignore[attr-defined]

import lrspec
from lrspec.drafting.depth.depth import Depth, matched_depth
from lrspec.drafting.live.read import read
from lrspec.drafting.wanted import Wanted
from lrspec.models.sources.meta_device import build
from lrspec.models.sources.silence import silence
from lrspec.models.sources.timm import builder, layers_of
from lrspec.spec.language import ModelSource

LR, WEIGHT_DECAY, LAYER_DECAY = 1e-3, 0.05, 0.75

REASONS = {
    r"^rope\.freqs$": "frequencies of the positions, which every block uses",
    r"^shared_rel_pos\.": "positions, which every block uses",
    r"^weights(?:_dist)?$": "no mistake: weights of the heads' outputs",
}
"""What parameters are that timm's matchers leave to the rate of the head."""


@dataclass(frozen=True)
class Grouped:
    """A model of timm: its family and matcher, and what its optimizer has for each parameter.

    `given` has the multiplier and the weight decay that timm gives each, and `wanted` what was read from the optimizer.
    `depth` are the layers that the matcher says, if there is one.
    """

    name: str
    family: str
    matcher: Any
    wanted: Wanted
    depth: Depth | None
    given: Mapping[str, tuple[float, float]]

    @property
    def inventory(self) -> lrspec.Inventory:
        """Its parameters."""
        return self.wanted.inventory

    def equals(self, plan: lrspec.Plan | None) -> bool:
        """Return whether a plan gives each parameter what timm gives it."""
        return plan is not None and plan.groups is not None and all(map(self._is_equal, plan.parameters))

    def _is_equal(self, planned: lrspec.PlannedParameter) -> bool:
        given, lr = self.given.get(planned.name), planned.settings.lr
        if given is None or not planned.status.trains or lr is None:
            return given is None and not planned.status.trains
        return math.isclose(lr, LR * given[0], rel_tol=1e-12) and planned.settings.weight_decay == given[1]

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """The parameters that timm trains at the rate of the head though most of the model comes after, with reasons.

        Most is nine tenths of what has a lower rate.
        """
        names = [name for name in self.inventory.columns.names if name in self.given]
        top = max(multiplier for multiplier, _ in self.given.values())
        low = [self.given[name][0] < top for name in names]
        for place, name in enumerate(names):
            if not low[place] and 10 * sum(low[place:]) > 9 * sum(low):
                yield name, next((why for regex, why in REASONS.items() if re.search(regex, name)), "")


def grouped(name: str) -> Grouped:
    """Build a model on the meta device, and let timm group it."""
    with silence("a model", shown=False):
        model: Any = build(builder(name), name, {})
    exempt: Collection[str] = getattr(model, "no_weight_decay", tuple)()
    groups = param_groups_layer_decay(model, WEIGHT_DECAY, exempt, layer_decay=LAYER_DECAY)
    names = {id(parameter): each for each, parameter in model.named_parameters()}
    given = {
        names[id(parameter)]: (group["lr_scale"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    matcher = model.group_matcher(coarse=False) if hasattr(model, "group_matcher") else None
    family = timm.model_entrypoint(name).__module__.rpartition(".")[2]
    wanted = replace(read(torch.optim.AdamW(groups, lr=LR), model).wanted, model=ModelSource(source=name))
    layers = layers_of(model)
    depth = None if layers is None else matched_depth(wanted.inventory, layers)
    return Grouped(name, family, getattr(matcher, "__qualname__", matcher), wanted, depth, given)
