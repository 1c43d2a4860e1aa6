"""What parameters get to the findings LRS303 to LRS305: values that are allowed and were probably not meant."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from lrspec.compiler.checks.finding import About, selecting_path
from lrspec.compiler.grouping import weight_decay
from lrspec.compiler.plan import Share
from lrspec.compiler.resolution import Reach, Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path
from lrspec.diagnostics.wording import number
from lrspec.models.parameters import Columns
from lrspec.spec.torch_optim import DEFAULT_WEIGHT_DECAY

Planned = Sequence[Share]
Source = tuple[int | None, Path]
"""Where a value comes from: the rule, if it is one, and the path."""
FindSource = Callable[[Resolution, int], Source]
"""Finds it for a parameter that stands for its kind."""


def zero_lr(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS303: a learning rate of 0, where `freeze` was probably meant."""
    found = [share for share in planned if share.status.trains and share.given.settings.lr == 0]
    for about in _by_source(resolution, found, _zero_source):
        yield about.finding(
            "LRS303",
            f"the learning rate of {about.counted()} is 0",
            "Freeze them, if that is meant (`freeze: true`): at 0 they still have gradients and state, count in "
            "clipping, and a scheduler can move them.",
        )


def large_value(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS304: a learning rate or a weight decay above 1."""
    for quantity in _QUANTITIES:
        large = [share for share in planned if share.status.trains and 1 < quantity.of(share) < math.inf]
        for about in _by_source(resolution, large, quantity.source):
            members = set(about.parameters)
            highest = number(max(quantity.of(share) for share in large if not members.isdisjoint(share.members)))
            yield about.finding(
                "LRS304",
                f"the {quantity.name} of {about.counted()} is {highest}, above 1",
                "Look at the exponent; if the value is meant, `check: {large-value: ignore}` says so.",
            )


def mixed_decay(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS305: norms or biases of one kind, of which some get weight decay and some get none."""
    for what, its in _norms_and_biases(resolution):
        if len(its) > 1:
            decayed, exempt = (sorted(chain(*its[gets])) for gets in (True, False))
            yield _mixed(resolution, what, decayed, exempt)


LINTS = (zero_lr, large_value, mixed_decay)
"""Every lint of values."""


def infinite_value(resolution: Resolution, planned: Planned) -> Iterator[Finding]:
    """LRS104: a product of settings that is no finite number: too large, or too large times 0."""
    for quantity in _QUANTITIES:
        wrong = [share for share in planned if not math.isfinite(quantity.of(share))]
        for about in _by_source(resolution, wrong, quantity.source):
            yield about.finding(
                "LRS104", f"the {quantity.name} of {about.counted()} is no finite number", "Its factors are too large."
            )


# --------------------------------------------------------------------------------------------------- sources


def _by_source(resolution: Resolution, planned: Iterable[Share], source: FindSource) -> Iterator[About]:
    """The parameters by where their values come from."""
    found: dict[Source, list[int]] = {}
    for share in planned:
        found.setdefault(source(resolution, share.first), []).extend(share.members)
    for (rule, path), members in found.items():
        yield About(resolution, path, rule, sorted(members))


def _of(reach: Reach) -> Source:
    return reach.rule, ("rules", reach.rule, *reach.setting.key)


def _zero_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a learning rate 0."""
    for axis in ("lr", "scale"):
        reach = resolution.winner(axis, parameter)
        if reach and getattr(resolution.spec.rules[reach.rule], reach.setting.key[0]) == 0:
            return _of(reach)
    layer = resolution.winner("layer", parameter)
    return _of(layer) if layer and resolution.base_of(parameter).lr != 0 else _base(resolution, parameter, "lr")


def _large_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a learning rate large."""
    rate, scale = resolution.winner("lr", parameter), resolution.winner("scale", parameter)
    base = rate.setting.value if rate else resolution.base_of(parameter).lr
    large_rate = base is not None and base > 1
    reach = scale if scale and scale.setting.value > 1 and not large_rate else rate
    return _of_rule_or_base(resolution, parameter, reach, "lr")


def _decay_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a weight decay large."""
    return _of_rule_or_base(resolution, parameter, resolution.winner("weight_decay", parameter), "weight_decay")


def _of_rule_or_base(resolution: Resolution, parameter: int, reach: Reach | None, base: str) -> Source:
    """What a rule sets; or the optimizer's value, where no rule sets it or a rule's multiple makes it no larger."""
    multiple = reach is not None and reach.setting.key == (f"{base}_mult",)
    if reach is None or (multiple and getattr(resolution.spec.rules[reach.rule], f"{base}_mult") <= 1):
        return _base(resolution, parameter, base)
    return _of(reach)


def _base(resolution: Resolution, parameter: int, key: str) -> Source:
    return None, (*resolution.spec.base_path(resolution.optimizer_of(parameter)), key)


class _Quantity(NamedTuple):
    """A number that a parameter gets, 0 where nothing sets it; what to call it, and where it comes from."""

    name: str
    of: Callable[[Share], float]
    source: FindSource


_QUANTITIES = (
    _Quantity("learning rate", lambda share: share.given.settings.lr or 0.0, _large_source),
    _Quantity("weight decay", lambda share: share.given.settings.weight_decay or 0.0, _decay_source),
)


# ----------------------------------------------------------------------------------------------- mixed decay


def _norms_and_biases(resolution: Resolution) -> Iterator[tuple[str, dict[bool, list[list[int]]]]]:
    """The 0- and 1-dimensional parameters that are trained, by their owner's class and the last part of their names.

    Those of each are told apart by whether they get weight decay.
    """
    columns = resolution.columns
    found: dict[tuple[str, str], dict[bool, list[list[int]]]] = {}
    for first, alike in resolution.kinds.members.items():
        shape, owner = columns.shapes[first], columns.owners[first]
        if shape is not None and len(shape) <= 1 and owner and resolution.trainable(first):
            decays = _decay(resolution, first) > 0
            for leaf, members in _by_leaf(columns, alike).items():
                found.setdefault((owner[0], leaf), {}).setdefault(decays, []).append(members)
    for (owner_name, leaf), its in sorted(found.items(), key=lambda item: min(each[0][0] for each in item[1].values())):
        yield f"{leaf} of {owner_name}", its


def _by_leaf(columns: Columns, members: list[int]) -> dict[str, list[int]]:
    """Parameters of one kind by the last part of their names, in which they may differ by digits."""
    leaf = columns.names[members[0]].rpartition(".")[2]
    if leaf.isalpha():
        return {leaf: members}
    found: dict[str, list[int]] = {}
    for member in members:
        found.setdefault(columns.names[member].rpartition(".")[2], []).append(member)
    return found


def _decay(resolution: Resolution, first: int) -> float:
    given = weight_decay(resolution, first)
    return DEFAULT_WEIGHT_DECAY.get(resolution.base_of(first).type or "", 0.0) if given is None else given


def _mixed(resolution: Resolution, kind: str, decayed: list[int], exempt: list[int]) -> Finding:
    """Points at the regex that should have had all of them: the one that exempts some, or else that decays some."""
    sources = (_decay_regex(resolution, parameter) for parameter in (*exempt, *decayed))
    rule, path = next((source for source in sources if source[0] is not None), (None, ("rules",)))
    fewer, default = min(decayed, exempt, key=len), _default(resolution, decayed)
    counted = About(resolution, path, rule, [*decayed, *exempt]).counted()
    return About(resolution, path, rule, fewer).finding(
        "LRS305",
        f"of {counted} that are the {printable(kind)}, {_gets(len(decayed))} weight decay{default} and "
        f"{_gets(len(exempt))} none; {'with' if fewer is decayed else 'without'} it:",
        f"Was a name missed? `where: {{ndim: [0, 1]}}` or `where: {{module: {kind.rpartition(' ')[2]}}}` has them all.",
    )


def _gets(members: int) -> str:
    return f"{members:,} {'gets' if members == 1 else 'get'}"


def _default(resolution: Resolution, decayed: list[int]) -> str:
    """Where decay comes from that the spec does not set."""
    base = resolution.base_of(resolution.kinds.first_of[decayed[0]])
    kind, unset = base.type, base.weight_decay is None
    return f" ({kind}'s own {number(DEFAULT_WEIGHT_DECAY[kind])})" if unset and kind in DEFAULT_WEIGHT_DECAY else ""


def _decay_regex(resolution: Resolution, parameter: int) -> Source:
    """The regex by which a rule has the parameter whose weight decay it sets, or the rule where it has none."""
    first = resolution.kinds.first_of[parameter]
    reach = resolution.winner("weight_decay", first)
    if reach is None:
        return None, ("rules",)
    hits = resolution.selections[reach.rule].hits
    by = (hit.pattern.path for hit in hits if any(name.parameter == first for name in hit.matches))
    return reach.rule, next(by, selecting_path(resolution, reach.rule))
