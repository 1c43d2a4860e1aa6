"""`lora-plus`: a higher learning rate for the matrices `lora_B` of adapters, which begin at zero."""

from __future__ import annotations

from lrspec.drafting.recipes.no_decay import exempt
from lrspec.drafting.recipes.recipe import Choices, RefusedError, Sketch, Subject, optimizer, rest
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.spec.language import Optimizer

_NOTE = "LoRA+: lora_B, which begins at zero, learns faster than lora_A. PEFT has frozen the rest of the model."
_KINDS = ("lora_B", "lora_embedding_B")
_RATIO = 16
"""The ratio of the learning rates of B and A in PEFT's guide to LoRA+."""


def sketch(subject: Subject, choices: Choices) -> Sketch:
    """Return a rule for `lora_B`, and one for the rest that is trained: 5e-5 as in PEFT's guide, without decay."""
    base = optimizer(Optimizer(type="AdamW", lr=5e-5, weight_decay=0), choices)
    names = subject.columns.names
    kinds = [kind for kind in _KINDS if any(f".{kind}." in f".{name}." for name in names)]
    members = [place for place, name in enumerate(names) if any(f".{kind}." in f".{name}." for kind in kinds)]
    if not members:
        raise RefusedError("no parameter is called lora_B, as in a LoRA adapter of PEFT: use layer-decay or no-decay")
    if not set(members) & set(subject.trained):
        raise RefusedError("every lora_B is frozen: load the adapter with is_trainable=True, or use no-decay")
    regexes = tuple(f"\\.{kind}\\." for kind in kinds)
    rule = DraftRule("lora-b", Selector(match=regexes), (("lr_mult", _RATIO),), comment="begins at zero")
    others = rest("lora_A, and whatever else is trained", lr_mult=1)
    return Sketch({"optimizer": base}, [rule, others, *exempt(subject, [base])], _NOTE)
