"""Times things in turn, and compares them."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Task = Callable[[], object]


@dataclass(frozen=True)
class Effort:
    """How much is measured: how often a thing is timed, and whether in the small sizes that a test has time for.

    A thing that has had `seconds`, the collecting of garbage included, is timed no more, once it has been timed `least`
    times. Before that it is run `unmeasured` times.
    """

    most: int = 30
    least: int = 3
    seconds: float = 6
    unmeasured: int = 1
    quick: bool = False


FULL, QUICK = Effort(), Effort(most=1, least=1, unmeasured=0, quick=True)


@dataclass(frozen=True)
class Times:
    """The seconds that each thing took, round by round."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """The median of what a thing took, in seconds."""
        return median(self.seconds[name])

    def ratio(self, name: str, beside: str) -> float:
        """The median, over the rounds that have both, of how many times as long the one took."""
        pairs = zip(self.seconds[name], self.seconds[beside], strict=False)
        return median(own / other for own, other in pairs)


def in_turn(tasks: Mapping[str, Task], effort: Effort) -> Times:
    """Time every task, round after round, with the garbage collected before each."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    spent = dict.fromkeys(tasks, 0.0)
    for done in range(effort.unmeasured + effort.most):
        for name, task in tasks.items():
            if done < effort.unmeasured + effort.least or spent[name] < effort.seconds:
                start = time.perf_counter()
                taken[name].append(_seconds(task))
                spent[name] += time.perf_counter() - start
    return Times({name: seconds[effort.unmeasured :] for name, seconds in taken.items()})


def _seconds(task: Task) -> float:
    gc.collect()
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def tell(progress: str) -> None:
    """Say on standard error what is being measured."""
    print(progress, file=sys.stderr, flush=True)
