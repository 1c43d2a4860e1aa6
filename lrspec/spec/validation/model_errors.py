"""What is wrong with the models that a spec names: code to import, a model from outside, no kind of model."""

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
    """LRS104 for each model of `models` that a spec may not name, or not with such arguments; LRS101 for too many."""
    if isinstance(models, list):
        if len(models) > MAX_MODELS:
            yield Finding("LRS101", ("models",), f"more than {MAX_MODELS} models\nCheck it against some of them.")
        for index, model in enumerate(models[:MAX_MODELS]):
            yield from _model(model, ("models", index))
    else:
        yield from _model(models, ("models",))


def _model(model: Any, path: Path) -> Iterator[Finding]:
    if isinstance(model, dict):
        yield from _source(model.get("source"), (*path, "source"))
        args = model.get("args")
        if not all_finite(args):
            yield Finding("LRS104", (*path, "args"), "`args`: expected finite numbers, found one that is not")
        for place, wrong in unsafe_settings(args):
            yield Finding("LRS104", (*path, "args", *place), wrong)
    else:
        yield from _source(model, path)


def _source(source: Any, path: Path) -> Iterator[Finding]:
    if isinstance(source, str) and (wrong := _wrong_source(source)):
        yield Finding("LRS104", path, wrong, meant=_meant_source(source))


def _wrong_source(source: str) -> str | None:
    scheme, _, name = source.rpartition(":")
    first = source.partition(":")[0] if scheme else ""
    if first == "py":
        advice = "Save the model's parameters with `lrspec params`, and name `params:FILE`."
        return f"a spec never names code to import\n{advice}"
    if any(leads_outside(f"{part}:") for part in source.split(":")[:-1]):
        return f"`{printable(source)}` would load from outside\nName an architecture, such as `timm:resnet18`."
    if first and first not in IN_SPECS:
        wrong = f"`{printable(first)}:` is not a kind of model{did_you_mean(first, IN_SPECS)}"
        return f"{wrong}\nThe kinds are {', '.join(IN_SPECS)}."
    return "expected the name of a model" if not name.strip() else None


def _meant_source(source: str) -> Correction | None:
    scheme, colon, name = source.partition(":")
    word = meant(scheme, IN_SPECS) if colon and scheme not in (*IN_SPECS, "py") and ":" not in name else None
    return Correction(f"{word}:{name}") if word and name.strip() else None
