"""Is weight decay the same for norms and biases of one kind, and none where the model declares so? LRS507, LRS508."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.multipliers import multiplied
from lrspec.auditing.run import Run
from lrspec.auditing.whole_modules import Path, WholeModules
from lrspec.diagnostics.wording import few
from lrspec.models.describe import count_parameters
from lrspec.models.parameters import Columns
from lrspec.optim.live.members import Member
from lrspec.optim.live.values import is_number, plain_value

_OFTEN_EXEMPT = {"embedding", "no_weight_decay"}
"""Declarations of parameters whose weight decay says nothing about that of others."""


class _Sides(NamedTuple):
    """The places of parameters of one kind: those that get weight decay, and those that get none."""

    decayed: list[int]
    exempt: list[int]


def mixed_decay(run: Run) -> Iterator[AuditFinding]:
    """LRS507: norms and biases some of which decay and some of which do not, beside matrices that decay alike."""
    mixed = list(_mixed_kinds(run, _decays(run)))
    few_decay = [(kind, sides) for kind, sides in mixed if len(sides.decayed) <= len(sides.exempt)]
    many_decay = [(kind, sides) for kind, sides in mixed if len(sides.decayed) > len(sides.exempt)]
    if few_decay:
        fewer, others = _joined(few_decay)
        yield _mixed(run, few_decay, fewer, f"weight decay, and {len(others):,} of the same kind", "none")
    if many_decay:
        others, fewer = _joined(many_decay)
        yield _mixed(run, many_decay, fewer, f"no weight decay, and {len(others):,} of the same kind", "some")


def declared_decay(run: Run) -> Iterator[AuditFinding]:
    """LRS508: parameters that the model declares to be without weight decay, and that get some."""
    declared = [
        place for place, known in enumerate(run.inventory.columns.declared) if "no_weight_decay" in (known or ())
    ]
    decays = _decays(run) if declared else {}
    if places := [place for place in declared if decays.get(place)]:
        verb, them = ("gets", "it") if len(places) == 1 else ("get", "them")
        yield run.finding(
            "LRS508",
            places,
            f"{count_parameters(run.inventory.columns, places)} {verb} weight decay, which the model declares {them} "
            f"free of: each step pulls {them} towards zero",
            f"Put {them} into a group with `weight_decay=0`. The model's own `no_weight_decay()` or a parameter's "
            "`_no_weight_decay` says so; a wrapper around the model has no such method.",
        )


DECAY = (mixed_decay, declared_decay)
"""Every check of weight decay."""

_Kind = tuple[str, str]
"""The class of the module that owns a parameter, and the last part of its name."""


def _joined(mixed: list[tuple[_Kind, _Sides]]) -> _Sides:
    joined = _Sides([], [])
    for _, sides in mixed:
        joined.decayed.extend(sides.decayed)
        joined.exempt.extend(sides.exempt)
    return joined


def _mixed(run: Run, mixed: list[tuple[_Kind, _Sides]], fewer: list[int], get: str, the_others: str) -> AuditFinding:
    kinds = few(list(dict.fromkeys(f"{leaf} of {owner}" for (owner, leaf), _ in mixed)), 3)
    return run.finding(
        "LRS507",
        fewer,
        f"{count_parameters(run.inventory.columns, fewer)} {'gets' if len(fewer) == 1 else 'get'} {get} ({kinds}) get "
        f"{the_others}, though the matrices beside them decay alike: weight decay pulls scales and biases towards zero",
        "Was a name missed? Take norms and biases by their shape (`p.ndim < 2`), and exempt all of them "
        "(`weight_decay=0`), or none.",
    )


def _decays(run: Run) -> dict[int, float]:
    """The weight decay of each parameter that requires grad, where it is known, by its place."""
    decays: dict[int, float] = {}
    for group, places in run.places.items():
        decay = _decay_of(group)
        if decay is not None:
            for place in filter(run.trains, places):
                decays.setdefault(place, decay)
    return decays


def _decay_of(group: Member) -> float | None:
    """The weight decay of a group, times the keys by which loops multiply it, as DINOv2's does."""
    factors = [plain_value(value) for key, value in group.keys.items() if multiplied(key) == "weight_decay"]
    values = [group.optimizer.decay(group.group), *factors]
    return math.prod(values) if all(map(is_number, values)) else None


def _mixed_kinds(run: Run, decays: dict[int, float]) -> Iterator[tuple[_Kind, _Sides]]:
    """The kinds of which some decay and some do not, beside matrices that decay alike, and not by whole modules."""
    mixed = [(kind, sides) for kind, sides in _kinds(run, decays).items() if sides.decayed and sides.exempt]
    if not mixed:
        return
    paths = _paths(run, decays)
    matrices = _matrices(run, decays, paths)
    beside = {path: _beside(path, matrices) for path in set(paths.values())}
    modules = WholeModules(run, paths, matrices.keys())
    for kind, sides in mixed:
        split: dict[float | None, _Sides] = {}
        for place in (*sides.decayed, *sides.exempt):
            split.setdefault(beside[paths[place]], _Sides([], []))[0 if decays[place] else 1].append(place)
        for decay, alike in split.items():
            if decay is not None and alike.decayed and alike.exempt and not modules.explain(*alike):
                yield kind, alike


def _kinds(run: Run, decays: dict[int, float]) -> dict[_Kind, _Sides]:
    """The parameters of at most one dimension, by their kinds."""
    columns = run.inventory.columns
    kinds: dict[_Kind, _Sides] = {}
    for place, decay in decays.items():
        shape, owner = columns.shapes[place], columns.owners[place]
        if owner and shape is not None and len(shape) < 2 and _is_like_others(columns, place):
            kind = (owner[0], columns.names[place].rpartition(".")[2])
            kinds.setdefault(kind, _Sides([], []))[0 if decay else 1].append(place)
    return kinds


def _paths(run: Run, decays: dict[int, float]) -> dict[int, Path]:
    """The module of each parameter; those in one have one path."""
    found: dict[int, Path] = {}
    known: dict[str, Path] = {}
    for place in decays:
        prefix = run.inventory.columns.names[place].rpartition(".")[0]
        if prefix not in known:
            known[prefix] = tuple(prefix.split(".")) if prefix else ()
        found[place] = known[prefix]
    return found


def _matrices(run: Run, decays: dict[int, float], paths: dict[int, Path]) -> dict[Path, Counter[float]]:
    """How many matrices have which weight decay, in each module that has any."""
    columns = run.inventory.columns
    own = Counter(
        (path, decays[place])
        for place, path in paths.items()
        if len(columns.shapes[place] or ()) > 1 and _is_like_others(columns, place)
    )
    found: dict[Path, Counter[float]] = {}
    for (path, decay), matrices in own.items():
        for length in range(len(path) + 1):
            found.setdefault(path[:length], Counter())[decay] += matrices
    return found


def _is_like_others(columns: Columns, place: int) -> bool:
    return _OFTEN_EXEMPT.isdisjoint(columns.declared[place] or ())


def _beside(path: Path, matrices: dict[Path, Counter[float]]) -> float | None:
    """The weight decay of most matrices in a module, or else in the nearest around it that has any."""
    around = (matrices[path[:length]] for length in range(len(path), -1, -1) if path[:length] in matrices)
    return next((decays.most_common(1)[0][0] for decays in around), None)
