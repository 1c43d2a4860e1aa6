"""The kinds of models: how each is named, what builds it, what that needs, and whether a spec may name it."""

from __future__ import annotations

import re
from typing import NamedTuple  # no dataclass: `--help` shows the table, and these take long to import


class ModelKind(NamedTuple):
    """One row of the table of kinds, which a model names before a colon: `timm:resnet18`.

    `usage` is how a name is written; `module` in `lrspec.models.sources` has the `builder`, and `extra` of lrspec
    installs what it needs; `libraries` decide what is built, so that an inventory of it may be cached by their
    versions. A saved inventory has none of these.
    """

    scheme: str
    usage: str
    module: str = ""
    extra: str = ""
    libraries: tuple[str, ...] = ()
    in_specs: bool = True


MODEL_KINDS = {
    kind.scheme: kind
    for kind in (
        ModelKind("timm", "NAME", "timm", "timm", ("timm", "torch")),
        ModelKind("torchvision", "NAME", "torchvision", "torchvision", ("torchvision", "torch")),
        ModelKind("hf", "DIR_OR_CONFIG.json", "transformers", "transformers", ("transformers", "torch")),
        ModelKind("py", "MODULE:FACTORY", "python", "timm", in_specs=False),
        ModelKind("params", "FILE"),
    )
}
"""Every kind by its scheme; a name without a scheme is timm's."""

IN_SPECS = tuple(scheme for scheme, kind in MODEL_KINDS.items() if kind.in_specs)
"""The schemes that a spec may name: none that imports code of the user's."""

BUILT = ", ".join(f"{scheme}:{kind.usage}" for scheme, kind in MODEL_KINDS.items() if kind.module)
"""How models are named that have to be built."""

OUTSIDE = ("hf-hub", "local-dir")
"""What timm takes for places to load from, with a dash for an underscore."""

_BLANK = re.compile(r"[\x00-\x20]")


def scheme_and_name(source: str) -> tuple[str, str]:
    """What stands before the colon of a source, and behind it; without one it is a name of timm's."""
    scheme, colon, name = source.partition(":")
    return (scheme, name) if colon else ("timm", source)


def leads_outside(name: str) -> bool:
    """Whether timm takes the name of a model for a place to load from: it compares without case, and strips blanks."""
    scheme, colon, _ = _BLANK.sub("", name).partition(":")
    return bool(colon) and scheme.lower().replace("_", "-") in OUTSIDE
