"""A diff as JSON values: applied to the old plan, they give the new one exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lrspec.review.diff.diff import Compared, Diff, Model
from lrspec.review.diff.difference import Difference, Replaced
from lrspec.review.diff.values import Values, values_of
from lrspec.review.diff.words import elements


def as_dict(diff: Diff) -> dict[str, Any]:
    """A diff as JSON values; see `lrspec schema diff`."""
    return {
        "lrspec_diff": 1,
        "old": diff.old,
        "new": diff.new,
        "differs": bool(diff),
        "summary": diff.summary,
        "models": [_compared(compared) for compared in diff.models],
        "gone": [_model(model) for model in diff.gone],
        "added": [_model(model) for model in diff.added],
    }


def _model(model: Model) -> dict[str, Any]:
    parameters = [entry.parameter for entry in model.snapshot.entries]
    counts = {"parameters": len(parameters), "elements": elements(parameters)}
    return {"source": model.source, "args": dict(model.args), **counts}


def _compared(compared: Compared) -> dict[str, Any]:
    difference = compared.difference
    return {
        "old": _model(compared.old),
        "new": _model(compared.new),
        "summary": compared.summary,
        **_structure(difference),
        "changes": [
            {
                "parameters": [difference.new.entries[place].name for _, place in change.places],
                "before": _plain(change.before),
                "after": _plain(change.after),
            }
            for change in difference.changes
        ],
        "order": [entry.name for entry in difference.new.entries] if difference.moved else None,
        "optimizers": _replaced(difference.optimizers),
        "schedules": _replaced(difference.schedules),
    }


def _structure(difference: Difference) -> dict[str, Any]:
    """What became of the parameters that are not in both models under one name."""
    old, pairing = [entry.name for entry in difference.old.entries], difference.pairing

    def names(places: Iterable[int]) -> list[str]:
        return [old[place] for place in places]

    def rows(places: Iterable[int]) -> list[dict[str, Any]]:
        entries = ((place, difference.new.entries[place]) for place in places)
        return [{"name": entry.name, "index": place, "values": _plain(values_of(entry))} for place, entry in entries]

    return {
        "renamed": [*_renamed(difference)],
        "fused": [{"old": names(each.parts), "new": rows([each.whole])[0]} for each in pairing.fused],
        "split": [{"old": old[each.whole], "new": rows(each.parts)} for each in pairing.split],
        "gone": names(pairing.gone),
        "added": rows(pairing.added),
    }


def _renamed(difference: Difference) -> Iterator[dict[str, Any]]:
    """What has other names; of tied parameters the first name may be another one of theirs."""
    old, new = difference.old.entries, difference.new.entries
    for replacement, pairs in difference.pairing.renamed:
        before, after = (".".join(steps) for steps in replacement)
        yield {"old": before, "new": after, "parameters": [[old[one].name, new[other].name] for one, other in pairs]}
    for one, other in difference.pairing.kept:
        before, after = old[one].name, new[other].name
        if before != after:
            yield {"old": before, "new": after, "parameters": [[before, after]]}


def _plain(values: Values) -> Values:
    """Values with a layer as in the JSON of a plan."""
    layer = values.get("layer")
    return values if layer is None else {**values, "layer": dict(zip(("rule", "index", "of"), layer, strict=True))}


def _replaced(replaced: Iterable[Replaced]) -> list[dict[str, Any]]:
    return [each._asdict() for each in replaced]
