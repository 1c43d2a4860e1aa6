"""Names rules after what they select, and makes names unique."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from lrspec.drafting.regex_words import DULL, own_words
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.models.parameters import Columns

_LONGEST = 40  # characters of a name
_PLURALS = {"bias": "biases", "gamma": "gammas", "scale": "scales"}
_BY_DIMENSIONS = {(0, 1): "vectors", (0,): "scalars", (1,): "vectors", (2,): "matrices", (4,): "kernels"}
_DECLARED = {"embedding": "embeddings", "head": "head", "no_weight_decay": "declared"}


def word(columns: Columns, selector: Selector, members: Collection[int]) -> str:
    """Return a word for some parameters: what they are, or that of the selector; maybe none."""
    if selector.declared:
        return "-and-".join(_DECLARED[each] for each in selector.declared)
    if selector.ndim in _BY_DIMENSIONS and not selector.match:
        return _BY_DIMENSIONS[selector.ndim]
    if selector.module and not selector.match:
        return _plural(selector.module) or "layers"
    names = [columns.names[place].split(".") for place in sorted(members)]
    return _kind(names) or _plural_of(slug(own_words(selector.match))) or _shared(names)


def leaves(columns: Columns, members: Iterable[int]) -> list[str]:
    """The last components that tell something, each once: `cls_token`, `token_projection`."""
    names = [columns.names[place].split(".") for place in sorted(members)]
    told = ([part for part in name if part not in DULL and not part.isdigit()] or name for name in names)
    return list(dict.fromkeys(parts[-1] for parts in told))


def _kind(names: Sequence[Sequence[str]]) -> str | None:
    """What all names are by their last components, if they say so."""
    leaves = {name[-1].lower() for name in names}
    if all("pos" in leaf for leaf in leaves):
        return "positions"
    if all("token" in leaf for leaf in leaves):
        return "tokens"
    if len(leaves) > 1 and all(leaf.endswith("bias") for leaf in leaves):
        return "biases"
    return "embeddings" if all("pos" in leaf or "token" in leaf or "embed" in leaf for leaf in leaves) else None


def _shared(names: Sequence[Sequence[str]]) -> str:
    """The last component that all names have in common."""
    shared = [part for part in next(iter(names), ()) if all(part in name for name in names)]
    told = [part for part in shared if part not in DULL and not part.isdigit()]
    return _plural_of(slug(told[-1] if told else ""))


def slug(text: str, longest: int = _LONGEST) -> str:
    """Return text as the name of a rule: `vision-tower` for `vision_tower`; none for digits alone."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest]
    return "" if name.isdigit() else name


def _plural_of(name: str) -> str:
    head, dash, last = name.rpartition("-")
    return head + dash + _PLURALS.get(last, last)


def _plural(module: str) -> str:
    name = re.sub(r"\W", "", module)
    if "norm" in name.lower():
        return "norms"
    return slug(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name))


def unique(rules: Sequence[DraftRule]) -> tuple[DraftRule, ...]:
    """Return the rules with a number behind each name that a rule before has."""
    taken: set[str] = set()
    renamed: list[DraftRule] = []
    for rule in rules:
        candidates = (f"{rule.name}-{number}" for number in range(2, len(rules) + 2))
        name = next(filter(lambda name: name not in taken, (rule.name, *candidates)))
        taken.add(name)
        renamed.append(replace(rule, name=name))
    return tuple(renamed)
