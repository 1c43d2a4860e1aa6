"""How much work a check may be, whatever the spec and the inventory: time, searches, what is kept, what is listed.

A spec that people write takes a thousandth of it. What goes beyond is refused at its place (LRS101, LRS105), or, where
it is a matter of good advice only, is left unjudged. Most limits grow with the number of names; all models of a spec
share what there is. Counts come first, which are the same on every machine; times end what they have overlooked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lrspec.diagnostics.source import Path
from lrspec.regex.time_limit import Allowance, OverdueError, Timer

SECONDS, SECONDS_A_NAME = 3.0, 80e-6
"""For all regexes of a spec together, to select by them."""

JUDGING_SECONDS, JUDGING_SECONDS_A_NAME = 1.0, 15e-6
"""For all regexes that are tried in place of others, to judge these and to say what was meant."""

JUDGING_SECONDS_EACH = 0.2
"""For one of them; one that takes longer does not do the same as the other, which is quick."""

OVERALL_SECONDS, OVERALL_SECONDS_A_NAME = 3.5, 90e-6
"""For all of it."""

SEARCHES, SEARCHES_A_NAME = 10_000_000, 500
"""Of a regex in a name; to go through the names for a `where` is as much as to search them."""

KEPT, KEPT_A_NAME = 1_000_000, 2
"""Names that regexes match, and settings that rules make, added up rule by rule: a few hundred bytes each."""

JUDGED, JUDGED_A_NAME = 1_000_000, 10
"""For a model: names that regexes are tried on in place of others, and eightfold the characters of these."""

PATIENCE = 4.0
"""How many times as much work a spec of one's own may be as one that is checked for a stranger."""

LISTED = 32_000_000
"""Characters of the names that all findings list."""


class TooMuchError(Exception):
    """A limit is exceeded at a place in the spec; the text says which."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class Work:
    """What is left of each limit, for a spec and all of its models; `patience` times as much as for a stranger's."""

    def __init__(self, patience: float = 1.0) -> None:
        self._patience, self._timer, self._end = patience, Timer(), math.inf
        self.names = 0
        self.selecting = Allowance(patience * SECONDS, self._timer)
        self.judging = Allowance(patience * JUDGING_SECONDS, self._timer, JUDGING_SECONDS_EACH)
        self._overall, self._judged = patience * OVERALL_SECONDS, 0.0
        self._searches, self._kept, self._listed = patience * SEARCHES, patience * KEPT, patience * LISTED

    def allow_for(self, names: int) -> None:
        """Allow for a model with so many names."""
        self.names += names
        more = self._patience * names
        self.selecting.left += more * SECONDS_A_NAME
        self.judging.left += more * JUDGING_SECONDS_A_NAME
        self._overall += more * OVERALL_SECONDS_A_NAME
        self._searches += more * SEARCHES_A_NAME
        self._kept += more * KEPT_A_NAME
        self._judged = self._patience * JUDGED + more * JUDGED_A_NAME

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Enforce the limits of time on what is inside: by a timer, or, where there is none, at the next count."""
        begun = time.thread_time()
        self._end = begun + self._overall
        try:
            with self._timer.watch(self._overall):
                yield
        finally:
            self._overall, self._end = self._end - time.thread_time(), math.inf

    def count_searches(self, texts: int, path: Path) -> None:
        """Account for searching texts by the regex at a place; TooMuchError where it is one too many."""
        self._searches -= texts
        self._refuse_overdue()
        if self._searches < 0:
            raise TooMuchError(
                path, f"the regexes up to this one need {self._most(SEARCHES, SEARCHES_A_NAME)} searches"
            )

    def keep(self, entries: int, path: Path) -> None:
        """Account for what is kept of the rule or regex at a place; TooMuchError where it is too much."""
        self._kept -= entries
        self._refuse_overdue()
        if self._kept < 0:
            raise TooMuchError(path, f"the rules select and set {self._most(KEPT, KEPT_A_NAME)} times together")

    def affords(self, units: int) -> bool:
        """Whether something may still be judged that takes so much, which is then spent; if not, nothing is spent."""
        self._refuse_overdue()
        if units > self._judged:
            return False
        self._judged -= units
        return True

    def lists(self, names: tuple[str, ...]) -> bool:
        """Whether a finding may still list all of these names."""
        self._listed -= sum(map(len, names))
        return self._listed >= 0

    def _refuse_overdue(self) -> None:
        if time.thread_time() >= self._end:
            raise OverdueError

    def _most(self, most: int, a_name: int) -> str:
        return f"more than {int(self._patience * (most + a_name * self.names)):,}"
