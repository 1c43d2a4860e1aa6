"""Models of torchvision's registry."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lrspec.models.sources.known_names import KnownNames, known_names
from lrspec.models.sources.model_error import library


def builder(name: str, *, cache: bool = False, **_: Any) -> Callable[..., Any]:
    """Return the builder of a torchvision model, without weights; ModelError if torchvision does not know the name."""
    import inspect

    known_names("torchvision", _names, cache=cache).check("torchvision", name)
    build = library("torchvision").models.get_model_builder(name)
    takes = inspect.signature(build).parameters
    return partial(build, **{key: None for key in ("weights", "weights_backbone") if key in takes})


def _names() -> KnownNames:
    """Read torchvision's registry; short names come first."""
    return KnownNames(sorted(library("torchvision").models.list_models(), key=lambda name: (len(name), name)), [], [])
