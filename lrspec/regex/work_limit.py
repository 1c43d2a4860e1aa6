"""Limits the work of a check, whatever the spec and the inventory: time, searches, and what is kept and listed.

A spec that people write uses a thousandth of it. Work beyond a limit is refused at its place (LRS101, LRS105) or, if
only advice depends on it, skipped. Most limits grow with the number of names; all models of a spec share them. Counts
are checked first, since they are the same on every machine; the time limits catch what the counts miss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from lrspec.diagnostics.source import Path
from lrspec.regex.time_limit import Allowance, OverdueError, Timer, processor_time

SECONDS, SECONDS_A_NAME = 3.0, 80e-6  # for selecting by all regexes of a spec together
OVERALL_SECONDS, OVERALL_SECONDS_A_NAME = 3.5, 90e-6  # for everything
# For all regexes that are tried in place of others, to judge those and to suggest what was meant; and for one of them:
# the regex that it replaces is quick, so one that takes longer does not do the same.
JUDGING_SECONDS, JUDGING_SECONDS_A_NAME = 1.0, 15e-6
JUDGING_SECONDS_EACH = 0.2

SEARCHES, SEARCHES_A_NAME = 10_000_000, 500  # of a regex in a name; a `where` counts as searching all names
# Names that regexes match and settings that rules make, added up over the rules: a few hundred bytes each.
KEPT, KEPT_A_NAME = 1_000_000, 2
# For a model: names that replacement regexes are tried on, plus eight times the characters of those regexes.
JUDGED, JUDGED_A_NAME = 1_000_000, 10
LISTED = 32_000_000  # characters of the names that all findings list

PATIENCE = 4.0  # how many times as much work the user's own spec may take as one that is checked for a stranger


class TooMuchError(Exception):
    """A limit is exceeded at a place in the spec; the message names the limit."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class Work:
    """The rest of each limit, for a spec and all of its models; all limits are multiplied by `patience`."""

    def __init__(self, patience: float = 1.0) -> None:
        self._patience, self._timer, self._end = patience, Timer(), math.inf
        self.names = 0
        self.selecting = Allowance(patience * SECONDS, self._timer)
        self.judging = Allowance(patience * JUDGING_SECONDS, self._timer, JUDGING_SECONDS_EACH)
        self._overall, self._judged = patience * OVERALL_SECONDS, 0.0
        self._searches, self._kept, self._listed = patience * SEARCHES, patience * KEPT, patience * LISTED

    def allow_for(self, names: int) -> None:
        """Raise the limits for a model with this many names."""
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
        """Enforce the time limits on the body: by a timer or, if there is none, at the next count."""
        self._end = processor_time() + self._overall
        try:
            with self._timer.watch(self._overall):
                yield
        finally:
            self._overall, self._end = self._end - processor_time(), math.inf

    def count_searches(self, texts: int, path: Path) -> None:
        """Count searches of texts by the regex at a path; TooMuchError if these are too many."""
        self._searches -= texts
        self._refuse_overdue()
        if self._searches < 0:
            most = self._more_than(SEARCHES, SEARCHES_A_NAME)
            raise TooMuchError(path, f"the regexes up to this one need {most} searches")

    def keep(self, entries: int, path: Path) -> None:
        """Count what is kept for the rule or regex at a path; TooMuchError if it is too much."""
        self._kept -= entries
        self._refuse_overdue()
        if self._kept < 0:
            raise TooMuchError(path, f"together the rules select and set {self._more_than(KEPT, KEPT_A_NAME)} times")

    def affords(self, units: int) -> bool:
        """Return whether there are this many units left for judging; if so, they are spent."""
        self._refuse_overdue()
        if units > self._judged:
            return False
        self._judged -= units
        return True

    def lists(self, names: tuple[str, ...]) -> bool:
        """Return whether a finding may still list all of these names."""
        self._listed -= sum(map(len, names))
        return self._listed >= 0

    def _refuse_overdue(self) -> None:
        if processor_time() >= self._end:
            raise OverdueError

    def _more_than(self, most: int, a_name: int) -> str:
        return f"more than {int(self._patience * (most + a_name * self.names)):,}"
