"""`Lock`: what a spec gives to all of its models, and the parts of the spec and the libraries that it comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lrspec.models.inventory import Inventory
from lrspec.review.snapshot import Snapshot
from lrspec.spec.file_names import ENDINGS
from lrspec.spec.load import SpecFile

ENDING = ".lrspec.lock"


@dataclass(frozen=True)
class LockedModel:
    """A model under the name that the spec has for it, with the versions of the libraries that build it.

    `source` and `args` are as the spec has them; those of the snapshot are the inventory's.
    """

    source: str
    args: Mapping[str, Any]
    versions: Mapping[str, str]
    snapshot: Snapshot
    fingerprint: str

    @property
    def inventory(self) -> Inventory:
        """The inventory of the model when it was locked."""
        return self.snapshot.inventory


@dataclass(frozen=True)
class Lock:
    """What a spec gives to its models. `rules` are hashes of the spec's rules, by their names."""

    path: str
    rules: Mapping[str, str]
    models: tuple[LockedModel, ...]
    optimizers: Mapping[str, Any] = field(default_factory=dict)
    schedules: Mapping[str, Any] = field(default_factory=dict)

    def model(self, source: str, args: Mapping[str, Any]) -> LockedModel | None:
        """Return a model of the lock, by its name in the spec and its arguments; None if it is not there."""
        return next((each for each in self.models if (each.source, each.args) == (source, args)), None)


def lock_path(spec: str) -> str:
    """Return the path of the lock of a spec: `net.lrspec.lock` beside `net.lrspec.yaml`."""
    stem = next((spec.removesuffix(ending) for ending in ENDINGS if spec.endswith(ending)), spec)
    return f"{stem}{ENDING}"


def rule_hashes(file: SpecFile) -> dict[str, str]:
    """Return a hash of the values of each rule, by its name: comments, names and the order of keys do not matter."""
    rules = ({**rule, "name": None} for rule in file.document.value["rules"])
    return {name: _hash(rule) for name, rule in zip(file.written.rule_names, rules, strict=True)}


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
