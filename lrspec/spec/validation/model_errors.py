"""Checks the models that a spec names: no code to import, no model from outside, only known kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.diagnostic import Correction, Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path
from lrspec.diagnostics.suggest import did_you_mean, meant
from lrspec.spec.limits import MAX_MODELS
from lrspec.spec.model_kinds import IN_SPECS, leads_outside
from lrspec.spec.syntax.scalars import all_finite
from lrspec.spec.unsafe_settings import unsafe_settings


def source_findings(models: Any) -> Iterator[Finding]:
    """LRS104 for each model of `models` that a spec may not name or give such arguments; LRS101 for too many."""
    places: list[tuple[Path, Any]] = [(("models",), models)]
    if isinstance(models, list):
        places = [(("models", index), model) for index, model in enumerate(models[:MAX_MODELS])]
        if len(models) > MAX_MODELS:
            yield Finding("LRS101", ("models",), f"more than {MAX_MODELS} models\nCheck the spec with some of them.")
    for path, model in places:
        if not isinstance(model, dict):
            yield from _name_findings(model, path)
            continue
        yield from _name_findings(model.get("source"), (*path, "source"))
        args = model.get("args")
        if not all_finite(args):
            yield Finding("LRS104", (*path, "args"), "`args`: expected finite numbers, found one that is not")
        for place, message in unsafe_settings(args):
            yield Finding("LRS104", (*path, "args", *place), message)


def _name_findings(source: Any, path: Path) -> Iterator[Finding]:
    """LRS104 for the name of a model."""
    if not isinstance(source, str):
        return
    *schemes, name = source.split(":")
    scheme = schemes[0] if schemes else ""
    if scheme == "py":
        advice = "Save the model's parameters with `lrspec params`, and name `params:FILE`."
        message = f"a spec never names code to import\n{advice}"
    elif any(leads_outside(f"{part}:") for part in schemes):
        message = f"`{printable(source)}` would load from outside\nName an architecture, such as `timm:resnet18`."
    elif scheme and scheme not in IN_SPECS:
        problem = f"`{printable(scheme)}:` is not a kind of model{did_you_mean(scheme, IN_SPECS)}"
        message = f"{problem}\nThe kinds are {', '.join(IN_SPECS)}."
    elif not name.strip():
        message = "expected the name of a model"
    else:
        return
    misspelt = len(schemes) == 1 and scheme not in (*IN_SPECS, "py")
    word = meant(scheme, IN_SPECS) if misspelt and name.strip() else None
    yield Finding("LRS104", path, message, meant=Correction(f"{word}:{name}") if word else None)
