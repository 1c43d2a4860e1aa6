"""What differs from another spec or lock, as JSON values for a page: the changes, and the rates before."""

from __future__ import annotations

from typing import Any

from lrspec.compiler.plan import Plan
from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.wording import few, six_digits
from lrspec.review.diff.diff import Compared, Diff, Model, Side, diff
from lrspec.review.diff.rows import trains
from lrspec.review.diff.text import layer_words
from lrspec.review.report.tree import Places, runs
from lrspec.review.snapshot import Entry, of_plan

_SAME = (1.0, None)
_ADDED = (None, "not there")


class NothingToCompareError(BriefError):
    """The other side has no such model; the message says which it has."""


def difference_from(before: Side, plan: Plan) -> dict[str, Any]:
    """Return what differs between a side of a diff and a plan; NothingToCompareError if that has no such model."""
    inventory = plan.inventory
    now = Side(plan.path, [Model(inventory.source, inventory.args, of_plan(plan))])
    found = diff(before, now)
    if not found.models:
        models = few([model.words for model in before.models], 3)
        raise NothingToCompareError(f"{before.name}: nothing to compare {inventory.source} with: it has {models}")
    return data_of(found, found.models[0])


def data_of(diff: Diff, compared: Compared) -> dict[str, Any]:
    """Return what differs for a model.

    `was` has for each parameter the place in `states` of what it was before: the ratio of its rate to the one before,
    None if either is not known or 0, and that rate in words, None if it is the same.
    """
    states, new = Places(), compared.new.snapshot
    states.of(_SAME)
    was = [states.of(_ADDED)] * len(new.entries)
    for one, other in _before(compared):
        was[other] = states.of(_state(compared.old.snapshot.entries[one], new.entries[other]))
    index = new.inventory.index
    return {
        "title": harmless(diff.title),
        "summary": harmless(compared.summary),
        "changes": [
            {
                "rules": harmless(row.label),
                "layers": layer_words(row),
                "words": harmless(row.words),
                "parameters": runs(sorted(index[each.name] for each in row.parameters)),
            }
            for row in compared.rows
        ],
        "facts": [harmless(str(fact)) for fact in compared.facts],
        "states": [{"ratio": ratio, "was": words} for ratio, words in states.values()],
        "was": was,
    }


def _before(compared: Compared) -> list[tuple[int, int]]:
    """Return the places, old and new, of what is in both models, and of what was fused or split."""
    pairing = compared.difference.pairing
    fused = [(part, each.whole) for each in pairing.fused for part in each.parts[:1]]
    split = [(each.whole, part) for each in pairing.split for part in each.parts]
    return [*pairing.pairs, *fused, *split]


def _state(old: Entry, new: Entry) -> tuple[float | None, str | None]:
    before, now = _rate(old), _rate(new)
    if before == now:
        return _SAME
    ratio = now / before if isinstance(before, float) and isinstance(now, float) and before and now else None
    return ratio, before if isinstance(before, str) else six_digits(before)


def _rate(entry: Entry) -> float | str:
    """The learning rate; `frozen` if it has none, and `default` if nothing sets it."""
    if not trains(entry):
        return "frozen"
    return float(entry.given["lr"]) if "lr" in entry.given else "default"
