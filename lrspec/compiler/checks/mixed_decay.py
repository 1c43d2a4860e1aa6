"""LRS305: is decay the same for all norms and biases of a kind?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from lrspec.compiler.checks.finding import Compilation, Source, Subject, selecting_path
from lrspec.compiler.grouping import weight_decay
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import number
from lrspec.models.parameters import Columns
from lrspec.spec.torch_optim import DEFAULT_WEIGHT_DECAY


def mixed_decay(compilation: Compilation) -> Iterator[Finding]:
    """LRS305: norms or biases of one kind, of which some get weight decay and some get none."""
    resolution = compilation.resolution
    for what, its in _norms_and_biases(resolution):
        if len(its) > 1:
            decayed, exempt = (sorted(chain(*its[gets])) for gets in (True, False))
            yield _mixed(resolution, what, decayed, exempt)


def _norms_and_biases(resolution: Resolution) -> Iterator[tuple[str, dict[bool, list[list[int]]]]]:
    """The 0- and 1-dimensional parameters that are trained, by their owner's class and the last part of their names.

    Those of each are told apart by whether they get weight decay.
    """
    columns = resolution.columns
    found: dict[tuple[str, str], dict[bool, list[list[int]]]] = {}
    for first, alike in resolution.families.members.items():
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
    counted = Subject(resolution, path, rule, [*decayed, *exempt]).counted()
    return Subject(resolution, path, rule, fewer).finding(
        "LRS305",
        f"of {counted} that are the {printable(kind)}, {_gets(len(decayed))} weight decay{default} and "
        f"{_gets(len(exempt))} none; {'with' if fewer is decayed else 'without'} it:",
        f"Was a name missed? `where: {{ndim: [0, 1]}}` or `where: {{module: {kind.rpartition(' ')[2]}}}` has them all.",
    )


def _gets(members: int) -> str:
    return f"{members:,} {'gets' if members == 1 else 'get'}"


def _default(resolution: Resolution, decayed: list[int]) -> str:
    """Where decay comes from that the spec does not set."""
    base = resolution.base_of(resolution.families.representative_of[decayed[0]])
    kind, unset = base.type, base.weight_decay is None
    return f" ({kind}'s own {number(DEFAULT_WEIGHT_DECAY[kind])})" if unset and kind in DEFAULT_WEIGHT_DECAY else ""


def _decay_regex(resolution: Resolution, parameter: int) -> Source:
    """The regex by which a rule has the parameter whose weight decay it sets, or the rule where it has none."""
    first = resolution.families.representative_of[parameter]
    applied = resolution.winner("weight_decay", first)
    if applied is None:
        return None, ("rules",)
    hits = resolution.selections[applied.rule].hits
    by = (hit.pattern.path for hit in hits if any(name.parameter == first for name in hit.matches))
    return applied.rule, next(by, selecting_path(resolution, applied.rule))
