"""Architectures of timm's registry."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.sources.model_error import ModelError, library


def builder(name: str, **__: Any) -> Callable[..., Any]:
    """Return the builder of a timm model; a weights tag in the name decides its settings, such as the classes.

    ModelError if timm does not know the name, or would load it from outside.
    """
    timm = library("timm", "timm")
    if ":" in name:
        raise ModelError(f"timm:{name} would load from outside; name an architecture of timm's registry")
    if not timm.is_model(name):
        raise ModelError(f"unknown timm model {name!r}{did_you_mean(name, timm.list_models(), 3)}")
    architecture, _, tag = name.partition(".")
    tagged = timm.list_pretrained(f"{architecture}.*") if tag else [name]
    if name not in tagged:
        raise ModelError(f"unknown timm model {name!r}{did_you_mean(name, [*tagged, architecture], 3)}")
    return partial(timm.create_model, name, pretrained=False)
