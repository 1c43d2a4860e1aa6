"""`muon-adamw`: Muon for the matrices of the body, AdamW for embeddings, the head, norms, biases and kernels."""

from __future__ import annotations

from lrspec.drafting.axes import split_rules
from lrspec.drafting.comments import OWN_RATES
from lrspec.drafting.recipes.head import head_of
from lrspec.drafting.recipes.no_decay import exempt
from lrspec.drafting.recipes.recipe import Choices, RefusedError, Sketch, Subject, optimizer, rest
from lrspec.drafting.rules import Selector
from lrspec.spec.language import Declared, Optimizer

_NOTE = "Muon for the matrices of the body, AdamW for everything else. To fine-tune, use lower rates than these."
_DECLARED: tuple[Declared, ...] = ("embedding", "head", "no_weight_decay")


def sketch(subject: Subject, choices: Choices) -> Sketch:
    """Return the split between two optimizers; `--lr` is that of AdamW.

    Muon at 0.02 with AdamW at 3e-4, betas of 0.9 and 0.95, and a weight decay of 0.01 for both: the example of Muon's
    README, by its author.
    """
    default = Optimizer.model_validate({"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01, "betas": [0.9, 0.95]})
    adamw = optimizer(default, choices)
    muon = Optimizer.model_validate({"type": "Muon", "lr": 0.02, "weight_decay": adamw.weight_decay})
    tables, excluded = _tables(subject)
    if excluded.issuperset(_matrices(subject)):
        raise RefusedError(
            "the model has no matrix for Muon, which does not train kernels of convolutions: use no-decay"
        )
    everything = rest(OWN_RATES, "all", lr_mult=1)
    split = split_rules(subject.columns, tables, Selector(ndim=(2,)), ("adamw", "muon"))
    return Sketch({"adamw": adamw, "muon": muon}, [*split, everything, *exempt(subject, [adamw, muon])], _NOTE)


def _matrices(subject: Subject) -> list[int]:
    return [place for place in subject.trained if len(subject.columns.shapes[place] or ()) == 2]


def _tables(subject: Subject) -> tuple[list[Selector], set[int]]:
    """Return the selectors of what is a matrix in shape alone, and its places: embeddings, heads, undecayed tables."""
    matrices, columns = _matrices(subject), subject.columns
    kinds = tuple(kind for kind in _DECLARED if any(kind in (columns.declared[place] or ()) for place in matrices))
    members = {place for place, names in enumerate(columns.declared) if set(names or ()) & set(kinds)}
    found = [Selector(declared=kinds)] if members else []
    if "head" not in kinds and None not in columns.shapes:
        try:
            head = head_of(subject)
        except RefusedError:
            return found, members
        if members.isdisjoint(head.members):
            found += head.selectors
            members.update(head.members)
    return found, members
