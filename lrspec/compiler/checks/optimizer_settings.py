"""Does each optimizer of several take the settings of its parameters? LRS104 and LRS106 that depend on the model.

For a spec with one optimizer this is checked without a model, in `spec.validation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import setting_subject
from lrspec.compiler.checks.holding import by_place
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.spec.torch_optim import ARGUMENTS
from lrspec.spec.validation.optimizer_options import no_weight_decay, option_value_finding
from lrspec.spec.validation.validate import multiplied


def unfit_settings(resolution: Resolution) -> Iterator[Finding]:
    """LRS104 and LRS106 for settings of rules on parameters whose optimizer does not take them.

    LRS104 is for a multiplier with nothing to multiply, and for an option whose value a class of torch.optim refuses;
    if every optimizer is of such a class, the latter has already been found without a model.
    """
    spec = resolution.spec
    for applied, reached in by_place(resolution, lambda _, applied: applied.parameters) if len(spec.bases) > 1 else ():
        key, value = applied.setting.key, applied.setting.value
        base = dict(multiplied(spec.rules[applied.rule])).get(key[0])
        by_optimizer: dict[str, list[int]] = {}
        for parameter in reached:
            by_optimizer.setdefault(resolution.optimizer_of(parameter), []).append(parameter)
        for name, parameters in by_optimizer.items():
            subject = setting_subject(resolution, applied, parameters)
            if base and getattr(spec.bases[name], base) is None:
                place = f"{spell(spec.base_path(name))}.{base}"
                message = f"`{key[0]}` has nothing to multiply on {subject.counted()}: there is no `{place}`"
                yield subject.finding("LRS104", message, f"Set `{place}`, or exclude these parameters.")
            if problem := _why_not(resolution, applied, name):
                message = f"{problem}, and `{name}` trains {subject.counted()} of those"
                advice = "Exclude these (`exclude`, `where`), or give them to an optimizer that takes it."
                yield subject.finding("LRS106", message, advice, at_key=True)
        if key[0] == "options" and any(
            key[1] in ARGUMENTS.get(spec.bases[name].type or "", ()) for name in by_optimizer
        ):
            option = list(value) if isinstance(value, tuple) else value
            if finding := option_value_finding(("rules", applied.rule, *key), option):
                yield finding


def _why_not(resolution: Resolution, applied: AppliedSetting, name: str) -> str | None:
    """The reason why an optimizer does not take a setting; None if it does."""
    optimizer_class, key = resolution.spec.bases[name].type, applied.setting.key
    if key[0] in ("weight_decay", "weight_decay_mult"):
        return no_weight_decay("weight_decay", optimizer_class)
    if key[0] != "options":
        return None
    option = printable(key[1])
    if optimizer_class is None:
        return f"`{option}` needs a class, and there is no `{spell(resolution.spec.base_path(name))}.type`"
    known = ARGUMENTS.get(optimizer_class)
    return f"`{option}` is not an argument of {optimizer_class}" if known and key[1] not in known else None
