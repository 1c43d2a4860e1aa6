"""How much work a check may be, whatever the spec and the inventory: time, searches, what is kept, what is listed.

A spec that people write takes a thousandth of it. What goes beyond is refused at its place (LRS101, LRS105), or, where
it is a matter of good advice only, is left unjudged. Each limit grows with the number of names; all models of a spec
share what there is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from lrspec.deadline import Allowance, Timer
from lrspec.source import Path

SECONDS, SECONDS_A_NAME = 2.0, 50e-6
"""For all regexes of a spec together, to select by them."""

JUDGING_SECONDS, JUDGING_SECONDS_A_NAME = 1.0, 15e-6
"""For all regexes that are tried in place of others, to judge these and to say what was meant."""

JUDGING_SECONDS_EACH = 0.2
"""For one of them; one that takes longer does not do the same as the other, which is quick."""

OVERALL_SECONDS, OVERALL_SECONDS_A_NAME = 3.5, 90e-6
"""For all of it: what the other limits have overlooked ends here."""

SEARCHES, SEARCHES_A_NAME = 10_000_000, 250
"""Of a regex in a name."""

KEPT, KEPT_A_NAME = 1_000_000, 2
"""Names that regexes match, and settings that rules make, added up rule by rule: a few hundred bytes each."""

JUDGED, JUDGED_A_NAME = 1_000_000, 10
"""Characters of regexes that are tried in place of others, eightfold, and names that these are tried on."""

LISTED = 32_000_000
"""Characters of the names that all findings list."""


class TooMuchError(Exception):
    """A limit is exceeded at a place in the spec; the text says which."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class Work:
    """What is left of each limit, for a spec and all of its models."""

    def __init__(self) -> None:
        self._timer, self._overall = Timer(), OVERALL_SECONDS
        self.selecting = Allowance(SECONDS, self._timer)
        self.judging = Allowance(JUDGING_SECONDS, self._timer, JUDGING_SECONDS_EACH)
        self.names = 0
        self._searches, self._kept, self._judged, self._listed = SEARCHES, KEPT, JUDGED, LISTED

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Enforce the limits of time on what is inside, as far as the platform allows it."""
        begun = time.thread_time()
        try:
            with self._timer.watch(self._overall):
                yield
        finally:
            self._overall -= time.thread_time() - begun

    def allow_for(self, names: int) -> None:
        """Allow for a model with so many names."""
        self.names += names
        self.selecting.left += names * SECONDS_A_NAME
        self._overall += names * OVERALL_SECONDS_A_NAME
        self.judging.left += names * JUDGING_SECONDS_A_NAME
        self._searches += names * SEARCHES_A_NAME
        self._kept += names * KEPT_A_NAME
        self._judged += names * JUDGED_A_NAME

    def search(self, texts: int, path: Path) -> None:
        """Account for searching texts by the regex at a place; TooMuchError where it is one too many."""
        self._searches -= texts
        if self._searches < 0:
            raise TooMuchError(path, f"the regexes up to this one are {self._of(SEARCHES, SEARCHES_A_NAME)} searches")

    def keep(self, entries: int, path: Path) -> None:
        """Account for what is kept of the rule or regex at a place; TooMuchError where it is too much."""
        self._kept -= entries
        if self._kept < 0:
            raise TooMuchError(path, f"the rules select and set {self._of(KEPT, KEPT_A_NAME)} times together")

    def affords(self, units: int) -> bool:
        """Whether something may still be judged that takes so much, which is then spent; if not, nothing is spent."""
        if units > self._judged:
            return False
        self._judged -= units
        return True

    def lists(self, names: tuple[str, ...]) -> bool:
        """Whether a finding may still list these names."""
        self._listed -= sum(map(len, names))
        return self._listed >= 0

    def _of(self, most: int, a_name: int) -> str:
        return f"more than {most + a_name * self.names:,}"
