"""The names of rules that set rates: the part of the model that they are about, or what they are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lrspec.drafting.naming import slug, word
from lrspec.drafting.rates.towers import Tower
from lrspec.drafting.rules import Selector
from lrspec.models.parameters import Columns

_DULL = {"weight", "bias", "default", "model", "module", "base_model"}
_LONGEST = 60  # characters of a name
"""Components that tell nothing."""


@dataclass(frozen=True)
class RateNames:
    """Names for rules by the parameters that they are about."""

    columns: Columns

    def ladder(self, tower: Tower) -> str:
        """Return a name for one ladder of several."""
        return self._part(tower.steps) or _plain(".".join(tower.prefix[-1:])) or "depth"

    def rule(self, places: Collection[int], selector: Selector, otherwise: str) -> str:
        """Return a name for a rule that gives some parameters one rate, or one factor on top of their rates."""
        return self._of_all(places, selector) or otherwise

    def is_true_of_all(self, places: Collection[int], selector: Selector) -> bool:
        """Return whether the name is one of all parameters, and not a list of what they are."""
        return "-and-" not in (self._of_all(places, selector) or "-and-")

    def _of_all(self, places: Collection[int], selector: Selector) -> str | None:
        found = word(self.columns, selector, places)
        if found and (selector.declared or selector.ndim or selector.module):
            return found
        if all("head" in (self.columns.declared[place] or ()) for place in places):
            return "head"
        return self._part(places) or self._kind(places) or found

    def _kind(self, places: Collection[int]) -> str | None:
        if all(self.columns.names[place].endswith("bias") for place in places):
            return "biases"
        owners = [(self.columns.owners[place] or ("",))[0] for place in places]
        kinds = (name for part, name in (("Norm", "norms"), ("Conv", "convs")) if all(part in each for each in owners))
        return next(kinds, None)

    def _part(self, places: Collection[int]) -> str | None:
        """The first component, or else beginning, of names that these parameters alone have."""
        names = [self.columns.names[place].split(".") for place in places]
        words = [word for word in names[0] if all(word in name for name in names)]
        beginning = _beginning(min(names), max(names))
        for own in [*words, ".".join(beginning)]:
            if self._counts[own] == len(places) and (name := _plain(own)):
                return name
        return None

    @cached_property
    def _counts(self) -> Counter[str]:
        """The number of parameters whose names have a component, and of those that begin with some."""
        return Counter(text for name in self.columns.names for text in _texts(name))


def _texts(name: str) -> Iterator[str]:
    components = name.split(".")
    yield from dict.fromkeys(components)
    yield from (".".join(components[:end]) for end in range(2, len(components) + 1))


def _beginning(one: Sequence[str], other: Sequence[str]) -> Sequence[str]:
    """The components with which both of two names begin."""
    return one[: next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))]


def _plain(text: str) -> str:
    """Components as a rule's name: `model.vision_tower` becomes `vision-tower`."""
    return slug(".".join(word for word in text.split(".") if word not in _DULL), _LONGEST)
