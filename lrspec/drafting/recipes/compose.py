"""`compose`: writes the spec that a recipe makes for a model, and checks it.

The rules of a recipe say what it means: there are no settings that they could be compared with, as for `draft`. What
can go wrong is the regexes of a ladder, which are searched. So the layers of the compiled spec are compared with those
that the recipe means.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.diagnostic import has_errors
from lrspec.drafting.draft import Draft
from lrspec.drafting.naming import unique
from lrspec.drafting.prove import DraftError, compile_draft, plan_of
from lrspec.drafting.recipes.recipe import Choices, RefusedError, Sketch, Subject
from lrspec.drafting.recipes.table import RECIPES
from lrspec.drafting.write import spec_text
from lrspec.spec.language import ModelSource


def compose(
    recipe: str, subject: Subject, choices: Choices, model: ModelSource | None, notes: tuple[str, ...] = ()
) -> Draft:
    """Return the spec that a recipe makes for a model.

    Raises:
        RefusedError: if the recipe makes no sense for the model, or the chosen optimizer cannot train it.
        DraftError: if the spec does not say what the recipe means, which is a bug in lrspec.
    """
    if not subject.inventory.parameters:
        raise RefusedError("the inventory has no parameters")
    if not subject.trained and recipe != "linear-probe":
        raise RefusedError("the model has frozen all of its parameters: use linear-probe, which trains the head")
    sketch: Sketch = import_module(f"lrspec.drafting.recipes.{RECIPES[recipe].module}").sketch(subject, choices)
    rules = unique(sketch.rules)
    outcome = compile_draft(spec_text(sketch.bases, rules, model, (sketch.note, *notes)), subject.inventory)
    if choices.optimizer is not None and has_errors(outcome.diagnostics):
        raise RefusedError(outcome.diagnostics[0].message.partition("\n")[0])
    plan = plan_of(outcome)
    _check_layers(plan, sketch.layers or [None] * len(plan.parameters))
    return Draft(plan, rules)


def _check_layers(plan: Plan, layers: Sequence[int | None]) -> None:
    for parameter, layer in zip(plan.parameters, layers, strict=True):
        found = parameter.layer.index if parameter.layer else None
        if found != layer:
            raise DraftError(f"{parameter.name}: the draft gives layer {found}, wanted {layer}")
