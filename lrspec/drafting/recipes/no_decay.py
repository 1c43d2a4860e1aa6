"""Weight decay where it belongs: the rules that exempt from it, and the recipe that has just these.

Exempt are norms and biases, which have no more than one dimension, and what the model itself declares. Embeddings of
tokens are not: BERT's own `optimization.py` and the Trainer of transformers decay them. A model that wants them exempt
declares so.
"""

from __future__ import annotations

from collections.abc import Collection

from lrspec.drafting.comments import ONE_RATE, declared_free, vectors
from lrspec.drafting.depth.tree import is_norm
from lrspec.drafting.recipes.recipe import Choices, Sketch, Subject, fine_tuning, rest
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.selectors import selectors
from lrspec.spec.language import Optimizer
from lrspec.spec.torch_optim import DEFAULT_WEIGHT_DECAY

_ZERO = (("weight_decay", 0.0),)


def sketch(subject: Subject, choices: Choices) -> Sketch:
    """Return one learning rate for all, and weight decay where it belongs."""
    base = fine_tuning(subject, choices)
    everything = rest(ONE_RATE, "all", lr_mult=1)
    note = "One learning rate, and weight decay on matrices and kernels alone."
    return Sketch({"optimizer": base}, [everything, *exempt(subject, [base])], note)


def exempt(subject: Subject, bases: Collection[Optimizer]) -> list[DraftRule]:
    """Return the rules that exempt from weight decay; none if there is none to be exempt from."""
    if not any(_has_decay(base) for base in bases):
        return []
    columns, trained = subject.columns, subject.trained
    thin = [place for place in trained if _is_thin(subject, place)]
    declared = [place for place in trained if "no_weight_decay" in (columns.declared[place] or ())]
    others = sorted(set(declared).difference(thin))
    found: list[DraftRule] = []
    if thin and None not in columns.shapes:
        found.append(DraftRule("no-decay", Selector(ndim=(0, 1)), _ZERO, comment=vectors(columns, thin)))
    elif thin:
        found += _by_name(subject, "no-decay", thin, f"{vectors(columns, thin)}, by name: the inventory has no shapes")
    if others:
        comment = declared_free(columns, others)
        if len(others) == sum("no_weight_decay" in (names or ()) for names in columns.declared):
            selector = Selector(declared=("no_weight_decay",))
            found.append(DraftRule("no-decay-declared", selector, _ZERO, comment=comment))
        else:
            found += _by_name(subject, "no-decay-declared", others, comment)
    return found


def _has_decay(base: Optimizer) -> bool:
    default = DEFAULT_WEIGHT_DECAY.get(base.type or "", 0.0)
    return bool(default if base.weight_decay is None else base.weight_decay)


def _is_thin(subject: Subject, place: int) -> bool:
    shape = subject.columns.shapes[place]
    if shape is not None:
        return len(shape) <= 1
    return subject.columns.names[place].endswith("bias") or is_norm(subject.columns, [place])


def _by_name(subject: Subject, name: str, members: Collection[int], comment: str) -> list[DraftRule]:
    frozen = [place for place, trainable in enumerate(subject.columns.trainable) if not trainable]
    return [
        DraftRule(name, each, _ZERO, comment=comment)
        for each in selectors(subject.columns, members, frozen, decay=True)
    ]
