"""`head-body`: the head at the full learning rate, the body, which is trained already, at a fraction of it."""

from __future__ import annotations

from lrspec.drafting.comments import REST
from lrspec.drafting.recipes.head import head_of, head_rules
from lrspec.drafting.recipes.no_decay import exempt
from lrspec.drafting.recipes.recipe import Choices, Sketch, Subject, fine_tuning, rest


def sketch(subject: Subject, choices: Choices) -> Sketch:
    """Return a rule for the head, and one for the body: a tenth, with which Lightning's `BackboneFinetuning` begins."""
    base = fine_tuning(subject, choices)
    head = head_of(subject)
    mult = float(f"{1 / (choices.head_mult or 10):.3g}")
    body = rest(f"{REST}: pretrained", "body", lr_mult=mult)
    note = "The head at the full learning rate, the body at a fraction of it."
    return Sketch({"optimizer": base}, [*head_rules(subject, head, lr_mult=1), body, *exempt(subject, [base])], note)
