"""Real models, and strategies for specs as people write them for these models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

import lrspec
from lrspec.drafting.rules import DraftRule, Entry, Selector
from lrspec.drafting.write import spec_text
from lrspec.spec.language import ModelSource, Optimizer
from tests.test_examples import build

LADDERS: dict[str, tuple[Entry, ...]] = {
    "resnet18": (
        Entry((r"^(?:conv1|bn1)\.",)),
        Entry((r"^layer(\d+)\.(\d+)\.",)),
        Entry((r"^fc\.",)),
    ),
    "vit_tiny_patch16_224": (
        Entry((r"^(?:cls_token|pos_embed)$", r"^patch_embed\.")),
        Entry((r"^blocks\.(\d+)\.",)),
        Entry((r"^norm\.",), "last"),
        Entry((r"^head\.",)),
    ),
    "swin_tiny_patch4_window7_224": (
        Entry((r"^patch_embed\.",)),
        Entry((r"^layers\.(\d+)\.blocks\.(\d+)\.",)),
        Entry((r"^layers\.(\d+)\.downsample\.",), "first"),
        Entry((r"^norm\.", r"^head\.")),
    ),
    "convnext_atto": (
        Entry((r"^stem\.",)),
        Entry((r"^stages\.(\d+)\.",)),
        Entry((r"^head\.",)),
    ),
    "densenet121": (
        Entry((r"^features\.(?:conv|norm)0\.",)),
        Entry((r"^features\.denseblock(\d+)\.denselayer(\d+)\.",)),
        Entry((r"^features\.transition(\d+)\.",), "last"),
        Entry((r"^features\.norm5\.", r"^classifier\.")),
    ),
    "efficientnet_b0": (
        Entry((r"^(?:conv_stem|bn1)\.",)),
        Entry((r"^blocks\.(\d+)\.(\d+)\.",)),
        Entry((r"^(?:conv_head|bn2)\.",)),
        Entry((r"^classifier\.",)),
    ),
    "mixer_s16_224": (
        Entry((r"^stem\.",)),
        Entry((r"^blocks\.(\d+)\.",)),
        Entry((r"^norm\.", r"^head\.")),
    ),
}
"""Models, and the ladder that a person writes for each."""

FACTORS, MULTIPLES = (0.5, 0.65, 0.75, 0.8, 0.9), (0.01, 0.1, 0.5, 2, 5, 10)
OPTIONS: tuple[tuple[str, Any], ...] = (("eps", 1e-6), ("betas", (0.9, 0.95)), ("amsgrad", True))


@cache
def inventory(name: str) -> lrspec.Inventory:
    """The inventory of a model of timm."""
    return lrspec.Inventory.from_model(build(ModelSource(source=name)))


@dataclass(frozen=True)
class Written:
    """A spec for a model."""

    model: str
    text: str


@st.composite
def written_specs(draw: st.DrawFn) -> Written:
    """A spec for a real model: a ladder or a few rates, and what is frozen, weight decay, options and factors."""
    model = draw(st.sampled_from(sorted(LADDERS)))
    names = inventory(model).columns.names
    rules = [draw(_rules(kind, names)) for kind, percent in _SELDOM.items() if draw(st.integers(0, 99)) < percent]
    rules += [*draw(_rates(model, names)), *draw(_decay(model, names))]
    base = Optimizer(type="AdamW", lr=draw(st.sampled_from((1e-3, 2e-4, 0.01))), weight_decay=0.05)
    return Written(model, spec_text({"optimizer": base}, rules, ModelSource(source=model)))


_SELDOM = {"frozen": 20, "options": 20, "factor": 25}
"""Rules that not every spec has, each with its chance in a hundred."""


@st.composite
def _rules(draw: st.DrawFn, kind: str, names: Sequence[str]) -> DraftRule:
    if kind == "frozen":
        return DraftRule(kind, Selector(match=draw(_beginnings(names, 2))), (("freeze", True),))
    selector = draw(st.sampled_from((Selector(module="Norm"), Selector(match=(draw(_parts(names)),)))))
    if kind == "factor":
        return DraftRule(kind, selector, (("lr_scale", draw(st.sampled_from(MULTIPLES))),))
    return DraftRule(kind, selector, (("options", dict([draw(st.sampled_from(OPTIONS))])),))


@st.composite
def _rates(draw: st.DrawFn, model: str, names: Sequence[str]) -> list[DraftRule]:
    kind = draw(st.sampled_from(("ladder", "ladder", "parts", "one")))
    if kind == "ladder":
        factor: Any = draw(st.sampled_from(FACTORS))
        if draw(st.booleans()):
            factor = {"factor": factor, "min_mult": draw(st.sampled_from((0.05, 0.1, 0.3)))}
        return [DraftRule("depth", Selector(layers=LADDERS[model]), (("layer_decay", factor),))]
    rest = DraftRule("rest", Selector(), (("lr_mult", 1),), fallback=True)
    if kind == "one":
        return [rest]
    multiple = draw(st.sampled_from(MULTIPLES))
    return [DraftRule("part", Selector(match=draw(_beginnings(names, 3))), (("lr_mult", multiple),)), rest]


@st.composite
def _decay(draw: st.DrawFn, model: str, names: Sequence[str]) -> list[DraftRule]:
    """What a model declares is exempt at least."""
    declared = any("no_weight_decay" in (each or ()) for each in inventory(model).columns.declared)
    selectors = [Selector(ndim=(0, 1)), Selector(module="Norm"), Selector(match=(draw(_parts(names)),))]
    chosen = draw(st.sampled_from([*selectors, None]))
    exempt = [DraftRule("declared", Selector(declared=("no_weight_decay",)), _EXEMPT)] if declared else []
    return exempt if chosen is None else [*exempt, DraftRule("decay", chosen, _EXEMPT)]


_EXEMPT = (("weight_decay", 0),)


def _beginnings(names: Sequence[str], most: int) -> st.SearchStrategy[tuple[str, ...]]:
    """Regexes for what names begin with: one component, or two."""
    split = [name.split(".") for name in names]
    found = {".".join(parts[:length]): len(parts) == length for parts in split for length in (1, 2)}
    regexes = [f"^{re.escape(beginning)}{'$' if whole else chr(92) + '.'}" for beginning, whole in found.items()]
    return st.lists(st.sampled_from(regexes), min_size=1, max_size=most, unique=True).map(tuple)


def _parts(names: Sequence[str]) -> st.SearchStrategy[str]:
    """A regex for a component that names have inside or at the end."""
    inner = {part for name in names for part in name.split(".")[1:-1] if not part.isdigit()}
    last = {name.split(".")[-1] for name in names if "." in name}
    return st.sampled_from([*(rf"\.{part}\." for part in sorted(inner)), *(rf"\.{part}$" for part in sorted(last))])
