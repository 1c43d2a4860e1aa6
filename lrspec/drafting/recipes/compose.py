"""`compose`: from a recipe and a model to the text of a spec, proved to say what the recipe means."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lrspec.compiler.compile import attempt
from lrspec.compiler.plan import Settings
from lrspec.diagnostics.diagnostic import has_errors
from lrspec.drafting.draft import Draft
from lrspec.drafting.prove import proved
from lrspec.drafting.recipes.recipe import Numbers, Part, RefusedError, Sketch, Subject
from lrspec.drafting.recipes.table import RECIPES
from lrspec.drafting.wanted import Wanted
from lrspec.drafting.write import written
from lrspec.spec.language import ModelSource
from lrspec.spec.load import loads
from lrspec.spec.torch_optim import plain_type

_RATES = ("lr_mult", "layer", "freeze")
"""The settings that decide a parameter."""


def compose(
    recipe: str, subject: Subject, numbers: Numbers, model: ModelSource | None, notes: tuple[str, ...] = ()
) -> Draft:
    """Return the spec that a recipe makes for a model.

    Raises:
        RefusedError: if the recipe makes no sense for the model.
        DraftError: if the spec does not say what the recipe means, which is a bug in lrspec.
    """
    if not subject.trained and recipe != "linear-probe":
        raise RefusedError("the model has frozen all of its parameters: use linear-probe, which trains the head")
    sketch: Sketch = import_module(f"lrspec.drafting.recipes.{RECIPES[recipe].module}").parts(subject, numbers)
    settings = _settings(subject, sketch)
    wanted = Wanted(subject.inventory, settings, sketch.bases, model, (*sketch.notes, *notes))
    rules = [part.rule for part in sketch.parts]
    text = written(wanted, rules)
    if numbers.optimizer is not None:
        _check_optimizer(numbers.optimizer, text, subject)
    outcome = proved(text, wanted)
    return Draft(outcome.file, tuple(rules))


def _check_optimizer(type_: str, text: str, subject: Subject) -> None:
    """Refuse an optimizer that cannot train the model, such as Muon; SpecError if there is none of that name."""
    if plain_type(type_) == "SparseAdam":
        raise RefusedError(
            "SparseAdam takes sparse gradients only, those of nn.Embedding(sparse=True): use AdamW or Adam"
        )
    found = attempt(loads(text), subject.inventory).diagnostics
    if has_errors(found):
        raise RefusedError(found[0].message.partition("\n")[0])


def _settings(subject: Subject, sketch: Sketch) -> list[Settings | None]:
    """Return what the parts of a recipe give to each parameter: of each setting the first."""
    given: list[dict[str, Any]] = [{} for _ in subject.columns.names]
    for part in sketch.parts:
        values = dict(part.rule.settings)
        factor, top = values.pop("layer_decay", None), _top(part)
        for place in part.members:
            own = {**values, **({} if factor is None else {"layer": factor ** (top - (part.layers[place] or 0))})}
            if part.rule.fallback and any(given[place].get(key, False) is not False for key in _RATES):
                own = {key: value for key, value in own.items() if key not in _RATES}
            given[place] = {**own, **given[place]}
    return [_final(sketch, values, trains) for values, trains in zip(given, subject.columns.trainable, strict=True)]


def _top(part: Part) -> int:
    return max((layer for layer in part.layers if layer is not None), default=0)


def _final(sketch: Sketch, values: dict[str, Any], trains: bool) -> Settings | None:
    if values.get("freeze", not trains):
        return None
    several, default = len(sketch.bases) > 1, next(iter(sketch.bases))
    name = values.get("optimizer", default)
    base = sketch.bases[name]
    lr = (base.lr or 0.0) * values.get("lr_mult", 1) * values.get("layer", 1) * values.get("lr_scale", 1)
    return Settings(lr, values.get("weight_decay", base.weight_decay), (), name if several else None)
