"""What parameters get to the findings LRS303 to LRS305: values that are allowed and were probably not meant."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from lrspec.about import About, selecting_path
from lrspec.diagnostics import Finding
from lrspec.optimizers import DEFAULT_WEIGHT_DECAY
from lrspec.plan import PlannedParameter
from lrspec.resolution import Reach, Resolution
from lrspec.source import Path, printable
from lrspec.wording import number

Planned = Sequence[PlannedParameter]
Source = tuple[int | None, Path]
"""Where a value comes from: the rule, if it is one, and the path."""
FindSource = Callable[[Resolution, int], Source]


def zero_lr(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS303: a learning rate of 0, where `freeze` was probably meant."""
    found = [p for p, each in enumerate(planned) if each.status.trains and each.settings.lr == 0]
    for about in _by_source(resolution, found, _zero_source):
        yield about.finding(
            "LRS303",
            f"the learning rate of {about.counted()} is 0",
            "Freeze them, if that is meant (`freeze: true`): at 0 they still have gradients and state, count in "
            "clipping, and a scheduler can move them.",
        )


def large_value(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS304: a learning rate or a weight decay above 1."""
    for what, values, source in _rates_and_decays(planned):
        large = [p for p, value in values.items() if planned[p].status.trains and 1 < value < math.inf]
        for about in _by_source(resolution, large, source):
            highest = number(max(values[p] for p in about.parameters))
            yield about.finding(
                "LRS304",
                f"the {what} of {about.counted()} is {highest}, above 1",
                "Look at the exponent; if the value is meant, `check: {large-value: ignore}` says so.",
            )


def mixed_decay(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS305: norms or biases of one kind, of which some get weight decay and some get none."""
    kinds: dict[tuple[str, str], list[int]] = {}
    contested = _contested_decay(resolution)
    for index, each in enumerate(planned):
        shape, owner = each.parameter.shape, each.parameter.module
        if each.status.trains and shape is not None and len(shape) <= 1 and owner and index not in contested:
            kinds.setdefault((owner[0], each.name.rpartition(".")[2]), []).append(index)
    default = DEFAULT_WEIGHT_DECAY.get(resolution.spec.optimizer.type or "", 0.0)
    for (owner_name, leaf), members in kinds.items():
        decayed = [p for p in members if _decay(planned[p], default) > 0]
        exempt = [p for p in members if _decay(planned[p], default) == 0]
        if decayed and exempt:
            yield _mixed(resolution, f"{leaf} of {owner_name}", decayed, exempt)


LINTS = (zero_lr, large_value, mixed_decay)
"""Every lint of values."""


def infinite_value(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS104: a product of settings that is no finite number: too large, or too large times 0."""
    for what, values, source in _rates_and_decays(planned):
        for about in _by_source(resolution, [p for p, value in values.items() if not math.isfinite(value)], source):
            yield about.finding(
                "LRS104", f"the {what} of {about.counted()} is no finite number", "Its factors are too large."
            )


# --------------------------------------------------------------------------------------------------- sources


def _rates_and_decays(planned: Planned) -> Iterator[tuple[str, dict[int, float], FindSource]]:
    """Learning rates and weight decays by parameter, each with how to find where one comes from."""
    rates = {p: each.settings.lr for p, each in enumerate(planned) if each.settings.lr is not None}
    decays = {p: each.settings.weight_decay for p, each in enumerate(planned) if each.settings.weight_decay is not None}
    yield "learning rate", rates, _large_source
    yield "weight decay", decays, _decay_source


def _by_source(resolution: Resolution, parameters: list[int], source: FindSource) -> Iterator[About]:
    """The parameters by where their values come from."""
    found: dict[Source, list[int]] = {}
    for parameter in parameters:
        found.setdefault(source(resolution, parameter), []).append(parameter)
    for (rule, path), members in found.items():
        yield About(resolution, path, rule, members)


def _of(reach: Reach) -> Source:
    return reach.rule, ("rules", reach.rule, *reach.setting.key)


def _zero_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a learning rate 0."""
    for axis in ("lr", "scale"):
        reach = resolution.winner(axis, parameter)
        if reach and getattr(resolution.spec.rules[reach.rule], reach.setting.key[0]) == 0:
            return _of(reach)
    layer = resolution.winner("layer", parameter)
    return _of(layer) if layer and resolution.spec.optimizer.lr != 0 else (None, ("optimizer", "lr"))


def _large_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a learning rate large."""
    rate, scale = resolution.winner("lr", parameter), resolution.winner("scale", parameter)
    base = rate.setting.value if rate else resolution.spec.optimizer.lr
    large_rate = base is not None and base > 1
    reach = scale if scale and scale.setting.value > 1 and not large_rate else rate
    return _of_rule_or_base(resolution, reach, "lr")


def _decay_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a weight decay large."""
    return _of_rule_or_base(resolution, resolution.winner("weight_decay", parameter), "weight_decay")


def _of_rule_or_base(resolution: Resolution, reach: Reach | None, base: str) -> Source:
    """What a rule sets; or the optimizer's value, where no rule sets it or a rule's multiple makes it no larger."""
    multiple = reach is not None and reach.setting.key == (f"{base}_mult",)
    if reach is None or (multiple and getattr(resolution.spec.rules[reach.rule], f"{base}_mult") <= 1):
        return None, ("optimizer", base)
    return _of(reach)


# ----------------------------------------------------------------------------------------------- mixed decay


def _contested_decay(resolution: Resolution) -> set[int]:
    """The parameters whose weight decay rules disagree on: no name was missed there, and LRS202 has its say."""
    values: dict[int, set[float]] = {}
    for reach in resolution.reaches:
        for parameter in reach.parameters if reach.setting.axis == "weight_decay" else ():
            values.setdefault(parameter, set()).add(reach.setting.value)
    return {parameter for parameter, given in values.items() if len(given) > 1}


def _decay(planned: PlannedParameter, default: float) -> float:
    given = planned.settings.weight_decay
    return default if given is None else given


def _mixed(resolution: Resolution, kind: str, decayed: list[int], exempt: list[int]) -> Finding:
    """Points at the regex that should have had all of them: the one that exempts some, or else that decays some."""
    sources = (_decay_regex(resolution, parameter) for parameter in (*exempt, *decayed))
    rule, path = next((source for source in sources if source[0] is not None), (None, ("rules",)))
    fewer = min(decayed, exempt, key=len)
    counted = About(resolution, path, rule, [*decayed, *exempt]).counted()
    return About(resolution, path, rule, fewer).finding(
        "LRS305",
        f"of {counted} that are the {printable(kind)}, {_gets(len(decayed))} weight decay{_default(resolution)} and "
        f"{_gets(len(exempt))} none; {'with' if fewer is decayed else 'without'} it:",
        f"Was a name missed? `where: {{ndim: [0, 1]}}` or `where: {{module: {kind.rpartition(' ')[2]}}}` has them all.",
    )


def _gets(members: int) -> str:
    return f"{members:,} {'gets' if members == 1 else 'get'}"


def _default(resolution: Resolution) -> str:
    """Where decay comes from that the spec does not set."""
    kind = resolution.spec.optimizer.type
    unset = resolution.spec.optimizer.weight_decay is None
    return f" ({kind}'s own {number(DEFAULT_WEIGHT_DECAY[kind])})" if unset and kind in DEFAULT_WEIGHT_DECAY else ""


def _decay_regex(resolution: Resolution, parameter: int) -> Source:
    """The regex by which a rule has the parameter whose weight decay it sets, or the rule where it has none."""
    reach = resolution.winner("weight_decay", parameter)
    if reach is None:
        return None, ("rules",)
    hits = resolution.selections[reach.rule].hits
    by = (hit.pattern.path for hit in hits if any(name.parameter == parameter for name in hit.captures))
    return reach.rule, next(by, selecting_path(resolution, reach.rule))
