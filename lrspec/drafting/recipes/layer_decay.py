"""`layer-decay`: the learning rate falls from the head to the input, by a factor with each layer; a ladder a tower."""

from __future__ import annotations

from lrspec.diagnostics.wording import few
from lrspec.drafting.depth.depth import Tower
from lrspec.drafting.depth.ends import ladder_comment
from lrspec.drafting.ladder.ladder import ladder
from lrspec.drafting.recipes.head import head_of, head_rules
from lrspec.drafting.recipes.no_decay import exempt
from lrspec.drafting.recipes.recipe import Choices, RefusedError, Sketch, Subject, fine_tuning, rest
from lrspec.drafting.rules import DraftRule, Selector


def sketch(subject: Subject, choices: Choices) -> Sketch:
    """Return a ladder for each tower.

    The factor is 0.75, the default of `main_finetune.py` of masked autoencoders, and 0.9 for language models, which
    `configure_finetuning.py` of ELECTRA has for its large model.
    """
    base, factor = fine_tuning(subject, choices), choices.layer_decay or (0.9 if subject.reads_text else 0.75)
    towers = [tower for tower in subject.depth.towers if _is_trained(subject, tower)]
    if all(tower.count < 2 for tower in towers):
        raise RefusedError("the model has only one layer: use no-decay, which gives everything one learning rate")
    ladders = [_ladder(subject, tower, factor) for tower in towers]
    head = choices.head_mult
    scaled = head_rules(subject, head_of(subject), "on top of the ladder", lr_scale=head) if head else []
    return Sketch(
        {"optimizer": base},
        [*ladders, *scaled, *_beside(subject, towers), *exempt(subject, [base])],
        _note(towers),
        _layers(towers),
    )


def _is_trained(subject: Subject, tower: Tower) -> bool:
    return any(tower.layers[place] is not None for place in subject.trained)


def _note(towers: list[Tower]) -> str:
    if len(towers) == 1:
        return "Layer-wise decay: the nearer to the input, the lower the learning rate."
    listed = ", ".join(tower.name for tower in towers)
    return f"Layer-wise decay, with a ladder for each tower: {listed}. The top of each has the full learning rate."


def _layers(towers: list[Tower]) -> list[int | None]:
    """Return the layer of each parameter, on the ladder of its tower."""
    by_place = zip(*(tower.layers for tower in towers), strict=True)
    return [next((layer for layer in layers if layer is not None), None) for layers in by_place]


def _ladder(subject: Subject, tower: Tower, factor: float) -> DraftRule:
    selector = Selector(layers=ladder(subject.columns, tower.layers))
    name = f"depth-{tower.name}" if tower.name else "depth"
    return DraftRule(name, selector, (("layer_decay", factor),), comment=ladder_comment(subject.columns, tower.layers))


def _beside(subject: Subject, towers: list[Tower]) -> list[DraftRule]:
    """Return the rule for what is in no tower; none if there is nothing."""
    names = subject.columns.names
    beside = [names[place] for place in subject.trained if all(tower.layers[place] is None for tower in towers)]
    return [rest(f"in no tower: {few(beside, 3)}", lr_mult=1)] if beside else []
