"""Models of torchvision's registry."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.sources.model_error import ModelError, library


def builder(name: str, **_: Any) -> Callable[..., Any]:
    """Return the builder of a torchvision model, without weights; ModelError if torchvision does not know the name."""
    import inspect

    models = library("torchvision", "torchvision").models
    known = models.list_models()
    if name not in known:
        raise ModelError(f"unknown torchvision model {name!r}{did_you_mean(name, known, 3)}")
    build = models.get_model_builder(name)
    takes = inspect.signature(build).parameters
    return partial(build, **{key: None for key in ("weights", "weights_backbone") if key in takes})
