"""Names live optimizers as a spec does, and finds them, their classes and their schedules under wrappers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.optim.live.groups import KNOWN, LiveOptimizer
from lrspec.optim.live.schedules import Schedule
from lrspec.optim.live.signature import noted_keys, signature_of
from lrspec.optim.live.unwrap import class_of, inner, live_groups, stepping
from lrspec.optim.live.values import identical, is_plain
from lrspec.spec.language import ONLY
from lrspec.spec.torch_optim import ONLY_MATRICES

_LONGEST = 180
"""The most characters of a name: a spec may have 200, and rules are called after optimizers, with a number behind."""


def live_optimizers(optimizer: Any, schedules: Sequence[Schedule] = ()) -> list[LiveOptimizer]:
    """Return the optimizers of a call, the default first: one of any parameters rather than of matrices only.

    Each has those of the schedules that move it. TypeError for what is not an optimizer.
    """
    found = [_live(name, each, schedules) for name, each in with_names(optimizer)]
    if len(found) == 1:
        found = [replace(found[0], name=ONLY)]
    return sorted(found, key=lambda each: each.signature.type in ONLY_MATRICES)


def with_names(optimizer: Any) -> list[tuple[str, Any]]:
    """Return the optimizers of a call, each with its name as a spec may have it; TypeError for anything else."""
    names, optimizers = zip(*_name_each(optimizer), strict=True)
    return list(zip(_spec_names(names), optimizers, strict=True))


def renamings(optimizer: Any) -> list[tuple[str, str]]:
    """Return the names of optimizers that a spec cannot have, each with the one that it has instead."""
    optimizer = _mapping(optimizer)
    names = [*map(str, optimizer)] if isinstance(optimizer, Mapping) and len(optimizer) > 1 else []
    return [(old, new) for old, new in zip(names, _spec_names(names), strict=True) if old != new]


def _mapping(optimizer: Any) -> Any:
    """The mapping in mmengine's OptimWrapperDict, which is none itself; anything else as it is."""
    return getattr(optimizer, "optim_wrappers", optimizer)


def _name_each(optimizer: Any) -> list[tuple[str, Any]]:
    """The optimizers of a call with their names: of one, a mapping of names, or a list, where classes name them."""
    optimizer = _mapping(optimizer)
    if isinstance(optimizer, Mapping):
        named = [(str(name), _optimizer(each, f"`{printable(str(name))}`: ")) for name, each in optimizer.items()]
    else:
        several = optimizer if isinstance(optimizer, list | tuple) else [optimizer]
        named = [(class_of(inner(_optimizer(each))).__name__.lower(), each) for each in several]
    if not named:
        raise TypeError("expected an optimizer (torch.optim.Optimizer), found none")
    return named


def _spec_names(names: Sequence[str]) -> list[str]:
    """The names as a spec may have them: without accents, of letters, digits, `_` and `-`, each once."""
    found: dict[str, None] = {}
    numbers: dict[str, Iterator[int]] = {}
    given = set(names)
    for name in names:
        letters = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
        word = re.sub(r"[^A-Za-z0-9_-]|^-+$", "_", letters)[:_LONGEST] or "_"
        numbered = (f"{word}-{number}" for number in numbers.setdefault(word, count(2)))
        free = (each for each in chain([word], numbered) if each not in found and (each == name or each not in given))
        found[next(free)] = None
    return list(found)


def _optimizer(optimizer: Any, place: str = "") -> Any:
    if isinstance(optimizer, type) or not hasattr(optimizer, "param_groups"):
        found = optimizer.__name__ if isinstance(optimizer, type) else type(optimizer).__name__
        raise TypeError(f"{place}expected an optimizer (torch.optim.Optimizer), found {found}")
    return optimizer


def _live(name: str, wrapped: Any, schedules: Sequence[Schedule]) -> LiveOptimizer:
    """The optimizer under the wrappers of trainers, and under timm's Lookahead."""
    outer = optimizer = inner(wrapped)
    while (base := getattr(optimizer, "_base_optimizer", None)) is not None:
        optimizer = base
    defaults: Mapping[str, Any] = getattr(stepping(optimizer), "defaults", {})
    own = [each for each in schedules if each.factors is None and any(each.optimizer is o for o in (outer, optimizer))]
    around = "" if outer is optimizer else type(outer).__name__
    groups = live_groups(wrapped)
    keys = dict.fromkeys(key for group in groups for key in group if isinstance(key, str) and key not in KNOWN)
    signature = signature_of(class_of(optimizer), defaults, keys)
    noted, lost = noted_keys(class_of(optimizer)), list(_lost(optimizer, signature.arguments, defaults))
    return LiveOptimizer(name, signature, defaults, groups, own, around, noted, lost, stepping(optimizer))


def _lost(optimizer: Any, arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    """The arguments that are attributes rather than defaults, and not the class's own; timm's Adafactor has `beta1`."""
    for name, own in arguments.items():
        value = getattr(optimizer, name, own)
        if name == "betas" and "beta1" in defaults:
            value, own = defaults["beta1"], own[0] if isinstance(own, tuple) else own
        if name not in defaults and is_plain(value) and not identical(value, own):
            yield name
