"""`linear-probe`: the head alone is trained, on what the frozen body makes of its input."""

from __future__ import annotations

from lrspec.drafting.comments import FROZEN
from lrspec.drafting.recipes.head import head_of, head_rules
from lrspec.drafting.recipes.no_decay import exempt
from lrspec.drafting.recipes.recipe import Choices, Sketch, Subject, optimizer, rest
from lrspec.spec.language import Optimizer
from lrspec.spec.torch_optim import plain_type


def sketch(subject: Subject, choices: Choices) -> Sketch:
    """Return a rule that trains the head, and one that freezes the rest.

    SGD at 0.1 with momentum 0.9 and no weight decay are the defaults of `main_lincls.py` of MoCo v3, for images. A
    language model and another optimizer have 1e-3, as AdamW.
    """
    default = Optimizer.model_validate({"type": "SGD", "lr": 0.1, "weight_decay": 0.0, "momentum": 0.9})
    if subject.reads_text or (choices.optimizer is not None and plain_type(choices.optimizer) != "SGD"):
        default = Optimizer(type="AdamW", lr=1e-3, weight_decay=0)
    base = optimizer(default, choices)
    head = head_rules(subject, head_of(subject), lr_mult=1)
    frozen = rest(FROZEN, freeze=True)
    note = "A linear probe: the head is trained, everything else is frozen."
    return Sketch({"optimizer": base}, [*head, frozen, *exempt(subject, [base])], note)
