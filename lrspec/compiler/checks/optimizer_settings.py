"""A `Resolution` to what several optimizers cannot take: findings of LRS1xx that depend on which parameter goes where.

Of a spec with one optimizer the same is judged without a model, in `validate.py` and `options.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Subject, setting_subject
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.spec.torch_optim import ARGUMENTS
from lrspec.spec.validation.optimizer_options import no_weight_decay, option_value_finding
from lrspec.spec.validation.validate import multiplied


def unfit_settings(resolution: Resolution) -> Iterator[Finding]:
    """LRS104 and LRS106 for what rules set on parameters whose optimizer has no place for it."""
    if len(resolution.spec.bases) > 1:
        yield from _nothing_to_multiply(resolution)
        yield from _unknown_options(resolution)
        yield from _unfit_values(resolution)


def _nothing_to_multiply(resolution: Resolution) -> Iterator[Finding]:
    """LRS104 for a multiplier on parameters whose optimizer says nothing that it could multiply."""
    for applied in resolution.applied_settings:
        key = applied.setting.key[0]
        if base := dict(multiplied(resolution.spec.rules[applied.rule])).get(key):
            for name, subject in _by_optimizer(resolution, applied):
                if getattr(resolution.spec.bases[name], base) is None:
                    place = f"{spell(resolution.spec.base_path(name))}.{base}"
                    message = f"`{key}` has nothing to multiply on {subject.counted()}: there is no `{place}`"
                    yield subject.finding("LRS104", message, f"Give `{place}`, or leave them out.")


def _unknown_options(resolution: Resolution) -> Iterator[Finding]:
    """LRS106 for an option, or a weight decay, on parameters whose optimizer does not take it."""
    for applied in resolution.applied_settings:
        for name, subject in _by_optimizer(resolution, applied):
            if wrong := _why_not(resolution, applied, name):
                advice = "Leave these out (`exclude`, `where`), or let an optimizer have them that takes it."
                about_it = f"{wrong}, and `{name}` trains {subject.counted()} of those"
                yield subject.finding("LRS106", about_it, advice, at_key=True)


def _unfit_values(resolution: Resolution) -> Iterator[Finding]:
    """LRS104 for an option with a value that a class of torch.optim cannot have, on parameters of such a class.

    Where every optimizer is of such a class, that is known without a model.
    """
    for applied in resolution.applied_settings:
        key, value = applied.setting.key, applied.setting.value
        if key[0] == "options" and any(_is_known(resolution, key[1], parameter) for parameter in applied.parameters):
            given = list(value) if isinstance(value, tuple) else value
            if found := option_value_finding(("rules", applied.rule, *key), given):
                yield found


def _is_known(resolution: Resolution, option: str, parameter: int) -> bool:
    """Whether the optimizer of a parameter is of a class that is known to take the option."""
    return option in ARGUMENTS.get(resolution.base_of(parameter).type or "", ())


def _why_not(resolution: Resolution, applied: AppliedSetting, name: str) -> str | None:
    """What is wrong with a setting for an optimizer; None where nothing is."""
    kind, key = resolution.spec.bases[name].type, applied.setting.key
    if key[0] in ("weight_decay", "weight_decay_mult"):
        return no_weight_decay("weight_decay", kind)
    if key[0] != "options":
        return None
    if kind is None:
        return f"`{printable(key[1])}` needs a class, and there is no `{spell(resolution.spec.base_path(name))}.type`"
    known = ARGUMENTS.get(kind)
    return f"`{printable(key[1])}` is not an argument of {kind}" if known and key[1] not in known else None


def _by_optimizer(resolution: Resolution, applied: AppliedSetting) -> Iterator[tuple[str, Subject]]:
    """The parameters that a setting reaches, by the optimizers that train them."""
    found: dict[str, list[int]] = {}
    for parameter in applied.parameters:
        found.setdefault(resolution.optimizer_of(parameter), []).append(parameter)
    for name, parameters in found.items():
        yield name, setting_subject(resolution, applied, parameters)
