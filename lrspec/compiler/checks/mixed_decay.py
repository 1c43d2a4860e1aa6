"""Is weight decay the same for all norms and biases of the same sort? LRS305."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from lrspec.compiler.checks.finding import Compilation, Source, Subject, selecting_path
from lrspec.compiler.checks.holding import decay_of
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import number
from lrspec.spec.torch_optim import DEFAULT_WEIGHT_DECAY


def mixed_decay(compilation: Compilation) -> Iterator[Finding]:
    """LRS305: norms or biases of the same sort, some of which get weight decay and some of which get none.

    It points at the regex that should match all of them: the one that exempts some, or else the one that decays some.
    """
    resolution = compilation.resolution
    for owner, leaf, decayed, exempt in _norms_and_biases(resolution):
        sources = (_decay_source(resolution, parameter) for parameter in (*exempt, *decayed))
        rule, path = next((source for source in sources if source[0] is not None), (None, ("rules",)))
        fewer = min(decayed, exempt, key=len)
        base = resolution.base_of(resolution.families.representative_of[decayed[0]])
        default = ""
        if base.weight_decay is None and base.type in DEFAULT_WEIGHT_DECAY:
            default = f" ({base.type}'s own {number(DEFAULT_WEIGHT_DECAY[base.type])})"
        counted = Subject(resolution, path, rule, [*decayed, *exempt]).counted()
        yield Subject(resolution, path, rule, fewer).finding(
            "LRS305",
            f"of {counted} that are the {printable(f'{leaf} of {owner}')}, {_gets(len(decayed))} weight decay{default} "
            f"and {_gets(len(exempt))} none; {'with' if fewer is decayed else 'without'} it:",
            f"Was a name missed? `where: {{ndim: [0, 1]}}` or `where: {{module: {owner}}}` has them all.",
        )


def _norms_and_biases(resolution: Resolution) -> Iterator[tuple[str, str, list[int], list[int]]]:
    """The sorts of trained 0- and 1-dimensional parameters of which some get weight decay and some do not.

    A sort is the owner's class and the last part of the name; the two lists of parameters follow it.
    """
    columns = resolution.columns
    sorts: dict[tuple[str, str], tuple[list[list[int]], list[list[int]]]] = {}
    for representative, family in resolution.families.members.items():
        shape, owner = columns.shapes[representative], columns.owners[representative]
        if shape is None or len(shape) > 1 or not owner or not resolution.trainable(representative):
            continue
        decay = decay_of(resolution, representative)
        leaf = columns.names[representative].rpartition(".")[2]
        by_leaf = {leaf: family}
        if not leaf.isalpha():  # within the family, its digits may differ
            by_leaf = {}
            for member in family:
                by_leaf.setdefault(columns.names[member].rpartition(".")[2], []).append(member)
        for leaf, members in by_leaf.items():
            sorts.setdefault((owner[0], leaf), ([], []))[0 if decay > 0 else 1].append(members)
    mixed = [(sort, decayed, exempt) for sort, (decayed, exempt) in sorts.items() if decayed and exempt]
    for (owner_name, leaf), decayed, exempt in sorted(mixed, key=lambda item: min(item[1][0][0], item[2][0][0])):
        yield owner_name, leaf, sorted(chain(*decayed)), sorted(chain(*exempt))


def _gets(members: int) -> str:
    return f"{members:,} {'gets' if members == 1 else 'get'}"


def _decay_source(resolution: Resolution, parameter: int) -> Source:
    """The regex by which a rule that sets the parameter's weight decay selects it, or the rule if it has no regex."""
    representative = resolution.families.representative_of[parameter]
    applied = resolution.winner("weight_decay", representative)
    if applied is None:
        return None, ("rules",)
    for hit in resolution.selections[applied.rule].hits:
        if any(name.parameter == representative for name in hit.matches):
            return applied.rule, hit.pattern.path
    return applied.rule, selecting_path(resolution, applied.rule)
