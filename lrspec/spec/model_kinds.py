"""The table of kinds of models: how each is named, what builds it, what it needs, and whether a spec may name it."""

from __future__ import annotations

import re
from typing import NamedTuple  # not a dataclass: `--help` shows the table, and dataclasses are slow to import


class ModelKind(NamedTuple):
    """One row of the table: a kind of model, named by the scheme before a colon, as in `timm:resnet18`.

    `usage` is the form of the name; `module` in `lrspec.models.sources` has the `builder`. `libraries` determine
    what is built, so an inventory may be cached by their versions. A saved inventory has neither.
    """

    scheme: str
    usage: str
    module: str = ""
    libraries: tuple[str, ...] = ()
    in_specs: bool = True


MODEL_KINDS = {
    kind.scheme: kind
    for kind in (
        ModelKind("timm", "NAME", "timm", ("timm", "torch")),
        ModelKind("torchvision", "NAME", "torchvision", ("torchvision", "torch")),
        ModelKind("hf", "DIR_OR_CONFIG.json", "transformers", ("transformers", "torch")),
        ModelKind("py", "MODULE_OR_FILE.py:FACTORY", "python", in_specs=False),
        ModelKind("params", "FILE"),
    )
}
"""The kinds by scheme; a name without a scheme is a timm model."""

IN_SPECS = tuple(scheme for scheme, kind in MODEL_KINDS.items() if kind.in_specs)
"""The schemes that a spec may name: none of them imports the user's code."""

BUILT = ", ".join(f"{scheme}:{kind.usage}" for scheme, kind in MODEL_KINDS.items() if kind.module)
"""The forms of names for models that have to be built, as help and messages list them."""

OUTSIDE = ("hf-hub", "local-dir")
"""The schemes that timm loads from elsewhere, with a dash for an underscore."""

_BLANK = re.compile(r"[\x00-\x20]")


def scheme_and_name(source: str) -> tuple[str, str]:
    """Split the name of a model at its first colon; without a colon the scheme is `timm`."""
    scheme, colon, name = source.partition(":")
    return (scheme, name) if colon else ("timm", source)


def leads_outside(name: str) -> bool:
    """Return whether timm takes the name of a model for a place to load from; like timm, ignores case and blanks."""
    scheme, colon, _ = _BLANK.sub("", name).partition(":")
    return bool(colon) and scheme.lower().replace("_", "-") in OUTSIDE
