"""Says what has moved since a lock was written: rules of the spec, the model, the libraries that build it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import few
from lrspec.models.parameters import Parameter
from lrspec.review.lock.lock import Lock, LockedModel, rule_hashes
from lrspec.review.sameness import are_same
from lrspec.review.snapshot import Snapshot
from lrspec.spec.language import ONLY
from lrspec.spec.load import SpecFile

_SHOWN = 5

OTHER_PARAMETERS = "the model has other parameters"
"""What is said of a model whose parameters have other names or shapes."""


def spec_moves(lock: Lock, file: SpecFile, now: Snapshot) -> list[str]:
    """Return which parts of the spec are not those of the lock: `rule `head` changed`."""
    rules = rule_hashes(file)
    moves = [*_moves("rule", lock.rules, rules)]
    if sorted(lock.rules.values()) == sorted(rules.values()):  # they have other names
        moves = []
    moves += _moves("optimizer", lock.optimizers, now.optimizers)
    moves += _moves("schedule", lock.schedules, now.schedules)
    return moves + [f"`{printable(path)}` was overridden" for path, _ in file.overrides]


def _moves(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    changed = [name for name in new if name in old and not are_same(old[name], new[name])]
    for names, verb in (
        (changed, "changed"),
        ([name for name in new if name not in old], "{} new"),
        ([name for name in old if name not in new], "{} gone"),
    ):
        if names:
            several = len(names) > 1
            quoted = few([f"`{name}`" for name in names], _SHOWN)
            noun = "" if names == [ONLY] else f"{kind}{'s' * several} "
            yield f"{noun}{quoted} {verb.format('are' if several else 'is')}"


def library_moves(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return which libraries have other versions now: `timm 1.0.20 → 1.0.22`."""
    return [f"{name} {old[name]} → {new[name]}" for name in new if name in old and old[name] != new[name]]


def since(lock: Lock, locked: LockedModel, file: SpecFile, now: Snapshot, versions: Mapping[str, str] | None) -> str:
    """Return the sentence about what has moved; without `versions`, the model is the lock's own."""
    spec = spec_moves(lock, file, now) or ["the spec is the same"]
    if versions is None:
        model = "the model was not built here, and is taken from the lock"
    else:
        model = ", ".join(model_moves(locked.snapshot, now)) or "the model is the same"
    return f"Since the lock was written: {'; '.join([*spec, model, *library_moves(locked.versions, versions or {})])}."


def model_moves(old: Snapshot, new: Snapshot) -> list[str]:
    """Return in what a model is another one: in its parameters, or if these are the same, in what is known of them."""
    before, after = ({entry.name: entry.parameter for entry in each.entries} for each in (old, new))
    if before.keys() != after.keys() or any(one.shape != after[name].shape for name, one in before.items()):
        return [OTHER_PARAMETERS]
    pairs = [(one, after[name]) for name, one in before.items()]
    known = [(one, other) for one, other in pairs if None not in (one.declared, other.declared)]
    moves = {
        "the model has its parameters in another order": [*before] != [*after],
        "the model has other aliases": any(one.aliases != other.aliases for one, other in pairs),
        "the model freezes other parameters": any(one.requires_grad != other.requires_grad for one, other in pairs),
        "the model has other classes": any(_reclassed(one, other) for one, other in pairs),
        "the model has other declarations": any(one.declared != other.declared for one, other in known),
    }
    return [words for words, moved in moves.items() if moved]


def _reclassed(one: Parameter, other: Parameter) -> bool:
    """Whether the owner of a name that both have is of another class."""
    owners = dict(zip(other.names, other.owners, strict=True))
    return any(owners.get(name, owner) != owner for name, owner in zip(one.names, one.owners, strict=True))
