"""Architectures of timm's registry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from lrspec.models.sources.known_names import KnownNames, known_names
from lrspec.models.sources.model_error import ModelError, library


def builder(name: str, *, cache: bool = False, **__: Any) -> Callable[..., Any]:
    """Return the builder of a timm model; a weights tag in the name decides its settings, such as the classes.

    ModelError if timm does not know the name, or would load it from outside.
    """
    if ":" in name:
        raise ModelError(f"timm:{name} would load from outside; name an architecture of timm's registry")
    known_names("timm", _names, cache=cache).check("timm", name)
    return partial(library("timm").create_model, name, pretrained=False)


def _names() -> KnownNames:
    """Read timm's registry; the architectures with the most weights, which are the best known, come first."""
    timm = library("timm")
    tagged = timm.list_pretrained()
    weights = Counter(name.partition(".")[0] for name in tagged)
    architectures = sorted(timm.list_models(), key=lambda name: (-weights[name], len(name), name))
    return KnownNames(architectures, tagged, [*timm.models.get_deprecated_models()])


def layers_of(model: Any) -> dict[str, int] | None:
    """Return the layer of every parameter by its name, 0 nearest the input, as timm's layer decay has them.

    None if the model does not say which layers it has, with a `group_matcher`; timm counts parameters there.
    """
    if not hasattr(model, "group_matcher"):
        return None
    matcher = model.group_matcher(coarse=False)
    layers: dict[str, int] = library("timm.models").group_parameters(model, matcher, reverse=True)
    return layers
