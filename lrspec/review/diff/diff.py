"""`Diff`: all models of two sides, paired by their sources, and what differs for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from lrspec.diagnostics.escape import harmless, printable
from lrspec.diagnostics.wording import count, few
from lrspec.review.diff.difference import Difference, compare
from lrspec.review.diff.facts import Fact, facts
from lrspec.review.diff.names import Names
from lrspec.review.diff.rows import Row, rows
from lrspec.review.diff.summary import SAME, summary
from lrspec.review.diff.words import shortened
from lrspec.review.snapshot import Snapshot


class Model(NamedTuple):
    """A model of one side, under the name that a spec has for it."""

    source: str
    args: Mapping[str, Any]
    snapshot: Snapshot

    @property
    def words(self) -> str:
        """The source and the arguments."""
        args = ", ".join(f"{key}={value}" for key, value in self.args.items())
        return printable(f"{self.source} ({args})" if args else self.source)


class Side(NamedTuple):
    """One side of a diff: what it is called, and its models."""

    name: str
    models: Sequence[Model]


@dataclass(frozen=True)
class Compared:
    """A model of both sides, with what differs, as people read it."""

    old: Model
    new: Model
    difference: Difference

    @cached_property
    def rows(self) -> list[Row]:
        """The settings that differ."""
        return rows(self.difference)

    @cached_property
    def facts(self) -> list[Fact]:
        """What else differs."""
        return facts(self.difference)

    @cached_property
    def summary(self) -> str:
        """What differs, in one line."""
        return shortened(harmless(summary(self.difference, self.rows)))

    @cached_property
    def names(self) -> Names:
        """The names of the new model."""
        return Names(entry.name for entry in self.new.snapshot.entries)

    @property
    def words(self) -> str:
        """The model, or both if they are called differently."""
        return " → ".join(dict.fromkeys(filter(None, (self.old.words, self.new.words)))) or "an unnamed model"


@dataclass(frozen=True)
class Diff:
    """What differs between two sides; `gone` and `added` are models that only one of them has."""

    old: str
    new: str
    models: tuple[Compared, ...]
    gone: tuple[Model, ...]
    added: tuple[Model, ...]

    def __bool__(self) -> bool:
        return bool(self.gone or self.added or any(each.difference for each in self.models))

    @property
    def title(self) -> str:
        """The two sides."""
        return " → ".join(dict.fromkeys((printable(self.old), printable(self.new))))

    @property
    def summary(self) -> str:
        """What differs, in one line, for all models together."""
        return "; ".join([*self._compared(), *self._alone()]) or SAME

    def _compared(self) -> Iterator[str]:
        differ = [each for each in self.models if each.difference]
        said = list(dict.fromkeys(each.summary for each in differ))
        models = count(len(self.models), "model")
        if len(self.models) == 1 or not differ:
            yield from said
        elif len(said) > 1:
            yield f"{len(differ):,} of {models} differ: {differ[0].words}: {said[0]}, …"
        else:
            yield f"{said[0]} (in {len(differ):,} of {models})"

    def _alone(self) -> Iterator[str]:
        for models, word in ((self.gone, "gone"), (self.added, "added")):
            if models:
                noun = "model" if len(models) == 1 else "models"
                yield f"{noun} {few([model.source for model in models], 3)} {word}"


def diff(old: Side, new: Side) -> Diff:
    """Compare two sides: models of the same source and arguments, of the same source, or the only ones of each."""
    left, right = [*old.models], [*new.models]
    pairs = []
    for same in (_equal, _of_one_source, lambda *_: len(old.models) == len(new.models) == 1):
        for model in [*left]:
            other = next((each for each in right if same(model, each)), None)
            if other is not None:
                pairs.append((model, other))
                left.remove(model)
                right.remove(other)
    order = {id(model): place for place, model in enumerate(new.models)}
    pairs.sort(key=lambda pair: order[id(pair[1])])
    compared = tuple(Compared(one, other, compare(one.snapshot, other.snapshot)) for one, other in pairs)
    return Diff(old.name, new.name, compared, tuple(left), tuple(right))


def _equal(one: Model, other: Model) -> bool:
    return (one.source, dict(one.args)) == (other.source, dict(other.args))


def _of_one_source(one: Model, other: Model) -> bool:
    return one.source == other.source or one.snapshot.source == other.snapshot.source != ""
